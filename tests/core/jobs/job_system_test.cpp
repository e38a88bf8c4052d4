#include <attnscope/slot.h>

#include "support/waiting.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <new>
#include <stdexcept>

namespace attnscope {
namespace {

using test::Gate;
using test::wait_until;

JobSystem::Options two_threads() {
    JobSystem::Options options;
    options.threads = 2;
    return options;
}

/// What became of a task.
struct Outcome {
    std::atomic<bool> ran = false, ended = false;
    std::mutex mutex;
    std::optional<Error> error;

    JobSystem::Task task(std::function<void(JobContext&)> run, Lane lane = Lane::interactive) {
        JobSystem::Task task;
        task.name = "work";
        task.lane = lane;
        task.run = [this, run = std::move(run)](JobContext& context) {
            run(context);
            ran = true;
        };
        task.failed = [this](const Error& failure) {
            const std::lock_guard lock(mutex);
            error = failure;
        };
        task.ended = [this] { ended = true; };
        return task;
    }
};

TEST(JobSystem, RunsALaneInOrderAndTheLanesAtOnce) {
    Gate gate;
    Outcome first, second, other;
    std::atomic<int> order = 0;
    int second_place = 0;
    JobSystem jobs(two_threads());
    jobs.submit(first.task([&](JobContext& context) {
        gate.pass(context);
        ++order;
    }));
    jobs.submit(second.task([&](JobContext&) { second_place = ++order; }));
    jobs.submit(other.task([](JobContext&) {}, Lane::batch));
    EXPECT_TRUE(wait_until([&] { return other.ended.load(); }));
    EXPECT_FALSE(second.ran);
    gate.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle() && second.ended; }));
    EXPECT_EQ(second_place, 2);
}

TEST(JobSystem, ListsWhatRunsAndWhatWaits) {
    Gate gate;
    Outcome running, waiting;
    JobSystem jobs(two_threads());
    auto task = running.task([&](JobContext& context) {
        context.progress(1, 4, "quarter");
        gate.pass(context);
    });
    task.name = "embedding";
    task.loses_work = true;
    const auto id = jobs.submit(std::move(task));
    jobs.submit(waiting.task([](JobContext&) {}));
    ASSERT_TRUE(gate.wait_arrived());
    const auto list = jobs.jobs();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].id, id);
    EXPECT_EQ(list[0].name, "embedding");
    EXPECT_TRUE(list[0].running);
    EXPECT_TRUE(list[0].loses_work);
    EXPECT_EQ(list[0].progress.fraction, 0.25);
    EXPECT_EQ(list[0].progress.stage, "quarter");
    EXPECT_TRUE(wait_until([&] { return jobs.jobs()[0].running_seconds > 0; }));
    EXPECT_FALSE(list[1].running);
    EXPECT_EQ(list[1].running_seconds, 0);
    EXPECT_FALSE(jobs.idle());
    gate.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
    EXPECT_TRUE(jobs.jobs().empty());
}

