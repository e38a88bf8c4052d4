// An experiment in the window: one run at a time, paused and taken up again, and what earlier runs left.
#pragma once

#include <attnscope/cv_experiment.h>
#include <attnscope/jacobian_experiment.h>
#include <attnscope/slot.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace attnscope::ui {

/// Of requests that are compared without their `from`, which is what they go on from. All members are called from the
/// window's thread.
template <class Request, class Experiment>
class ExperimentRunOf {
public:
    using ExperimentPtr = std::shared_ptr<const Experiment>;

    explicit ExperimentRunOf(JobSystem& jobs);
    ~ExperimentRunOf(); ///< stops; does not wait
    ExperimentRunOf(const ExperimentRunOf&) = delete;
    ExperimentRunOf& operator=(const ExperimentRunOf&) = delete;

    /// Trains, from where an earlier run of an equal request was left. A run of another request is paused.
    void start(const Request& request);
    /// Stops the run within a tenth of a second; start() goes on from its last update.
    void pause();
    bool running() const;
    bool has_runs() const; ///< one is running, or results of earlier ones are kept

    /// The newest snapshot or the result of a request; null when it was never run.
    ExperimentPtr result(const Request& request) const;
    /// Puts in what an earlier session of the program computed.
    void keep(const Request& request, ExperimentPtr experiment);
    /// Of the last run, if it failed.
    std::optional<Error> error() const;
    Progress progress() const;
    std::uint64_t generation() const; ///< grows whenever a result changes

private:
    struct Shared;
    JobSystem& jobs_;
    std::shared_ptr<Shared> shared_;
};

using ExperimentRun = ExperimentRunOf<cv::ExperimentRequest, cv::Experiment>;
using JacobianExperimentRun = ExperimentRunOf<jacobian::ExperimentRequest, jacobian::Experiment>;
extern template class ExperimentRunOf<cv::ExperimentRequest, cv::Experiment>;
extern template class ExperimentRunOf<jacobian::ExperimentRequest, jacobian::Experiment>;

} // namespace attnscope::ui
