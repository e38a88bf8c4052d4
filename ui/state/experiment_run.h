// The CV experiment in the window: one run at a time, paused and taken up again, and what earlier runs left.
#pragma once

#include <attnscope/cv_experiment.h>
#include <attnscope/slot.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace attnscope::ui {

/// All members are called from the window's thread.
class ExperimentRun {
public:
    explicit ExperimentRun(JobSystem& jobs);
    ~ExperimentRun();  ///< stops; does not wait

    /// Trains, from where an earlier run of an equal request was left. A run of another request is paused.
    void start(const cv::ExperimentRequest& request);
    /// Stops the run within a tenth of a second; start() goes on from its last update.
    void pause();
    bool running() const;

    /// The newest snapshot or the result of a request; null when it was never run.
    cv::ExperimentPtr result(const cv::ExperimentRequest& request) const;
    /// Puts in what an earlier session of the program computed.
    void keep(const cv::ExperimentRequest& request, cv::ExperimentPtr experiment);
    /// Of the last run, if it failed.
    std::optional<Error> error() const;
    Progress progress() const;
    std::uint64_t generation() const;  ///< grows whenever a result changes

private:
    struct Shared;
    JobSystem& jobs_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace attnscope::ui
