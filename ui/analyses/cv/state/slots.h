// The slots of the CV bands workspace, shared by its panels: the matrices of the model, those of its activations, and
// the experiment. What nobody asks for is not computed.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"
#include "state/runs.h"
#include "ui/analyses/attention/state/slots.h"

#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class CvSlots {
public:
    /// `experiment` outlives the slots; those of the pinned view share that of the window.
    CvSlots(JobSystem& jobs, ExperimentRun& experiment);
    ~CvSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn. `read` is the chosen text as the
    /// model reads it, null while there is none.
    void begin_frame(const AppState& state, ReadTextPtr read);

    ModelPtr model() const;
    /// What is selected, as figures take it.
    cv::View view() const;
    /// Weights, then activations, as far as they are measured.
    Asked<std::vector<cv::Matrix>> matrices();
    /// Whether the activations are still to come.
    bool waits_for_text() const;

    ExperimentRun& run() { return experiment_; }
    const ExperimentRun& run() const { return experiment_; }
    Asked<cv::Experiment> experiment() const;
    /// The last epoch that any configuration has reached.
    int last_epoch() const;

    bool settled() const;
    double seconds() const; ///< what measuring took: weights and activations; 0 before

    /// What a figure of a panel is made from, as the command line takes it. None without a model.
    std::optional<CvJob> job(const AppState& state) const;
    CvExperimentJob experiment_job() const;

private:
    struct Impl;
    ExperimentRun& experiment_;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
