// Work in a process of its own: for calls into libraries that do not stop halfway.
#pragma once

#include <attnscope/job.h>

#include <cstddef>
#include <functional>
#include <span>

namespace attnscope::compute {

/// Memory that this process and the children it starts later see alike; zeros at first. Throws std::bad_alloc.
class SharedNumbers {
public:
    explicit SharedNumbers(std::size_t count);
    ~SharedNumbers();
    SharedNumbers(const SharedNumbers&) = delete;
    SharedNumbers& operator=(const SharedNumbers&) = delete;
    std::span<double> values() const noexcept { return {data_, count_}; }

private:
    double* data_ = nullptr;
    std::size_t count_;
};

/// Runs `work` in a child process and waits for it. The child starts with a copy of all memory; what it leaves in
/// SharedNumbers is there afterwards, nothing else is. A cancel ends the child at once and throws Cancelled, and the
/// child does not outlive this process. False where no child could be started, `work` threw in it, or it stopped
/// computing (a lock that another thread held when it was started): then the caller does the work itself.
bool run_in_child(const std::function<void()>& work, JobContext& context);

} // namespace attnscope::compute
