// Retrieval to the eye: the numbers of a state, the memory that is looked at, the status line and the panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/retrieval/entropy_panel.h"
#include "ui/analyses/retrieval/hysteresis_panel.h"
#include "ui/analyses/retrieval/letters_panel.h"
#include "ui/analyses/retrieval/modes_panel.h"
#include "ui/analyses/retrieval/origin_panel.h"
#include "ui/analyses/retrieval/plane_panel.h"
#include "ui/analyses/retrieval/separation_panel.h"
#include "ui/analyses/retrieval/spectrum_panel.h"
#include "ui/analyses/retrieval/trajectories_panel.h"
#include "ui/analyses/retrieval/weights_panel.h"
#include "widgets/memory_text.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

using retrieval::Mode;

void retrieval_values(ChromeContext& context) {
    RetrievalSlots& slots = context.services.retrieval();
    const ThemeColours& theme = context.theme;
    const auto spectrum = slots.spectrum();
    const auto traced = slots.trace();
    const auto view = slots.view();
    if (traced.error) {
        paragraph(traced.error->what(), theme.error);
        return;
    }
    if (!begin_values("state")) return;
    if (traced.result && !traced.result->traces.empty() && !traced.result->traces.front().steps.empty()) {
        const auto& trace = traced.result->traces.front();
        const auto at =
            std::clamp<std::size_t>(static_cast<std::size_t>(std::max(0, view.step)), 0, trace.steps.size() - 1);
        const auto& step = trace.steps[at];
        value_row(theme, "step",
                  std::to_string(step.t) + (trace.converged && at + 1 == trace.steps.size() ? " converged" : ""));
        value_row(theme, "‖q‖", readable_number(step.norm), "Norm of the state");
        if (step.t > 0) {
            const double share = traced.result->entropy_max > 0 ? step.entropy / traced.result->entropy_max : 0;
            value_row(theme, "H / ln N", readable_number(share), "Entropy of the weights, 1 = uniform");
            value_row(theme, "exp H", readable_number(std::exp(step.entropy)), "Memories that share the weight");
            value_row(theme, "max α", readable_number(step.max_weight), "The largest weight");
            value_row(theme, "Δ", readable_number(step.delta), "Length of the step that led here");
            value_row(theme, "|cos v₁|", readable_number(step.cos_v1), "Alignment with the first principal direction");
            value_row(theme, "E", readable_number(step.energy, 5), "Energy of the state the step starts from");
        }
        value_row(theme, "‖q₁‖/‖q₀‖", readable_number(trace.norm_ratio), "What the first step does to the norm");
        value_row(theme, "overlap",
                  std::to_string(trace.overlap_initial) + " → " +
                      (trace.top5_final.empty() ? "–" : std::to_string(trace.overlap_final)) + " of 5",
                  "Of the five memories nearest to the raw query,\nhow many are among the five of the first and the "
                  "last step");
        value_row(theme, "type", retrieval::fixed_point_name(trace.fixed_point),
                  "Of the last state, by its effective support exp H");
    }
    if (spectrum.result) {
        value_row(theme, "λ_max", readable_number(spectrum.result->lambda_max), "Largest eigenvalue of the covariance");
        if (spectrum.result->beta_critical) {
            const double radius = view.beta * spectrum.result->lambda_max;
            value_row(theme, "β·λ_max", readable_number(radius), "Spectral radius of the map at the centroid");
            value_row(theme, "centroid", radius < 1 ? "stable" : "unstable", nullptr,
                      radius < 1 ? nullptr : &theme.critical);
        } else {
            value_row(theme, "β_c", "none", "All memories are equal");
        }
    }
    ImGui::EndTable();
}