TEST(JobSystem, CancelsARunningJobSilently) {
    Gate gate;
    Outcome outcome;
    JobSystem jobs(two_threads());
    const auto id = jobs.submit(outcome.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    jobs.cancel(id);
    EXPECT_TRUE(wait_until([&] { return outcome.ended.load(); }));
    EXPECT_FALSE(outcome.ran);
    EXPECT_FALSE(outcome.error);
}

TEST(JobSystem, DropsAWaitingJobAtOnce) {
    Gate gate;
    Outcome first, second;
    JobSystem jobs(two_threads());
    jobs.submit(first.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    const auto id = jobs.submit(second.task([](JobContext&) {}));
    jobs.cancel(id);
    EXPECT_TRUE(second.ended);
    EXPECT_FALSE(second.ran);
    EXPECT_EQ(jobs.jobs().size(), 1u);
    jobs.cancel(12345);
}

TEST(JobSystem, CancelsAtAnAge) {
    Gate gate;
    Outcome outcome;
    JobSystem jobs(two_threads());
    const auto id = jobs.submit(outcome.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    jobs.cancel_after(id, 3600);
    jobs.cancel_after(id, std::numeric_limits<double>::infinity());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(outcome.ended);
    jobs.cancel_after(id, 0.05);
    EXPECT_TRUE(wait_until([&] { return outcome.ended.load(); }));
    EXPECT_FALSE(outcome.ran);
}

TEST(JobSystem, TurnsEveryExceptionIntoAnError) {
    JobSystem jobs(two_threads());
    const auto error_of = [&](std::function<void(JobContext&)> run) {
        Outcome outcome;
        jobs.submit(outcome.task(std::move(run)));
        EXPECT_TRUE(wait_until([&] { return outcome.ended.load(); }));
        const std::lock_guard lock(outcome.mutex);
        return outcome.error.value_or(Error(ErrorKind::usage, "none", "", ""));
    };
    EXPECT_EQ(error_of([](JobContext&) { throw Error(ErrorKind::input, "file", "", ""); }).kind, ErrorKind::input);
    EXPECT_EQ(error_of([](JobContext&) { throw std::bad_alloc(); }).kind, ErrorKind::resource);
    const Error other = error_of([](JobContext&) { throw std::runtime_error("odd"); });
    EXPECT_EQ(other.kind, ErrorKind::internal);
    EXPECT_EQ(other.got, "odd");
    EXPECT_EQ(error_of([](JobContext&) { throw 5; }).kind, ErrorKind::internal);
}

TEST(JobSystem, HandsOverDeviceAndSeed) {
    Outcome outcome;
    JobSystem jobs(two_threads());
    jobs.set_device(Device::parse("cpu"));
    EXPECT_EQ(jobs.device().name(), "cpu");
    std::string device;
    std::uint64_t seed = 0;
    auto task = outcome.task([&](JobContext& context) {
        device = context.device().name();
        seed = context.seed();
    });
    task.seed = 42;
    jobs.submit(std::move(task));
    EXPECT_TRUE(wait_until([&] { return outcome.ended.load(); }));
    EXPECT_EQ(device, "cpu");
    EXPECT_EQ(seed, 42u);
}

TEST(JobSystem, WakesAfterAJobHasEnded) {
    std::atomic<int> wakes = 0;
    JobSystem::Options options = two_threads();
    options.wake = [&] { ++wakes; };
    Outcome outcome;
    JobSystem jobs(options);
    jobs.submit(outcome.task([](JobContext&) {}));
    EXPECT_TRUE(wait_until([&] { return wakes > 0; }));
    EXPECT_TRUE(outcome.ended);
}

TEST(JobSystem, DestructionCancelsAndJoins) {
    Gate gate;
    Outcome running, waiting;
    {
        JobSystem jobs(two_threads());
        jobs.submit(running.task([&](JobContext& context) { gate.pass(context); }));
        jobs.submit(waiting.task([](JobContext&) {}));
        ASSERT_TRUE(gate.wait_arrived());
    }
    EXPECT_TRUE(running.ended);
    EXPECT_FALSE(running.ran);
    EXPECT_TRUE(waiting.ended);
    EXPECT_FALSE(waiting.ran);
}

TEST(JobSystem, EveryLaneHasAWorkerOfItsOwnAndBatchWorkTwo) {
    Gate gate;
    std::array<Outcome, lanes> held, next;
    Outcome embedding;
    JobSystem jobs(two_threads());
    jobs.submit(embedding.task([&](JobContext&) { gate.pass(); }, Lane::batch));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        jobs.submit(held[lane].task([&](JobContext&) { gate.pass(); }, static_cast<Lane>(lane)));
        jobs.submit(next[lane].task([](JobContext&) {}, static_cast<Lane>(lane)));
    }
    EXPECT_TRUE(gate.wait_arrived(lanes + 1));
    for (const Outcome& outcome : next) EXPECT_FALSE(outcome.ran);
    gate.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
    for (const Outcome& outcome : next) EXPECT_TRUE(outcome.ran);
}

/// A job of `lane` that counts its checkpoints on two threads until it is told to end.
struct Busy {
    std::atomic<std::uint64_t> steps = 0;
    std::atomic<bool> enough = false;
    Outcome outcome;

    JobSystem::Task task(Lane lane) {
        return outcome.task(
            [this](JobContext& context) {
                context.parallel_for(2, [&](std::size_t, int) {
                    while (!enough) {
                        context.checkpoint();
                        ++steps;
                        std::this_thread::yield();
                    }
                });
            },
            lane);
    }
    bool goes_on() {
        const std::uint64_t before = steps;
        return wait_until([&] { return steps > before + 100; });
    }
    /// Whether it came to rest: no step in a while that is short beside its longest wait.
    bool rests() {
        return wait_until([&] {
            const std::uint64_t before = steps;
            std::this_thread::sleep_for(JobSystem::yield_slice + std::chrono::milliseconds(100));
            return steps == before;
        });
    }
};

TEST(JobSystem, BatchWorkWaitsForTheOthersAndGoesOnAfterThem) {
    for (const Lane other : {Lane::interactive, Lane::files, Lane::sweep}) {
        Busy training;
        Gate gate;
        Outcome gesture;
        JobSystem jobs(two_threads());
        jobs.submit(training.task(Lane::batch));
        ASSERT_TRUE(training.goes_on());
        jobs.submit(gesture.task([&](JobContext& context) { gate.pass(context); }, other));
        ASSERT_TRUE(gate.wait_arrived());
        EXPECT_TRUE(training.rests());
        gate.open();
        EXPECT_TRUE(training.goes_on());
        training.enough = true;
        EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
        EXPECT_TRUE(training.outcome.ran);
        EXPECT_TRUE(gesture.ran);
    }
}

TEST(JobSystem, ASweepWaitsForGesturesAlone) {
    Busy sweep;
    Gate file, gesture;
    Outcome opening, trace;
    JobSystem jobs(two_threads());
    jobs.submit(sweep.task(Lane::sweep));
    jobs.submit(opening.task([&](JobContext& context) { file.pass(context); }, Lane::files));
    ASSERT_TRUE(file.wait_arrived());
    EXPECT_TRUE(sweep.goes_on());
    jobs.submit(trace.task([&](JobContext& context) { gesture.pass(context); }));
    ASSERT_TRUE(gesture.wait_arrived());
    EXPECT_TRUE(sweep.rests());
    gesture.open();
    EXPECT_TRUE(sweep.goes_on());
    sweep.enough = true;
    file.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
}

TEST(JobSystem, AJobThatWaitsForTheOthersIsCancelledAtOnce) {
    Busy training;
    Gate gate;
    Outcome gesture;
    JobSystem jobs(two_threads());
    const auto id = jobs.submit(training.task(Lane::batch));
    ASSERT_TRUE(training.goes_on());
    jobs.submit(gesture.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    ASSERT_TRUE(training.rests());
    jobs.cancel(id);
    EXPECT_TRUE(wait_until([&] { return training.outcome.ended.load(); }));
    EXPECT_FALSE(training.outcome.ran);
    EXPECT_FALSE(gesture.ended); // it was not what ended the wait
    gate.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
}

TEST(JobSystem, WorkThatIsHeldUpForLongStillGoesOn) {
    Busy training;
    Gate gate;
    Outcome gesture;
    JobSystem jobs(two_threads());
    jobs.submit(training.task(Lane::batch));
    ASSERT_TRUE(training.goes_on());
    // Never ends before the training has made a step: it would hang, were the wait unbounded.
    jobs.submit(gesture.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    EXPECT_TRUE(training.rests());
    EXPECT_TRUE(training.goes_on());
    EXPECT_FALSE(gesture.ended);
    training.enough = true;
    gate.open();
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
}

TEST(JobSystem, AJobThatIsDroppedWhileItWaitsHoldsNobodyUp) {
    Busy training;
    Gate gate;
    Outcome first, second;
    JobSystem jobs(two_threads());
    jobs.submit(first.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    const auto dropped = jobs.submit(second.task([](JobContext&) {}));
    jobs.submit(training.task(Lane::batch));
    jobs.cancel(dropped);
    gate.open();
    EXPECT_TRUE(training.goes_on());
    training.enough = true;
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
}

TEST(JobSystem, APartOfAJobWaitsAsTheWholeDoes) {
    Busy training;
    Gate gate;
    Outcome gesture;
    JobSystem jobs(two_threads());
    jobs.submit(training.outcome.task(
        [&](JobContext& context) {
            const JobContext part = context.part();
            while (!training.enough) part.checkpoint(), ++training.steps, std::this_thread::yield();
        },
        Lane::batch));
    ASSERT_TRUE(training.goes_on());
    jobs.submit(gesture.task([&](JobContext& context) { gate.pass(context); }));
    ASSERT_TRUE(gate.wait_arrived());
    EXPECT_TRUE(training.rests());
    gate.open();
    training.enough = true;
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
}

TEST(JobSystem, EndsWhileJobsOfEveryLaneRunAndWait) {
    for (int round = 0; round < 20; ++round) {
        std::array<Busy, lanes> running, waiting;
        {
            JobSystem jobs(two_threads());
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                jobs.submit(running[lane].task(static_cast<Lane>(lane)));
                jobs.submit(waiting[lane].task(static_cast<Lane>(lane)));
            }
        }
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            EXPECT_TRUE(running[lane].outcome.ended);
            EXPECT_TRUE(waiting[lane].outcome.ended);
            EXPECT_FALSE(waiting[lane].outcome.ran);
        }
    }
}

TEST(JobSystem, TellsATaskOfAPersonsCancelAlone) {
    Gate gate;
    Outcome first, second, third;
    std::atomic<int> told = 0;
    JobSystem jobs(two_threads());
    const auto submit = [&](Outcome& outcome) {
        auto task = outcome.task([&](JobContext& context) { gate.pass(context); });
        task.cancelled = [&] { ++told; };
        return jobs.submit(std::move(task));
    };
    const auto running = submit(first), waiting = submit(second), withdrawn = submit(third);
    ASSERT_TRUE(gate.wait_arrived());
    jobs.withdraw(withdrawn);
    EXPECT_TRUE(third.ended);
    EXPECT_EQ(told, 0);
    jobs.cancel(waiting);
    EXPECT_EQ(told, 1);
    jobs.cancel(running);
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(wait_until([&] { return jobs.idle(); }));
    jobs.cancel(running);
    EXPECT_EQ(told, 2);
}

} // namespace
} // namespace attnscope
