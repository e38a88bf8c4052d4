// Residual sweeps in the window: one at a time, stopped at will, and what earlier ones left. A sweep over other ranks,
// or one that was stopped, goes on from what is there.
#pragma once

#include "state/open_sources.h"

#include <attnscope/residual.h>
#include <attnscope/slot.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace attnscope::ui {

/// All members are called from the window's thread.
class ResidualRun {
public:
    /// Asked in every frame: the same one while it does not change.
    using RequestPtr = std::shared_ptr<const residual::Request>;

    explicit ResidualRun(JobSystem& jobs);
    ~ResidualRun(); ///< stops; does not wait

    /// States what the window wants now: runs it unless it is finished, running, stopped or failed. A run of another
    /// request is stopped once it is wanted by nobody any more. `origin` is that of its tokens.
    void want(const RequestPtr& request, const TextOrigin& origin = {});
    /// The same of the pinned view, whose turn comes when nothing else is to be done.
    void want_pinned(const RequestPtr& request, const TextOrigin& origin = {});
    /// Stops the run and does not begin it again by itself; finished ranks stay.
    void stop();
    /// Runs what is wanted even if it was stopped or failed.
    void go_on();
    bool running(const RequestPtr& request) const;
    /// It was stopped before its end.
    bool stopped(const RequestPtr& request) const;

    /// The newest snapshot or the result of a request; null when it was never run.
    residual::ResultPtr result(const RequestPtr& request) const;
    std::optional<Error> error(const RequestPtr& request) const;
    Progress progress() const;
    bool busy() const;
    std::uint64_t generation() const; ///< grows whenever a result changes
    /// Lets the run go that nothing in sight shows; finished ranks stay, and it goes on from there when it is wanted
    /// again.
    void give_up();
    /// Results of requests whose model or text was closed.
    void forget(const std::function<bool(const residual::Request&, const TextOrigin&)>& closed);

private:
    struct Shared;
    void serve(const RequestPtr& request, const TextOrigin& origin);
    void start(const RequestPtr& request, const TextOrigin& origin);
    void cancel_job();

    JobSystem& jobs_;
    std::shared_ptr<Shared> shared_;
};

} // namespace attnscope::ui
