// The pictures of the softmax-gradient experiment as Figures, made from what is trained so far; shared by the window
// and the command line.
#pragma once

#include <attnscope/figure.h>
#include <attnscope/jacobian_experiment.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::jacobian {

/// What is selected when a figure is drawn.
struct ExperimentView {
    Metric metric = Metric::r_diag;
    Combination shown; ///< the bold run; the first where there is none of it
    int step = -1;     ///< −1 = the last one measured
    bool operator==(const ExperimentView&) const = default;
};
/// The selected run, else the first. Null without any.
const TrainingRun* selected_run(const ExperimentView& view, const Experiment& experiment);
/// The newest measurement at or before the step of the view; null before the first.
const ExperimentMeasurement* shown_measurement(const ExperimentView& view, const TrainingRun& run);

/// Panel ids in the order of the View menu, each with one function below: jacobian.training grid trained.
const std::vector<std::string>& experiment_panel_ids();
const char* experiment_panel_title(std::string_view panel_id);
bool is_experiment_panel(std::string_view panel_id);

/// Loss of every step, loss on the rest of the text, and the metric's mean over heads, a curve a run: a colour a
/// method, broken for softmax gradients other than the full one. Thin in the last: each head of the selected run.
Figure training_figure(const ExperimentView& view, const Experiment& experiment);
/// Method × softmax gradient: loss on the rest of the text at the step.
Figure grid_figure(const ExperimentView& view, const Experiment& experiment);
/// Layers × heads of the selected run at the step: the metric.
Figure trained_figure(const ExperimentView& view, const Experiment& experiment);
Figure experiment_figure(const ExperimentView& view, const std::string& panel, const Experiment& experiment);

} // namespace attnscope::jacobian
