#include <attnscope/slot.h>

#include "support/waiting.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace attnscope {
namespace {

using test::Gate;
using test::wait_until;

/// Doubles numbers; a number can be held at a gate, and 13 fails.
class SlotTest : public testing::Test {
protected:
    using Doubler = Slot<int, int>;
    static constexpr double never = 1e9;

    Doubler::Options options(double grace_seconds = never) {
        Doubler::Options options;
        options.name = "double";
        options.grace_seconds = grace_seconds;
        return options;
    }
    int compute(int number, JobContext& context) {
        {
            const std::lock_guard lock(mutex_);
            ran_.push_back(number);
        }
        if (number == 13) throw Error(ErrorKind::input, "number", "luck", "13");
        if (const auto gate = gates_.find(number); gate != gates_.end()) gate->second.pass(context);
        return 2 * number;
    }
    Doubler::Compute computation() {
        return [this](const int& number, JobContext& context) { return compute(number, context); };
    }
    std::vector<int> ran() {
        const std::lock_guard lock(mutex_);
        return ran_;
    }
    static testing::AssertionResult settles(const Doubler& slot) {
        return wait_until([&] { return !slot.busy(); }) ? testing::AssertionSuccess()
                                                        : testing::AssertionFailure() << "still busy";
    }

    std::map<int, Gate> gates_; // filled before the first want
    std::mutex mutex_;
    std::vector<int> ran_;
    JobSystem jobs_{[] {
        JobSystem::Options options;
        options.threads = 1;
        return options;
    }()};
};

TEST_F(SlotTest, AnswersTheWish) {
    Doubler slot(jobs_, options(), computation());
    EXPECT_FALSE(slot.result());
    EXPECT_FALSE(slot.stale());
    EXPECT_FALSE(slot.busy());
    slot.want(4);
    EXPECT_TRUE(settles(slot));
    ASSERT_TRUE(slot.result());
    EXPECT_EQ(*slot.result(), 8);
    EXPECT_EQ(slot.result_request(), 4);
    EXPECT_FALSE(slot.stale());
    EXPECT_EQ(slot.generation(), 1u);
    EXPECT_GT(slot.seconds(), 0);
}

TEST_F(SlotTest, TheSameWishRunsOnce) {
    Doubler slot(jobs_, options(), computation());
    for (int frame = 0; frame < 100; ++frame) slot.want(4);
    EXPECT_TRUE(settles(slot));
    for (int frame = 0; frame < 100; ++frame) slot.want(4);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), std::vector<int>{4});
}

TEST_F(SlotTest, LatestWishWinsAndThoseBetweenNeverRun) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    for (int number = 2; number <= 9; ++number) slot.want(number);
    EXPECT_TRUE(slot.stale());
    gates_[1].open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), (std::vector<int>{1, 9}));
    EXPECT_EQ(*slot.result(), 18);
}

TEST_F(SlotTest, AWishThatWaitsBehindAnotherJobIsReplacedInPlace) {
    gates_[1];
    Doubler first(jobs_, options(), computation());
    Doubler second(jobs_, options(), computation());
    first.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    for (int number = 2; number <= 9; ++number) second.want(number);
    EXPECT_EQ(jobs_.jobs().size(), 2u);
    gates_[1].open();
    EXPECT_TRUE(settles(second));
    EXPECT_EQ(ran(), (std::vector<int>{1, 9}));
}

TEST_F(SlotTest, ASupersededRunWithinItsGraceShowsItsResult) {
    gates_[1];
    gates_[2];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.want(2);
    gates_[1].open();
    ASSERT_TRUE(gates_[2].wait_arrived());
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_EQ(slot.result_request(), 1);
    EXPECT_TRUE(slot.stale());
    gates_[2].open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(slot.generation(), 2u);
}

