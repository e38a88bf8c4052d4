// Long computations in the window: sweeps and trainings. One of a kind runs at a time, shows what it has so far, is
// stopped at will, and goes on from what it or an earlier one left.
#pragma once

#include "state/open_sources.h"

#include <attnscope/slot.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace attnscope::cv {
struct ExperimentRequest;
struct Experiment;
} // namespace attnscope::cv
namespace attnscope::jacobian {
struct ExperimentRequest;
struct Experiment;
} // namespace attnscope::jacobian
namespace attnscope::residual {
struct Request;
struct Result;
} // namespace attnscope::residual

namespace attnscope::ui {

/// Requests are compared without their `from`, which is what they go on from. All members are called from the window's
/// thread.
template <class Request, class Result>
class Runs {
public:
    using RequestPtr = std::shared_ptr<const Request>; ///< asked in every frame: the same one while it does not change
    using ResultPtr = std::shared_ptr<const Result>;

    explicit Runs(JobSystem& jobs);
    ~Runs(); ///< stops; does not wait
    Runs(const Runs&) = delete;
    Runs& operator=(const Runs&) = delete;

    /// States what the window wants now: runs it unless it is finished, running, stopped or failed. A run of another
    /// request is stopped. `origin` is that of its text.
    void want(const RequestPtr& request, const TextOrigin& origin = {});
    /// The same of the pinned view, whose turn comes when nothing else is to be done.
    void want_pinned(const RequestPtr& request, const TextOrigin& origin = {});
    /// Runs it even if it was stopped or failed, without stating it again in every frame.
    void start(const Request& request);
    /// Stops the run and does not begin it again by itself; what there is stays.
    void stop();
    /// Runs what is wanted even if it was stopped or failed.
    void go_on();
    bool running() const;
    bool running(const RequestPtr& request) const;
    bool stopped(const RequestPtr& request) const; ///< before its end
    bool has_runs() const;                         ///< one is running, or results of earlier ones are kept

    /// The newest snapshot or the result of a request; null when it was never run.
    ResultPtr result(const RequestPtr& request) const;
    ResultPtr result(const Request& request) const;
    /// Puts in what an earlier session of the program computed.
    void keep(const Request& request, ResultPtr result);
    std::optional<Error> error(const RequestPtr& request) const;
    std::optional<Error> error(const Request& request) const;
    Progress progress() const;
    std::uint64_t generation() const; ///< grows whenever a result changes
    /// Lets the run go that nothing in sight shows; it goes on when it is wanted again.
    void give_up();
    /// Results of requests whose model or text was closed.
    void forget(const std::function<bool(const Request&, const TextOrigin&)>& closed);

private:
    struct Shared;
    void serve(const RequestPtr& request, const TextOrigin& origin);
    void begin(const RequestPtr& request, const TextOrigin& origin);
    void cancel_job();

    JobSystem& jobs_;
    std::shared_ptr<Shared> shared_;
};

using ResidualRun = Runs<residual::Request, residual::Result>;
using ExperimentRun = Runs<cv::ExperimentRequest, cv::Experiment>;
using JacobianExperimentRun = Runs<jacobian::ExperimentRequest, jacobian::Experiment>;
extern template class Runs<residual::Request, residual::Result>;
extern template class Runs<cv::ExperimentRequest, cv::Experiment>;
extern template class Runs<jacobian::ExperimentRequest, jacobian::Experiment>;

} // namespace attnscope::ui
