// Ctrl+C and termination, turned into a cancel.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace attnscope::cli {

/// While one lives, the first SIGINT, SIGTERM or SIGHUP (unless that is ignored, as under nohup) cancels what runs
/// through `token()`. What has not ended when the patience is over (opening files, loading libraries) is ended there,
/// unless it is writing. A second signal kills at once. Made before any other thread, as those inherit that it alone
/// receives the signals.
class Interrupt {
public:
    struct Options {
        /// Given to a computation to reach a checkpoint and leave in order. What is finished is on disk by then, so
        /// that one that needs longer loses nothing by being ended: the whole may take 100 ms, and the system needs
        /// some to take a mapped bank and the threads down.
        std::chrono::milliseconds patience{10};
        std::function<void()> on_signal = {}; ///< called on a thread of its own, once
    };
    Interrupt() : Interrupt(Options{}) {}
    explicit Interrupt(Options options);
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    std::stop_token token() const { return stop_.get_token(); }

    /// Held while files are written: the process then ends at its checkpoints alone.
    std::unique_lock<std::mutex> writing() { return std::unique_lock(writing_); }

private:
    void watch();
    void finish_cancel();

    const Options options_;
    std::stop_source stop_;
    std::mutex writing_;
    std::atomic<bool> closing_{false};
    std::thread thread_;
};

/// Says that the command was cancelled, and ends the process with status 130 there and then: what it wrote is on disk,
/// and unmapping banks, freeing weights and taking LibTorch down would be felt. The first of several callers wins.
[[noreturn]] void end_cancelled();

} // namespace attnscope::cli
