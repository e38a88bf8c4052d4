#include <attnscope/slot.h>

#include "support/waiting.h"

#include <gtest/gtest.h>

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
    EXPECT_GE(list[0].running_seconds, 0);
    EXPECT_FALSE(list[1].running);
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
    EXPECT_EQ(error_of([](JobContext&) { throw Error(ErrorKind::input, "file", "", "") ; }).kind, ErrorKind::input);
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

}  // namespace
}  // namespace attnscope