TEST_F(SlotTest, ASupersededRunIsCancelledWhenItsGraceIsOver) {
    gates_[1];
    Doubler slot(jobs_, options(0.05), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.want(2); // the gate of 1 never opens: only the cancel can end it
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
    EXPECT_EQ(slot.generation(), 1u);
}

TEST_F(SlotTest, ARunOlderThanTheGraceIsCancelledAtOnce) {
    gates_[1];
    Doubler slot(jobs_, options(0), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.want(2);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
}

TEST_F(SlotTest, ARunThatIsWantedAgainKeepsItsLife) {
    gates_[1];
    Doubler slot(jobs_, options(0.1), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.want(2);
    slot.want(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    gates_[1].open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_FALSE(slot.stale());
}

TEST_F(SlotTest, GoingBackIsAnsweredFromTheCache) {
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.want(2);
    EXPECT_TRUE(settles(slot));
    slot.want(1);
    EXPECT_FALSE(slot.busy());
    EXPECT_FALSE(slot.stale());
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_EQ(ran(), (std::vector<int>{1, 2}));
}

TEST_F(SlotTest, ALateResultDoesNotReplaceTheAnswerFromTheCache) {
    gates_[2];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.want(2);
    ASSERT_TRUE(gates_[2].wait_arrived());
    slot.want(1);
    gates_[2].open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    slot.want(2); // it was kept all the same
    EXPECT_FALSE(slot.busy());
    EXPECT_EQ(*slot.result(), 4);
}

TEST_F(SlotTest, TheCacheForgetsTheOldestBeyondItsBytes) {
    Doubler::Options small = options();
    small.cache_bytes = 20;
    small.bytes = [](const int&) { return std::size_t{10}; };
    Doubler slot(jobs_, small, computation());
    for (const int number : {1, 2, 3}) {
        slot.want(number);
        EXPECT_TRUE(settles(slot));
    }
    slot.want(2);
    EXPECT_FALSE(slot.busy());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), (std::vector<int>{1, 2, 3, 1}));
}

TEST_F(SlotTest, ResultsLargerThanTheCacheAreStillShown) {
    Doubler::Options none = options();
    none.cache_bytes = 0;
    Doubler slot(jobs_, none, computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
}

TEST_F(SlotTest, AnErrorKeepsTheLastGoodResult) {
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.want(13);
    EXPECT_TRUE(settles(slot));
    ASSERT_TRUE(slot.error());
    EXPECT_EQ(slot.error()->got, "13");
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_TRUE(slot.stale());
    slot.want(1);
    EXPECT_FALSE(slot.error());
    EXPECT_FALSE(slot.stale());
}

TEST_F(SlotTest, AFailedRequestIsNotRunAgainUnlessAsked) {
    Doubler slot(jobs_, options(), computation());
    slot.want(13);
    EXPECT_TRUE(settles(slot));
    slot.want(13);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), std::vector<int>{13});
    slot.retry();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), (std::vector<int>{13, 13}));
    EXPECT_TRUE(slot.error());
}

TEST_F(SlotTest, AFailedRequestIsTriedAgainAfterAGoodOne) {
    Doubler slot(jobs_, options(), computation());
    for (const int number : {13, 1, 13}) {
        slot.want(number);
        EXPECT_TRUE(settles(slot));
        EXPECT_EQ(slot.error().has_value(), number == 13);
    }
    EXPECT_EQ(ran(), (std::vector<int>{13, 1, 13}));
}

TEST_F(SlotTest, CancelForgetsTheWishAndKeepsTheResult) {
    gates_[2];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.want(2);
    ASSERT_TRUE(gates_[2].wait_arrived());
    slot.cancel();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_FALSE(slot.stale());
    EXPECT_FALSE(slot.error());
    gates_[2].open();
    slot.want(2);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
}

TEST_F(SlotTest, AWishRightAfterACancelIsRun) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.cancel();
    slot.want(1);
    gates_[1].open();
    EXPECT_TRUE(settles(slot));
    ASSERT_TRUE(slot.result());
    EXPECT_EQ(*slot.result(), 2);
}

TEST_F(SlotTest, WhatAPersonCancelledIsNotRunAgain) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    EXPECT_FALSE(slot.cancelled());
    for (int time = 0; time < 5; ++time) {
        for (const JobStatus& job : jobs_.jobs()) jobs_.cancel(job.id);
        EXPECT_TRUE(settles(slot));
        for (int frame = 0; frame < 10; ++frame) slot.want(1);
        EXPECT_TRUE(settles(slot));
    }
    EXPECT_EQ(ran(), std::vector<int>{1});
    EXPECT_TRUE(slot.cancelled());
    EXPECT_TRUE(slot.stale());
    EXPECT_FALSE(slot.error());
    gates_[1].open();
    slot.retry();
    EXPECT_FALSE(slot.cancelled());
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_EQ(ran(), (std::vector<int>{1, 1}));
}

TEST_F(SlotTest, ACancelledWishThatWaitsIsNotRun) {
    gates_[1];
    Doubler first(jobs_, options(), computation());
    Doubler second(jobs_, options(), computation());
    first.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    second.want(2);
    jobs_.cancel(jobs_.jobs().back().id);
    second.want(2);
    EXPECT_TRUE(second.cancelled());
    EXPECT_FALSE(second.busy());
    gates_[1].open();
    EXPECT_TRUE(settles(first));
    EXPECT_EQ(ran(), std::vector<int>{1});
}

TEST_F(SlotTest, AnotherWishAfterACancelIsRunAndSoIsTheFirstAgain) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    jobs_.cancel(jobs_.jobs().front().id);
    slot.want(2); // at once: the worker may not have noticed yet
    EXPECT_FALSE(slot.cancelled());
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
    gates_[1].open();
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_EQ(ran(), (std::vector<int>{1, 2, 1}));
}