void retrieval_details(ChromeContext& context) {
    const auto bank = context.state.bank();
    const auto memory = context.state.view.selection.memory;
    if (!bank || !memory || *memory >= bank->n) return;
    const ThemeColours& theme = context.theme;
    rule();
    styled_text("memory " + grouped(*memory), theme.muted_text, nullptr, 0.86f);
    paragraph(memory_label(*bank, *memory), theme.text, theme.fonts.bold);
    const auto gloss = memory_gloss(*bank, *memory);
    if (!gloss.empty()) paragraph(std::string(gloss), theme.muted_text);
    double squares = 0, product = 0;
    const auto& query = context.services.retrieval().query();
    const auto row = bank->row(*memory);
    for (std::size_t i = 0; i < row.size(); ++i) {
        squares += double(row[i]) * row[i];
        if (query.size() == row.size()) product += double(row[i]) * query[i];
    }
    if (begin_values("memory")) {
        value_row(theme, "‖m‖", readable_number(std::sqrt(squares)));
        if (!query.empty()) value_row(theme, "⟨m, q₀⟩", readable_number(product), "With the query, in the raw space");
        ImGui::EndTable();
    }
    if (ImGui::SmallButton("Use as query")) context.emit("query.memory", {{"row", std::int64_t{*memory}}});
    ImGui::SameLine();
    if (ImGui::SmallButton("Let go")) context.emit("selection.memory", {{"index", std::int64_t{-1}}});
}

void retrieval_warnings(ChromeContext& context) {
    std::vector<std::string> lines;
    const auto spectrum = context.services.retrieval().spectrum().result;
    const auto bank = context.state.bank();
    const auto view = context.services.retrieval().view();
    if (view.mode == Mode::hybrid)
        lines.push_back("hybrid is centered translated by μ: same weights, same entropy, same energy. It is no cure.");
    if (spectrum && spectrum->beta_critical)
        lines.push_back("β_c = 1/λ_max is where the centroid loses stability, not where single memories become "
                        "retrievable.");
    if (spectrum && !spectrum->beta_critical) lines.push_back("All memories are equal: there is no β_c.");
    if (lines.empty()) return;
    rule();
    for (const auto& line : lines) warning_line(line, context.theme);
    if (bank && !bank->assumption.empty()) paragraph(bank->assumption, context.theme.muted_text, nullptr, 0.92f);
}

bool retrieval_ready(const ChromeContext& context) {
    return context.state.bank() != nullptr;
}

void retrieval_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const auto bank = context.state.bank();
    if (!bank) return status_part("No bank is open", muted);
    const double seconds = context.services.retrieval().last_trace_seconds();
    if (seconds > 0)
        status_part("result " + duration_text(seconds), muted, "From asking to the result, for the newest step");
    status_part("float32 · sums float64", muted);
    status_part(grouped(bank->n) + " × " + grouped(bank->d), muted);
    status_part("exact", muted,
                "Every memory takes part in every step: nothing is sampled.\nPanels that sample say so.");
}

const char* retrieval_hint(const AppState&) {
    return "drag β · K plays the steps · Ctrl+P finds every command · F1 lists the keys";
}

std::vector<std::unique_ptr<Panel>> retrieval_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<RetrievalWeightsPanel>());
    panels.push_back(std::make_unique<RetrievalEntropyPanel>());
    panels.push_back(std::make_unique<RetrievalPlanePanel>());
    panels.push_back(std::make_unique<RetrievalTrajectoriesPanel>());
    panels.push_back(std::make_unique<RetrievalSpectrumPanel>());
    panels.push_back(std::make_unique<RetrievalOriginPanel>());
    panels.push_back(std::make_unique<RetrievalModesPanel>());
    panels.push_back(std::make_unique<RetrievalHysteresisPanel>());
    panels.push_back(std::make_unique<RetrievalSeparationPanel>());
    panels.push_back(std::make_unique<LettersPanel>());
    return panels;
}

} // namespace

AnalysisView retrieval_view() {
    return {.panels = retrieval_panels,
            .transport = draw_retrieval_transport,
            .status = retrieval_status,
            .hint = retrieval_hint,
            .is_ready = retrieval_ready,
            .awaited = "The numbers of the state appear here once a bank is open.",
            .values = retrieval_values,
            .details = retrieval_details,
            .warnings = retrieval_warnings};
}

} // namespace attnscope::ui
