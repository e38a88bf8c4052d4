// Alignment to the eye: the numbers of the selected layer against the anchor, the verdict, the status line and the
// panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/alignment/panels.h"

namespace attnscope::ui {

namespace {

std::string verdict_text(double cos, alignment::Label label) {
    return label == alignment::Label::none ? "–" : number_or_dash(cos, 3) + "  " + alignment::label_name(label);
}

void alignment_values(ChromeContext& context) {
    AlignmentSlots& slots = context.services.alignment();
    const auto tables = slots.tables();
    const auto profile = slots.profile();
    if (!begin_values("state")) return;
    const ThemeColours& theme = context.theme;
    if (tables.result && profile) {
        const alignment::Operators& operators = *tables.result->operators;
        const alignment::View view = slots.view();
        const alignment::LayerProfile& row = profile->to_anchor[static_cast<std::size_t>(view.layer)];
        value_row(theme, "operators", operators.kind == alignment::Operator::qk ? "QK" : "OV",
                  operators.norm_gain ? "With the gain of the norm before attention" : "Raw projection weights");
        value_row(theme, "layers × heads", std::to_string(operators.layers) + " × " + std::to_string(operators.heads));
        value_row(theme, "head", view.head < 0 ? "mean" : std::to_string(view.head));
        value_row(theme, "layer, anchor", std::to_string(view.layer) + ", " + std::to_string(profile->anchor));
        value_row(theme, "cos", number_or_dash(row.cos), "Cosine of the operators");
        value_row(theme, "chance", "± " + number_or_dash(tables.result->chance.cos.high),
                  "95 % of the mean over heads of random operators");
        value_row(theme, "t_opt", number_or_dash(row.t_opt),
                  "The multiple of the anchor's operator nearest to the layer's");
        value_row(theme, "residual", number_or_dash(row.resid), "√(1 − cos²)");
        value_row(theme, "positive", number_or_dash(row.frac_positive),
                  "Share of positive eigenvalues: ½ by Sylvester's law wherever the weights have full rank");
        value_row(theme, "angles", number_or_dash(row.mean_cos_pa), "Mean cosine of the principal angles");
        value_row(theme, "largest angle", number_or_dash(row.min_cos_pa), "Its cosine");
        value_row(theme, "top-1 overlap", number_or_dash(row.top1_overlap), "⟨first direction, the anchor's⟩²");
        value_row(theme, "with anchor", verdict_text(profile->verdict.mean_cos, profile->verdict.label));
        value_row(theme, "without",
                  verdict_text(profile->verdict.mean_cos_excluding_anchor, profile->verdict.label_excluding_anchor));
    }
    ImGui::EndTable();
}

void alignment_warnings(ChromeContext& context) {
    AlignmentSlots& slots = context.services.alignment();
    const auto tables = slots.tables();
    if (!tables.result) return;
    const alignment::Operators& operators = *tables.result->operators;
    rule();
    if (operators.kind == alignment::Operator::qk)
        warning_line("Weights alone: rotary positions and norms of queries and keys are ignored.", context.theme);
    warning_line("Heads are compared by their index. The verdict with the anchor has a floor of 1/L = " +
                     readable_number(1.0 / operators.layers, 2) + ".",
                 context.theme);
    if (!operators.has_directions())
        warning_line("There are no eigendirections: angles, overlaps, signs and spectra are missing.", context.theme);
}

bool alignment_ready(const ChromeContext& context) {
    return context.services.alignment().has_source();
}

void alignment_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    AlignmentSlots& slots = context.services.alignment();
    if (!slots.has_source()) return status_part("No model and no grams are open", muted);
    const auto tables = slots.tables();
    if (slots.seconds() > 0) status_part("compared in " + duration_text(slots.seconds()), muted);
    if (tables.result) {
        const alignment::Operators& operators = *tables.result->operators;
        status_part(std::to_string(operators.layers) + " layers × " + std::to_string(operators.heads) + " heads · " +
                        std::to_string(operators.hidden) + " × " + std::to_string(operators.hidden) + " of rank " +
                        std::to_string(operators.head_dim),
                    muted);
    }
    status_part("grams float32 in float64 sums · spectra float64 · exact", muted,
                "Nothing is sampled but the bands of chance");
}

const char* alignment_hint(const AppState&) {
    return "drag across the profile to move the anchor · click a cell · K plays the anchor";
}

} // namespace

AnalysisView alignment_view() {
    return {.panels = make_alignment_panels,
            .transport = draw_alignment_transport,
            .status = alignment_status,
            .hint = alignment_hint,
            .is_ready = alignment_ready,
            .awaited = "The numbers of a layer appear here once a model or a file of grams is open.",
            .values = alignment_values,
            .details = nullptr,
            .warnings = alignment_warnings};
}

} // namespace attnscope::ui
