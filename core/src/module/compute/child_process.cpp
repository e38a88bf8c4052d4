#include "module/compute/child_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <future>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attnscope::compute {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto between_checkpoints = std::chrono::milliseconds(10);
/// A child that uses no processor for so long waits for a lock that nobody will open.
constexpr auto stuck_after = std::chrono::seconds(5);

/// The thread sanitizer allows no threads in a child.
#if defined(__SANITIZE_THREAD__)
constexpr bool can_fork = false;
#elif defined(__has_feature) // clang's way to say it
constexpr bool can_fork = !__has_feature(thread_sanitizer);
#else
constexpr bool can_fork = true;
#endif

[[noreturn]] void be_child(const std::function<void()>& work, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1); // it ended before the line above
    try {
        work();
    } catch (...) {
        _exit(1);
    }
    _exit(0);
}

/// Seconds of processor that a process has used; negative once it has ended.
double processor_seconds(pid_t process) {
    clockid_t clock = 0;
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return -1;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// The child while it runs. A number may name another process once it has been waited for.
struct Child {
    std::mutex mutex;
    pid_t process = 0; // 0: none

    void set(pid_t started) {
        const std::lock_guard lock(mutex);
        process = started;
    }
    /// Whether it ended by itself with status 0.
    bool reap() {
        const std::lock_guard lock(mutex);
        int status = 0;
        const bool reaped = waitpid(process, &status, 0) == process;
        process = 0;
        return reaped && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    void end() {
        const std::lock_guard lock(mutex);
        if (process > 0) kill(process, SIGKILL);
    }
    /// Negative where none runs.
    double seconds() {
        const std::lock_guard lock(mutex);
        return process > 0 ? processor_seconds(process) : -1;
    }
};

/// Starts the child and waits for its end; whether it did its work. On a thread that has run nothing before: OpenMP
/// does not survive a fork on a thread that it knows, and the child is killed when the thread that started it ends.
bool start_and_wait(const std::function<void()>& work, Child& child) {
    const pid_t parent = getpid();
    const pid_t started = fork();
    if (started == 0) be_child(work, parent);
    if (started < 0) return false;
    child.set(started);
    siginfo_t ended{};
    while (waitid(P_PID, static_cast<id_t>(started), &ended, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR) break;
    return child.reap();
}

} // namespace

SharedNumbers::SharedNumbers(std::size_t count) : count_(count) {
    void* const memory =
        mmap(nullptr, count * sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<double*>(memory);
}

SharedNumbers::~SharedNumbers() {
    munmap(data_, count_ * sizeof(double));
}

bool run_in_child(const std::function<void()>& work, JobContext& context) {
    context.checkpoint();
    if (!can_fork) return false;
    Child child;
    std::packaged_task<bool()> task([&] { return start_and_wait(work, child); });
    std::future<bool> done = task.get_future();
    std::thread thread;
    try {
        thread = std::thread(std::move(task));
    } catch (const std::system_error&) {
        return false;
    }
    const auto end_child = [&] {
        while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) child.end();
        thread.join();
    };
    double used = -1;
    auto advanced = Clock::now();
    while (done.wait_for(between_checkpoints) != std::future_status::ready) {
        if (context.stopping()) {
            end_child();
            throw Cancelled{};
        }
        const double now = child.seconds();
        if (now < 0 || now > used) {
            used = now;
            advanced = Clock::now();
        } else if (Clock::now() - advanced > stuck_after) {
            end_child();
            return false;
        }
    }
    thread.join();
    return done.get();
}

} // namespace attnscope::compute
