// The softmax-gradient experiment in the window: the text it trains on, its run, and what is looked at. Shared by the
// panels of the experiment.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"
#include "state/runs.h"

#include <attnscope/jacobian_experiment_figures.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/slot.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace attnscope::ui {

class JacobianTraining {
public:
    /// `run` outlives this; that of the pinned view shares the window's.
    JacobianTraining(JobSystem& jobs, JacobianExperimentRun& run);
    ~JacobianTraining();

    /// Fixes what the other members answer for; once a frame before panels are drawn. The text is that of the prompt or
    /// set of prompts that is selected. It is read while the workspace is in sight; elsewhere what was read stays for
    /// the runs there are.
    void begin_frame(const AppState& state);

    JacobianExperimentRun& run() { return run_; }
    const JacobianExperimentRun& run() const { return run_; }
    /// What the experiment is asked; its text is null while none is selected or it is still read.
    const jacobian::ExperimentRequest& request() const;
    /// Of reading the text, or that it cannot be trained on.
    std::optional<Error> text_error() const;
    bool reads_text() const;
    Asked<jacobian::Experiment> experiment() const;
    int last_step() const; ///< that any run has reached
    jacobian::ExperimentView view() const;
    /// As the command line takes it. None before the text is read.
    std::optional<JacobianExperimentJob> job() const;
    bool settled() const;

    /// Starts or goes on, once the text is read where it still is; nothing starts if the workspace is left before.
    /// Throws Error{usage} without a text, Error{input} for one that cannot be trained on.
    void start();
    /// Takes in a run that was opened from a file.
    void keep(const JacobianExperimentJob& job, jacobian::ExperimentPtr experiment);

private:
    struct Impl;
    JacobianExperimentRun& run_;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
