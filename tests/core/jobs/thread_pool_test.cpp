#include <attnscope/job.h>

#include "support/waiting.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace attnscope {
namespace {

TEST(ThreadPool, RunsEveryTaskOnce) {
    ThreadPool pool(4);
    for (int round = 0; round < 200; ++round) {
        std::vector<int> done(37);
        pool.run(done.size(), [&](std::size_t task, int) { ++done[task]; });
        EXPECT_EQ(std::accumulate(done.begin(), done.end(), 0), 37);
    }
}

TEST(ThreadPool, NumbersItsThreads) {
    ThreadPool pool(3);
    EXPECT_EQ(pool.threads(), 3);
    std::array<std::atomic<int>, 3> seen{};
    pool.run(1000, [&](std::size_t, int thread) { ++seen.at(static_cast<std::size_t>(thread)); });
    EXPECT_EQ(seen[0] + seen[1] + seen[2], 1000);
}

TEST(ThreadPool, ThreadsShareALoop) {
    ThreadPool pool(3);
    test::Gate gate;
    std::atomic<int> ran = 0;
    // Nobody goes on before all three have come, so this ends only when three threads work at once.
    pool.run(3, [&](std::size_t, int) {
        EXPECT_TRUE(gate.meet(3));
        ++ran;
    });
    EXPECT_EQ(ran, 3);
}

TEST(ThreadPool, WakesThreadsThatSleep) {
    ThreadPool pool(2);
    for (int round = 0; round < 5; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        test::Gate gate;
        pool.run(2, [&](std::size_t, int) { EXPECT_TRUE(gate.meet(2)); });
    }
}

TEST(ThreadPool, ZeroTakesTheCores) {
    ThreadPool pool;
    EXPECT_GE(pool.threads(), 1);
}

TEST(ThreadPool, AnEmptyLoopReturns) {
    ThreadPool pool(2);
    pool.run(0, [](std::size_t, int) { FAIL(); });
}

TEST(ThreadPool, RethrowsTheFirstExceptionAndSkipsTheRest) {
    for (const int threads : {1, 4}) {
        ThreadPool pool(threads);
        std::atomic<int> ran = 0;
        EXPECT_THROW(pool.run(1000000,
                              [&](std::size_t task, int) {
                                  ++ran;
                                  if (task == 5) throw std::runtime_error("five");
                              }),
                     std::runtime_error);
        EXPECT_LT(ran, 1000000);
        std::atomic<int> again = 0;
        pool.run(100, [&](std::size_t, int) { ++again; });
        EXPECT_EQ(again, 100);
    }
}

TEST(ThreadPool, PassesACancelOn) {
    ThreadPool pool(4);
    EXPECT_THROW(pool.run(100, [](std::size_t, int) { throw Cancelled{}; }), Cancelled);
}

TEST(ThreadPool, RefusesALoopInsideALoop) {
    ThreadPool pool(2);
    EXPECT_THROW(pool.run(2, [&](std::size_t, int) { pool.run(2, [](std::size_t, int) {}); }), Error);
}

} // namespace
} // namespace attnscope
