// Pools and workers where the system starts few threads, or none.
#include <attnscope/slot.h>

#include "support/error_of.h"
#include "support/memory_limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <functional>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attnscope {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;
constexpr std::uint64_t stack = 64 * mebibyte; // larger than those of threads that ended, which are used again

/// Whether `body` holds in a child of this process with room for so many stacks of threads beside what it has now.
bool holds_with_room_for(std::uint64_t stacks, const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        std::uint64_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        pthread_attr_t large;
        pthread_attr_init(&large);
        pthread_attr_setstacksize(&large, stack);
        const std::uint64_t bytes =
            pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + stacks * (stack + mebibyte / 4) + mebibyte;
        const struct rlimit room = {bytes, bytes};
        if (pthread_setattr_default_np(&large) != 0 || setrlimit(RLIMIT_AS, &room) != 0) _exit(2);
        bool holds = false;
        try {
            holds = body();
        } catch (...) {
            _exit(3);
        }
        _exit(holds ? 0 : 1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ThreadShortage, APoolRunsWithTheThreadsThatStart) {
    if (!test::limits_on_memory_work) GTEST_SKIP() << "the sanitizer needs more address space";
    EXPECT_TRUE(holds_with_room_for(3, [] {
        ThreadPool pool(64);
        std::atomic<int> sum{0};
        std::atomic<bool> in_range{true};
        pool.run(1000, [&](std::size_t task, int thread) {
            sum += static_cast<int>(task);
            if (thread < 0 || thread >= pool.threads()) in_range = false;
        });
        return pool.threads() < 64 && sum == 499500 && in_range;
    }));
    EXPECT_TRUE(holds_with_room_for(0, [] {
        ThreadPool pool(4);
        int sum = 0;
        pool.run(10, [&](std::size_t task, int) { sum += static_cast<int>(task); });
        return pool.threads() == 1 && sum == 45;
    }));
}

TEST(ThreadShortage, LanesShareTheWorkersThatStart) {
    if (!test::limits_on_memory_work) GTEST_SKIP() << "the sanitizer needs more address space";
    EXPECT_TRUE(holds_with_room_for(1, [] {
        std::atomic<int> ended{0};
        {
            JobSystem jobs({1, {}});
            for (const Lane lane : {Lane::interactive, Lane::batch}) {
                JobSystem::Task task;
                task.lane = lane;
                task.run = [](JobContext& context) { context.parallel_for(3, [](std::size_t, int) {}); };
                task.ended = [&] { ++ended; };
                jobs.submit(std::move(task));
            }
            while (!jobs.idle()) usleep(1000);
        }
        return ended == 2;
    }));
    EXPECT_TRUE(holds_with_room_for(0, [] {
        const auto error = test::error_of([] { const JobSystem jobs({1, {}}); });
        return error && error->kind == ErrorKind::resource;
    }));
}

} // namespace
} // namespace attnscope
