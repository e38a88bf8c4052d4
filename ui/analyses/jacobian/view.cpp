// Softmax gradient to the eye: the numbers of the selected head and of the selected run, the status line and the
// panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/jacobian/experiment_panels.h"
#include "ui/analyses/jacobian/panels.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

/// The training is looked at, or all there is.
bool shows_training(const ChromeContext& context) {
    const bool has_heads = context.state.model() || context.state.captures();
    return !has_heads || jacobian::is_experiment_panel(context.state.view.outlined_panel);
}

void metric_row(const ThemeColours& theme, jacobian::Metric metric, double value, jacobian::Metric chosen) {
    value_row(theme, choice_name(metric), number_or_dash(value, 5), jacobian::metric_label(metric),
              metric == chosen ? &theme.accent : nullptr);
}

std::string state_text(const jacobian::TrainingRun& run) {
    if (run.state != TrainingStage::diverged) return training_stage_name(run.state);
    return "diverged at " + std::to_string(run.diverged_at);
}

void training_values(ChromeContext& context) {
    const JacobianTraining& training = context.services.training();
    const auto asked = training.experiment();
    const jacobian::ExperimentView view = training.view();
    const jacobian::TrainingRun* const run = asked.result ? jacobian::selected_run(view, *asked.result) : nullptr;
    const ThemeColours& theme = context.theme;
    if (!run || !begin_values("training")) return;
    value_row(theme, "run", jacobian::combination_name(run->combination), "Method and softmax gradient");
    value_row(theme, "state", state_text(*run));
    if (const auto* const measured = jacobian::shown_measurement(view, *run)) {
        const auto step = static_cast<std::size_t>(measured->step);
        value_row(theme, "measured at", std::to_string(step) + " of " + std::to_string(run->steps),
                  "The newest measurement at or before the step that is looked at");
        if (step < run->loss.size())
            value_row(theme, "loss", number_or_dash(run->loss[step], 5), "Of the step's windows, nats");
        value_row(theme, "validation", number_or_dash(measured->val_loss, 5),
                  "Loss on the tenth that is not trained on, nats");
        for (const jacobian::Metric metric : jacobian::metrics)
            metric_row(theme, metric, measured->mean(metric), view.metric);
        if (const std::size_t left_out = measured->undefined())
            value_row(theme, "no gradient", grouped(left_out),
                      "Windows without a gradient of a head's scores, summed over heads: cosines leave them out");
    }
    ImGui::EndTable();
}

void jacobian_values(ChromeContext& context) {
    if (shows_training(context)) return training_values(context);
    JacobianSlots& slots = context.services.jacobian();
    const jacobian::View view = slots.view();
    const auto asked = slots.result();
    const ThemeColours& theme = context.theme;
    if (!begin_values("state")) return;
    value_row(theme, "layer, head", std::to_string(view.layer) + ", " + std::to_string(view.head));
    value_row(theme, "sequence, row", std::to_string(view.sequence) + ", " + std::to_string(view.row));
    if (asked.result) {
        value_row(theme, "sequences",
                  std::to_string(asked.result->sequences) + " of " + std::to_string(asked.result->length));
        if (std::isfinite(asked.result->loss))
            value_row(theme, "loss", number_or_dash(asked.result->loss, 5), "Mean over all predictions, nats");
        if (const auto* const head = jacobian::selected_head(view, asked.result->heads)) {
            for (const jacobian::Metric metric : jacobian::metrics)
                metric_row(theme, metric, head->value(metric), view.metric);
            if (const std::size_t left_out = std::max(head->undefined, head->undefined_unmasked))
                value_row(theme, "no gradient", grouped(left_out) + " of " + grouped(head->sequences),
                          "Sequences without a gradient of this head's scores: its cosines leave them out");
        }
    }
    ImGui::EndTable();
    if (slots.captures()) return;
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    if (ImGui::Button("Look at this head in Attention", {-FLT_MIN, 0}))
        context.emit("view.workspace", {{"workspace", std::string("attention")}});
}

void jacobian_warnings(ChromeContext& context) {
    if (shows_training(context)) return;
    JacobianSlots& slots = context.services.jacobian();
    const auto asked = slots.result();
    if (!asked.result) return;
    rule();
    warning_line(
        "r_offdiag = 1 − r_diag is no share of energy: the cross term has a sign. The three energies add up to 1.",
        context.theme);
    const auto* const head = jacobian::selected_head(slots.view(), asked.result->heads);
    if (head && head->floored > 0)
        warning_line(
            "Gradients of this head are so small that its cosines are divided by 1e-8 rather than by the product of "
            "norms: they say less than the angle would.",
            context.theme);
    if (slots.sequences() < 4 && !slots.captures())
        warning_line("Few sequences: choose a longer text for means over more of them.", context.theme);
}

bool jacobian_ready(const ChromeContext& context) {
    return context.state.model() || context.state.captures() || context.services.training().experiment().result;
}

void jacobian_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const JacobianSlots& slots = context.services.jacobian();
    const auto trained = context.services.training().experiment().result;
    if (trained)
        status_part(grouped(trained->finished()) + " of " + grouped(trained->runs.size()) + " runs trained", muted,
                    "Of the experiment: every method with every softmax gradient that is ticked");
    if (slots.layers() == 0) {
        if (!trained) status_part("No model is open", muted);
        return;
    }
    if (slots.seconds() > 0)
        status_part("all heads in " + duration_text(slots.seconds()), muted,
                    slots.captures() ? "Read and summed" : "Forward pass and gradients together");
    status_part(grouped(slots.sequences()) + (slots.sequences() == 1 ? " sequence of " : " sequences of ") +
                    grouped(slots.length()),
                muted);
    status_part("float32 · sums float64", muted);
    status_part("exact", muted, "Nothing is sampled. Panels that sample say so.");
}

const char* jacobian_hint(const AppState& state) {
    if (state.timeline() == Timeline::step)
        return "drag in the curves · K plays the training · Ctrl+P finds every command";
    return "click a head · K plays the rows · Ctrl+P finds every command";
}

std::vector<std::unique_ptr<Panel>> jacobian_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<JacobianMapPanel>());
    panels.push_back(std::make_unique<JacobianBarsPanel>());
    panels.push_back(std::make_unique<JacobianEnergyPanel>());
    panels.push_back(std::make_unique<JacobianRowPanel>());
    panels.push_back(std::make_unique<JacobianMapsPanel>());
    panels.push_back(std::make_unique<JacobianTrainingPanel>());
    panels.push_back(std::make_unique<JacobianGridPanel>());
    panels.push_back(std::make_unique<JacobianTrainedPanel>());
    return panels;
}

} // namespace

AnalysisView jacobian_view() {
    return {.panels = jacobian_panels,
            .transport = draw_jacobian_transport,
            .status = jacobian_status,
            .hint = jacobian_hint,
            .is_ready = jacobian_ready,
            .awaited = "The numbers of a head appear here once a model is open or one is trained.",
            .values = jacobian_values,
            .details = nullptr,
            .warnings = jacobian_warnings};
}

} // namespace attnscope::ui