TEST_F(SlotTest, CancelledWishesAreRunAgainWhenThatIsAsked) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    jobs_.cancel(jobs_.jobs().front().id);
    EXPECT_TRUE(settles(slot));
    gates_[1].open();
    jobs_.retry_cancelled();
    EXPECT_TRUE(slot.cancelled()); // until it is wanted in a frame
    slot.want(1);
    EXPECT_FALSE(slot.cancelled());
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    jobs_.retry_cancelled();
    slot.want(1);
    EXPECT_FALSE(slot.busy());
}

TEST_F(SlotTest, AResultThatComesInSpiteOfACancelIsShown) {
    Gate entered, go_on;
    Doubler slot(jobs_, options(), [&](const int& number, JobContext&) {
        entered.meet(1);
        go_on.pass(); // without a checkpoint
        return 2 * number;
    });
    slot.want(1);
    ASSERT_TRUE(entered.wait_arrived());
    jobs_.cancel(jobs_.jobs().front().id);
    EXPECT_TRUE(slot.cancelled());
    go_on.open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 2);
    EXPECT_FALSE(slot.cancelled());
    EXPECT_FALSE(slot.stale());
}

TEST_F(SlotTest, GivesUpWhatIsNotDoneAndRunsItWhenItIsWantedAgain) {
    gates_[2];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.give_up();
    EXPECT_FALSE(slot.stale());
    slot.want(2);
    ASSERT_TRUE(gates_[2].wait_arrived());
    slot.give_up();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), (std::vector<int>{1, 2}));
    EXPECT_EQ(*slot.result(), 2);
    gates_[2].open();
    slot.want(2);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
}

TEST_F(SlotTest, GivingUpDoesNotForgetACancel) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    jobs_.cancel(jobs_.jobs().front().id);
    EXPECT_TRUE(settles(slot));
    slot.give_up();
    slot.want(1);
    EXPECT_TRUE(slot.cancelled());
    EXPECT_FALSE(slot.busy());
}

TEST_F(SlotTest, ForgetsWhatBelongsToAClosedSource) {
    using Pointer = std::shared_ptr<const int>;
    Gate gate;
    Slot<Pointer, Pointer> slot(jobs_, {}, [&](const Pointer& source, JobContext& context) {
        if (*source == 3) gate.pass(context);
        return source;
    });
    auto first = std::make_shared<const int>(1), second = std::make_shared<const int>(2),
         third = std::make_shared<const int>(3);
    const auto settled = [&] { return wait_until([&] { return !slot.busy() && jobs_.idle(); }); };
    slot.want(first);
    EXPECT_TRUE(settled());
    slot.want(second);
    EXPECT_TRUE(settled());
    const auto closed = [&](const Pointer& which) {
        return [which = which.get()](const Pointer& source) { return source.get() == which; };
    };
    slot.forget(closed(first)); // not what is shown: one of the cache
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(*slot.result(), second);
    slot.want(third);
    ASSERT_TRUE(gate.wait_arrived());
    slot.forget(closed(second));
    EXPECT_EQ(second.use_count(), 1);
    EXPECT_FALSE(slot.result());
    EXPECT_TRUE(slot.busy());
    slot.forget(closed(third));
    EXPECT_TRUE(settled());
    EXPECT_EQ(third.use_count(), 1);
    EXPECT_FALSE(slot.result());
    gate.open();
    slot.want(third);
    EXPECT_TRUE(settled());
    EXPECT_EQ(*slot.result(), third);
}

TEST_F(SlotTest, ForgettingARunLeavesTheWishForAnotherSource) {
    gates_[1];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.want(2);
    slot.forget([](int number) { return number == 1; });
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 4);
    EXPECT_FALSE(slot.stale());
}

TEST_F(SlotTest, ClearForgetsEverything) {
    gates_[2];
    Doubler slot(jobs_, options(), computation());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    slot.want(2);
    ASSERT_TRUE(gates_[2].wait_arrived());
    const auto generation = slot.generation();
    slot.clear();
    EXPECT_FALSE(slot.result());
    EXPECT_GT(slot.generation(), generation);
    EXPECT_TRUE(settles(slot));
    EXPECT_FALSE(slot.result());
    slot.want(1);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(ran(), (std::vector<int>{1, 2, 1}));
}

TEST_F(SlotTest, SnapshotsAreShownWhileTheRunGoesOn) {
    Gate gate;
    Doubler slot(jobs_, options(), [&](const int& number, JobContext& context) {
        context.publish(std::make_shared<const int>(number));
        gate.pass(context);
        return 2 * number;
    });
    slot.want(5);
    ASSERT_TRUE(gate.wait_arrived());
    ASSERT_TRUE(slot.result());
    EXPECT_EQ(*slot.result(), 5);
    EXPECT_FALSE(slot.stale());
    EXPECT_TRUE(slot.busy());
    gate.open();
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 10);
    EXPECT_EQ(slot.generation(), 2u);
}

