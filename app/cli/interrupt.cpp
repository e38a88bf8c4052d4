#include "cli/interrupt.h"

#include <chrono>
#include <csignal>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <unistd.h>

namespace attnscope::cli {
namespace {

constexpr int cancelled_status = 130;

sigset_t signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    // A program under nohup outlives its terminal.
    struct sigaction hang_up = {};
    if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
    return set;
}

/// The signal that came, or 0 after 5 ms without one.
int next_signal(const sigset_t& set) {
    const timespec limit{0, 5'000'000};
    const int number = sigtimedwait(&set, nullptr, &limit);
    return number > 0 ? number : 0;
}

} // namespace

Interrupt::Interrupt(Options options) : options_(std::move(options)) {
    const sigset_t set = signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    try {
        thread_ = std::thread([this] { watch(); });
    } catch (const std::system_error&) {
        // Without a thread that waits for them, signals end the program as they end any other.
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    }
}

Interrupt::~Interrupt() {
    closing_ = true;
    if (!thread_.joinable()) return;
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
    if (options_.on_signal) options_.on_signal();
    const auto end = std::chrono::steady_clock::now() + options_.patience;
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

} // namespace attnscope::cli
