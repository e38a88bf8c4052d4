#include "module/compute/thread_guard.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace attnscope::models {
namespace {

/// How many of `wanted` threads run at the same time; all have ended when it returns.
int threads_that_start(int wanted) {
    std::mutex mutex;
    std::condition_variable released;
    bool over = false;
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(wanted));
    try {
        while (std::ssize(threads) < wanted)
            threads.emplace_back([&] {
                std::unique_lock lock(mutex);
                released.wait(lock, [&] { return over; });
            });
    } catch (const std::exception&) {
        // As many as there are.
    }
    {
        const std::lock_guard lock(mutex);
        over = true;
    }
    released.notify_all();
    for (std::thread& thread : threads) thread.join();
    return static_cast<int>(threads.size());
}

} // namespace

int startable_threads(int wanted) {
    thread_local int known = 1; // OpenMP keeps the threads that worked for this one
    if (wanted > known) known = std::clamp(threads_that_start(wanted), 1, wanted);
    return std::min(wanted, known);
}

} // namespace attnscope::models
