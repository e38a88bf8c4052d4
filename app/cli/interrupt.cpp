#include "cli/interrupt.h"

#include <chrono>
#include <csignal>
#include <ctime>
#include <string_view>

#include <pthread.h>
#include <unistd.h>

namespace attnscope::cli {
namespace {

constexpr int cancelled_status = 130;

/// Given to a computation to reach a checkpoint and leave in order. What is finished is on disk by then, so that one
/// that needs longer loses nothing by being ended: the whole may take 100 ms, and the system needs some to take a
/// mapped bank and the threads down.
constexpr auto patience = std::chrono::milliseconds(10);

sigset_t signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/// The signal that came, or 0 after 5 ms without one.
int next_signal(const sigset_t& set) {
    const timespec limit{0, 5'000'000};
    const int number = sigtimedwait(&set, nullptr, &limit);
    return number > 0 ? number : 0;
}

}  // namespace

Interrupt::Interrupt() {
    const sigset_t set = signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
    closing_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    const sigset_t set = signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Interrupt::watch() {
    const sigset_t set = signals();
    int number = 0;
    sigwait(&set, &number);
    if (closing_) return;
    stop_.request_stop();
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!closing_) {
        if (const int again = next_signal(set); again != 0 && !closing_) {
            std::signal(again, SIG_DFL);
            pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
            raise(again);
        }
        if (std::chrono::steady_clock::now() >= end) finish_cancel();
    }
}

void Interrupt::finish_cancel() {
    const std::unique_lock lock(writing_, std::try_to_lock);
    if (!lock || closing_) return;
    end_cancelled();
}

void end_cancelled() {
    static std::atomic_flag ending;
    while (ending.test_and_set()) pause();
    constexpr std::string_view line = "cancelled\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
    _exit(cancelled_status);
}

}  // namespace attnscope::cli
