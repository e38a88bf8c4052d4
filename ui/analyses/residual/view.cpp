// Low-rank ε to the eye: the numbers of the cursor's rank and of the selected head, the status line and the panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/residual/panels.h"
#include "ui/analyses/residual/text_panel.h"

#include <cmath>

namespace attnscope::ui {

namespace {

void loss_rows(ChromeContext& context, const residual::View& view, const residual::Result& result) {
    const ThemeColours& theme = context.theme;
    value_row(theme, "PPL", number_or_dash(result.baseline.ppl, 5), "exp of the mean loss over the evaluated blocks");
    value_row(theme, "A: top-1", number_or_dash(result.top1.ppl, 5), "Every chosen head gives V* alone");
    if (const residual::CurvePoint* const point = residual::selected_point(view, result)) {
        value_row(theme, "rank", std::to_string(point->rank) + " of " + std::to_string(result.head_dim));
        value_row(theme, "PPL at it", number_or_dash(point->loss.ppl, 5), "Perplexity at this rank");
        value_row(theme, "ΔPPL", number_or_dash(point->loss.delta_ppl, 5), "Over the model's own");
        value_row(theme, "recovered", number_or_dash(point->recovered_ppl, 4) + " %",
                  "Of what top-1 costs in perplexity");
        value_row(theme, "in nats", number_or_dash(point->recovered_nll, 4) + " %", "The same of the loss");
    }
    if (result.finished()) {
        // Apart where there are two things to say: one long value would leave every name too little room.
        const residual::Verdict verdict = residual::verdict(result);
        const bool best = verdict.label == residual::Verdict::Label::partial && verdict.rank >= 0;
        value_row(theme, "verdict", best ? "PARTIAL" : verdict.text(), "The smallest rank with 90 %");
        if (best) value_row(theme, "best rank", std::to_string(verdict.rank), "Where the most is recovered");
    }
    if (std::isfinite(result.effective_dim_mean))
        value_row(theme, "mean r90", number_or_dash(result.effective_dim_mean, 4), "Over the replaced heads");
    value_row(theme, "blocks",
              grouped(static_cast<std::size_t>(result.plan.blocks)) + " + " +
                  grouped(static_cast<std::size_t>(result.plan.leaks ? 0 : result.plan.calibration_blocks)),
              "Evaluated, and held out to fit directions on");
}

void head_rows(ChromeContext& context, const residual::HeadSpectrum& spectrum) {
    const ThemeColours& theme = context.theme;
    value_row(theme, "head", "layer " + std::to_string(spectrum.layer) + ", head " + std::to_string(spectrum.head));
    value_row(theme, "r90", spectrum.r90 > 0 ? std::to_string(spectrum.r90) : "–",
              "Smallest rank with 90 % of the variance");
    double sum = 0, squares = 0;
    for (const double variance : spectrum.variance) {
        sum += variance;
        squares += variance * variance;
    }
    value_row(theme, "eff. dim.", squares > 0 ? number_or_dash(sum * sum / squares, 4) : "–",
              "Participation ratio (Σλ)²/Σλ²");
    value_row(theme, "variance", number_or_dash(sum, 4), "Mean ‖ε‖² over the calibration tokens");
    if (std::isfinite(spectrum.two_nn))
        value_row(theme, "TwoNN", number_or_dash(spectrum.two_nn, 4),
                  ("Intrinsic dimension of the set of residuals, from " +
                   grouped(static_cast<std::size_t>(spectrum.two_nn_points)) + " different ones")
                      .c_str());
}

void residual_values(ChromeContext& context) {
    ResidualSlots& slots = context.services.residual();
    const residual::View view = slots.view();
    const auto result = slots.shown_result();
    const auto spectra = slots.shown_spectra();
    if (!begin_values("state")) return;
    if (result) loss_rows(context, view, *result);
    const auto* head = spectra ? residual::selected_spectrum(view, spectra->heads_found) : nullptr;
    if (!head && result) head = residual::selected_spectrum(view, result->spectrum);
    if (head) head_rows(context, *head);
    if (const auto plan = slots.plan())
        value_row(context.theme, "memory", "at most " + megabytes(plan->peak_bytes),
                  plan->prefix_on_disk
                      ? "Beside the weights; activations beyond the budget lie in a temporary file"
                      : "Beside the weights: activations in front of the first layer, and what is computed");
    ImGui::EndTable();
    if (!slots.model()) return;
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    if (ImGui::Button("Look at this head in Attention", {-FLT_MIN, 0}))
        context.emit("view.workspace", {{"workspace", std::string("attention")}});
}

void residual_warnings(ChromeContext& context) {
    ResidualSlots& slots = context.services.residual();
    const auto plan = slots.plan();
    if (!plan) return;
    rule();
    if (plan->leaks)
        warning_line("The basis is fitted on text that is evaluated: the curve is too good by what leaks.",
                     context.theme);
    const residual::Parameters& asked = context.state.view.residual.parameters;
    if (plan->blocks < asked.blocks)
        warning_line("The text has " + std::to_string(plan->blocks) + " blocks to evaluate, not " +
                         std::to_string(asked.blocks) + ".",
                     context.theme);
    if (plan->blocks < 30)
        warning_line("Few blocks: perplexities of " + std::to_string(plan->blocks * asked.seq_len) +
                         " tokens tell small differences apart poorly.",
                     context.theme);
    const auto result = slots.shown_result();
    if (result && std::isfinite(result->top1.nll) && !residual::top1_hurts(result->baseline, result->top1))
        warning_line("Top-1 does not hurt here: nothing is there to be recovered.", context.theme);
}

bool residual_ready(const ChromeContext& context) {
    return context.state.model() != nullptr;
}

void residual_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const ResidualSlots& slots = context.services.residual();
    if (!slots.model()) return status_part("No model is open", muted);
    const auto result = slots.shown_result();
    if (result && result->seconds > 0)
        status_part((result->finished() ? "swept in " : "") + duration_text(result->seconds), muted,
                    "Prefix and baseline, basis, A, B and the ranks");
    status_part("float32 · basis and losses float64", muted);
    if (const auto plan = slots.plan()) {
        const std::size_t tokens =
            static_cast<std::size_t>(plan->blocks * context.state.view.residual.parameters.seq_len);
        status_part(grouped(tokens) + " tokens evaluated, exact", muted, "Every token of the evaluated blocks counts");
    }
}

const char* residual_hint(const AppState&) {
    return "drag the rank · switch heads on the map · K plays the ranks · Ctrl+P finds every command";
}

std::vector<std::unique_ptr<Panel>> residual_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<ResidualCurvePanel>());
    panels.push_back(std::make_unique<ResidualMapPanel>());
    panels.push_back(std::make_unique<ResidualVariancePanel>());
    panels.push_back(std::make_unique<ResidualTextPanel>());
    panels.push_back(std::make_unique<ResidualSpectrumPanel>());
    return panels;
}

} // namespace

AnalysisView residual_view() {
    return {.panels = residual_panels,
            .transport = draw_residual_transport,
            .status = residual_status,
            .hint = residual_hint,
            .is_ready = residual_ready,
            .awaited = "The numbers of a rank and a head appear here once a model is open.",
            .values = residual_values,
            .details = nullptr,
            .warnings = residual_warnings};
}

} // namespace attnscope::ui