TEST_F(SlotTest, ASnapshotOfACancelledRunDoesNotAnswerTheWish) {
    Gate gate;
    Doubler slot(jobs_, options(), [&](const int& number, JobContext& context) {
        context.publish(std::make_shared<const int>(number));
        gate.pass(context);
        return 2 * number;
    });
    slot.want(5);
    ASSERT_TRUE(gate.wait_arrived());
    slot.cancel();
    EXPECT_TRUE(settles(slot));
    gate.open();
    slot.want(5);
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), 10);
}

TEST_F(SlotTest, SaysHowFarItsRunIs) {
    Gate gate;
    Doubler slot(jobs_, options(), [&](const int& number, JobContext& context) {
        context.progress(1, 2, "half way");
        gate.pass(context);
        return number;
    });
    EXPECT_LT(slot.progress().fraction, 0);
    slot.want(1);
    ASSERT_TRUE(gate.wait_arrived());
    EXPECT_EQ(slot.progress().fraction, 0.5);
    EXPECT_EQ(slot.progress().stage, "half way");
    gate.open();
    EXPECT_TRUE(settles(slot));
    EXPECT_LT(slot.progress().fraction, 0);
}

TEST_F(SlotTest, ARequestThatIsNotEvenEqualToItselfRunsOncePerWish) {
    std::atomic<int> runs = 0;
    Slot<double, int> slot(jobs_, {}, [&](const double&, JobContext&) { return ++runs; });
    slot.want(std::numeric_limits<double>::quiet_NaN());
    EXPECT_TRUE(wait_until([&] { return !slot.busy(); }));
    EXPECT_EQ(runs, 1);
}

TEST_F(SlotTest, MayBeDestroyedWhileItsJobRuns) {
    gates_[1];
    auto slot = std::make_unique<Doubler>(jobs_, options(), computation());
    slot->want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    slot.reset();
    EXPECT_TRUE(wait_until([&] { return jobs_.idle(); }));
}

TEST_F(SlotTest, MayBeDestroyedWhileItsJobWaits) {
    gates_[1];
    Doubler first(jobs_, options(), computation());
    auto second = std::make_unique<Doubler>(jobs_, options(), computation());
    first.want(1);
    ASSERT_TRUE(gates_[1].wait_arrived());
    second->want(2);
    second.reset();
    EXPECT_EQ(jobs_.jobs().size(), 1u);
    gates_[1].open();
    EXPECT_TRUE(settles(first));
    EXPECT_EQ(ran(), std::vector<int>{1});
}

TEST_F(SlotTest, AContinuousDragShowsResultsOnTheWay) {
    Doubler slot(jobs_, options(0.2), [](const int& number, JobContext& context) {
        for (int i = 0; i < 10; ++i) {
            context.checkpoint();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return number;
    });
    // Ends only when intermediate results arrive although every run is superseded at once.
    int number = 0;
    EXPECT_TRUE(wait_until([&] {
        slot.want(++number);
        return slot.generation() >= 5;
    }));
    EXPECT_TRUE(settles(slot));
    EXPECT_EQ(*slot.result(), number);
}

/// Adds the seed of the job, and says on which device it ran.
TEST(SlotOfJobs, SeedAndDeviceBelongToWhatIsWanted) {
    JobSystem jobs([] {
        JobSystem::Options options;
        options.threads = 1;
        return options;
    }());
    std::mutex mutex;
    std::vector<std::string> ran;
    Slot<int, int> slot(jobs, {.name = "seeded"}, [&](const int& number, JobContext& context) {
        const std::lock_guard lock(mutex);
        ran.push_back(context.device().name());
        return number + static_cast<int>(context.seed());
    });
    const auto answer = [&] {
        EXPECT_TRUE(wait_until([&] { return !slot.busy() && !slot.stale(); }));
        return slot.result() ? *slot.result() : -1;
    };
    jobs.set_device(Device::parse("cpu"));
    slot.want(100);
    EXPECT_EQ(answer(), 100);
    slot.set_seed(7);
    slot.want(100);
    EXPECT_EQ(answer(), 107) << "another seed is another request";
    jobs.set_device(Device::parse("cuda:3"));
    slot.want(100);
    EXPECT_EQ(answer(), 107);
    EXPECT_EQ(ran, (std::vector<std::string>{"cpu", "cpu", "cuda:3"}));
    jobs.set_device(Device::parse("cpu"));
    slot.set_seed(0);
    slot.want(100);
    EXPECT_EQ(answer(), 100);
    EXPECT_EQ(ran.size(), 3u) << "its result was kept";
}

} // namespace
} // namespace attnscope
