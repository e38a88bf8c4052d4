// Ctrl+C and termination, turned into a cancel.
#pragma once

#include <atomic>
#include <mutex>
#include <stop_token>
#include <thread>

namespace attnscope::cli {

/// While one lives, the first SIGINT or SIGTERM cancels what runs through `token()`. What does not get to a checkpoint
/// in time (opening files, loading libraries) is ended there, unless it is writing. A second signal kills at once.
/// Made before any other thread, as those inherit that it alone receives the signals.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    std::stop_token token() const { return stop_.get_token(); }

    /// Held while files are written: the process then ends at its checkpoints alone.
    std::unique_lock<std::mutex> writing() { return std::unique_lock(writing_); }

private:
    void watch();
    void finish_cancel();

    std::stop_source stop_;
    std::mutex writing_;
    std::atomic<bool> closing_{false};
    std::thread thread_;
};

/// Says that the command was cancelled, and ends the process with status 130 there and then: what it wrote is on disk,
/// and unmapping banks, freeing weights and taking LibTorch down would be felt. The first of several callers wins.
[[noreturn]] void end_cancelled();

}  // namespace attnscope::cli
