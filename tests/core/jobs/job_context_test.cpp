#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <thread>

namespace attnscope {
namespace {

TEST(Device, ParsesItsNames) {
    for (const char* name : {"auto", "cpu", "cuda:0", "cuda:7"}) EXPECT_EQ(Device::parse(name).name(), name);
    EXPECT_EQ(Device::parse("cuda").name(), "cuda:0");
}

TEST(Device, RefusesWhatIsNone) {
    for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CPU"}) {
        try {
            Device::parse(name);
            FAIL() << name;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind, ErrorKind::usage);
        }
    }
}

TEST(JobContext, CheckpointThrowsOnceStopped) {
    ThreadPool pool(1);
    std::stop_source stop;
    JobContext::Options options;
    options.stop = stop.get_token();
    JobContext context(pool, std::move(options));
    context.checkpoint();
    context.progress(1, 2, "stage");
    stop.request_stop();
    EXPECT_TRUE(context.stopping());
    EXPECT_THROW(context.checkpoint(), Cancelled);
    EXPECT_THROW(context.progress(1, 2, "stage"), Cancelled);
    EXPECT_THROW(context.parallel_for(3, [](std::size_t, int) { FAIL(); }), Cancelled);
}

struct Recorded {
    std::vector<Progress> reports;
    JobContext::Options options() {
        JobContext::Options options;
        options.on_progress = [this](const Progress& progress) { reports.push_back(progress); };
        return options;
    }
};

TEST(JobContext, ReportsTheStageAndFraction) {
    ThreadPool pool(1);
    Recorded recorded;
    JobContext context(pool, recorded.options());
    context.progress(0, 4, "reading");
    context.progress(1, 4, "computing");
    context.progress(1, 0, "of unknown length");
    context.progress(9, 4, "more than expected");
    ASSERT_EQ(recorded.reports.size(), 4u);
    EXPECT_EQ(recorded.reports[0].stage, "reading");
    EXPECT_EQ(recorded.reports[1].fraction, 0.25);
    EXPECT_LT(recorded.reports[1].seconds_left, 0);
    EXPECT_LT(recorded.reports[2].fraction, 0);
    EXPECT_EQ(recorded.reports[3].fraction, 1);
}

TEST(JobContext, ReportsAStageAtMostThirtyTimesASecond) {
    ThreadPool pool(1);
    Recorded recorded;
    JobContext context(pool, recorded.options());
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100000; ++i) context.progress(i, 100000, "loop");
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_GE(recorded.reports.size(), 1u);
    EXPECT_LE(recorded.reports.size(), 2 + static_cast<std::size_t>(seconds / 0.033));
}

TEST(JobContext, ExtrapolatesTheTimeLeftFromTheStagesOwnSpeed) {
    ThreadPool pool(1);
    Recorded recorded;
    JobContext context(pool, recorded.options());
    const auto start = std::chrono::steady_clock::now();
    context.progress(50, 100, "resumed"); // half was there already: it says nothing about the speed
    std::this_thread::sleep_for(std::chrono::milliseconds(350));
    context.progress(60, 100, "resumed");
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ASSERT_EQ(recorded.reports.size(), 2u);
    EXPECT_GT(recorded.reports[1].seconds_left, 4 * 0.349);
    EXPECT_LE(recorded.reports[1].seconds_left, 4 * elapsed);
}

TEST(JobContext, ProgressMayComeFromEveryThread) {
    ThreadPool pool(4);
    Recorded recorded;
    JobContext context(pool, recorded.options());
    std::atomic<int> done = 0;
    context.parallel_for(1000, [&](std::size_t, int) { context.progress(++done, 1000, "together"); });
    EXPECT_EQ(done, 1000);
    EXPECT_GE(recorded.reports.size(), 1u);
}

TEST(JobContext, PublishesSnapshots) {
    ThreadPool pool(1);
    int seen = 0;
    JobContext::Options options;
    options.on_snapshot = [&](std::shared_ptr<const void> snapshot) {
        seen = *static_cast<const int*>(snapshot.get());
    };
    JobContext context(pool, std::move(options));
    context.publish(std::make_shared<const int>(5));
    EXPECT_EQ(seen, 5);
    JobContext(pool).publish(std::make_shared<const int>(6));
}

} // namespace
} // namespace attnscope
