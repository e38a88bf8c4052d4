// Waiting in tests without relying on the machine's speed: on latches and conditions, with limits only a hang reaches.
#pragma once

#include <attnscope/job.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace attnscope::test {

inline constexpr std::chrono::seconds hang_limit{60};

/// Polls until `reached()`; false when it never came true.
template <class Predicate>
bool wait_until(const Predicate& reached) {
    const auto end = std::chrono::steady_clock::now() + hang_limit;
    while (!reached()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
}

/// Closed until opened; whoever comes is counted.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    /// False when it stayed closed.
    bool pass() {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        return changed_.wait_for(lock, hang_limit, [&] { return open_; });
    }
    /// As a computation waits: a cancel throws Cancelled.
    void pass(const JobContext& context) {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        while (!open_) {
            context.checkpoint();
            changed_.wait_for(lock, std::chrono::milliseconds(1));
        }
    }
    /// Waits until `count` have come to the gate.
    bool wait_arrived(int count = 1) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, hang_limit, [&] { return arrived_ >= count; });
    }
    /// Comes to the gate and opens it when it is the last of `count`; false when the others stayed away.
    bool meet(int count) {
        std::unique_lock lock(mutex_);
        if (++arrived_ == count) open_ = true;
        changed_.notify_all();
        return changed_.wait_for(lock, hang_limit, [&] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int arrived_ = 0;
};

} // namespace attnscope::test
