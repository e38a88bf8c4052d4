// What people wait for does not wait behind a training, what they cancel stays cancelled, and what is out of sight
// rests.
#include "ui/support/bank_files.h"
#include "ui/support/window_test.h"

#include "support/held_lanes.h"
#include "support/tiny_models.h"
#include "support/waiting.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {
namespace {

class Lanes : public WindowTest {
protected:
    std::string bank_file(const std::string& name, std::size_t rows = 40, std::size_t columns = 8) {
        return test::write_bank(folder_ / name, rows, columns);
    }
    void hold(Lane lane) { held_.hold(*jobs_, lane); }
    void release() { held_.release(); }
    void TearDown() override {
        release();
        WindowTest::TearDown();
    }
    bool runs(const std::string& name) {
        return std::ranges::any_of(jobs_->jobs(), [&](const JobStatus& job) { return job.name == name; });
    }
    /// Whether a panel shows what is wanted; it asks for it.
    bool has_figure(const std::string& panel) {
        try {
            return !shell_->services().figure(panel).axes.empty();
        } catch (const Error&) {
            return false;
        }
    }
    RetrievalSlots& retrieval() { return shell_->services().retrieval(); }

    test::HeldLanes held_;
};

TEST_F(Lanes, ADroppedBankIsShownInEveryPanelWhileATrainingRuns) {
    hold(Lane::batch);
    run_alone("file.open", {{"path", bank_file("bank.safetensors")}});
    frames_until([this] { return state().bank() && retrieval().trace().result && !retrieval().trace().stale; });
    for (const std::string panel : {"retrieval.weights", "retrieval.entropy", "retrieval.plane", "retrieval.modes"})
        frames_until([&] { return has_figure(panel); });
    EXPECT_TRUE(runs("held"));
}

TEST_F(Lanes, AFileIsWrittenWhileEverythingElseComputes) {
    open_letters();
    const auto path = folder_ / "figure.svg";
    const Figure figure = shell_->services().figure("retrieval.weights");
    for (const Lane lane : {Lane::interactive, Lane::sweep, Lane::batch}) hold(lane);
    run("figure.export", {{"panel", std::string("retrieval.weights")}, {"path", path.string()}});
    frames_until([&] { return std::filesystem::exists(path); });
    EXPECT_TRUE(runs("held"));
}

TEST_F(Lanes, ACancelledComputationIsNotRunAgainUntilThatIsAsked) {
    open_letters();
    hold(Lane::interactive); // so that what is asked next waits, and can be cancelled
    run_alone("retrieval.beta", {{"value", 31.0}});
    frames_until([this] { return runs("Trace"); });
    for (int time = 0; time < 5; ++time) {
        for (const JobStatus& job : jobs_->jobs())
            if (job.name == "Trace") run("compute.cancel", {{"job", static_cast<std::int64_t>(job.id)}});
        for (int i = 0; i < 10; ++i) frame();
        EXPECT_FALSE(runs("Trace")) << time;
    }
    EXPECT_TRUE(retrieval().trace().cancelled);
    EXPECT_FALSE(retrieval().trace().error);
    release();
    frames_until([this] { return jobs_->idle(); });
    for (int i = 0; i < 10; ++i) frame();
    EXPECT_TRUE(retrieval().trace().stale);
    state().focus_panel = "retrieval.weights";
    for (int i = 0; i < 10; ++i) frame();
    act([](ImGuiTestContext* window) { window->ItemClick("//###retrieval.weights/retry"); });
    settle();
    EXPECT_FALSE(retrieval().trace().cancelled);
    EXPECT_FALSE(retrieval().trace().stale);
}

TEST_F(Lanes, AnotherWishAfterACancelIsComputed) {
    open_letters();
    hold(Lane::interactive);
    run_alone("retrieval.beta", {{"value", 31.0}});
    frames_until([this] { return runs("Trace"); });
    for (const JobStatus& job : jobs_->jobs())
        if (job.name == "Trace") jobs_->cancel(job.id);
    for (int i = 0; i < 3; ++i) frame();
    run_alone("retrieval.beta", {{"value", 32.0}});
    frames_until([this] { return runs("Trace"); });
    release();
    settle();
    EXPECT_FALSE(retrieval().trace().stale);
    EXPECT_FALSE(retrieval().trace().cancelled);
}

TEST_F(Lanes, WhatAHiddenWorkspaceAskedForIsGivenUpAndAskedAgain) {
    open_letters();
    hold(Lane::interactive);
    hold(Lane::sweep);
    run_alone("retrieval.beta", {{"value", 31.0}});
    frames_until([this] { return runs("Trace"); });
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    frames_until([this] { return test::HeldLanes::others(*jobs_).empty(); });
    run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
    frames_until([this] { return runs("Trace"); });
    release();
    settle();
    EXPECT_FALSE(retrieval().trace().stale);
}

TEST_F(Lanes, ATrainingGoesOnOutOfSight) {
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    run_alone("cv.experiment",
              {{"dims", std::vector<double>{16}}, {"heads", std::vector<double>{1}}, {"epochs", std::int64_t{2}}});
    run_alone("cv.samples", {{"value", std::int64_t{40}}});
    run_alone("cv.start");
    run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
    frames_until([this] { return !shell_->services().cv().run().running(); });
    const auto experiment = shell_->services().cv().experiment().result;
    ASSERT_TRUE(experiment);
    EXPECT_EQ(experiment->finished(), 1u);
}

TEST_F(Lanes, ALoadThatIsCancelledSaysSoAndCanBeRepeated) {
    hold(Lane::files);
    run_alone("file.open", {{"path", bank_file("bank.safetensors")}});
    frames_until([this] { return runs("Opening bank"); });
    run("compute.cancel", {{"job", std::int64_t{0}}});
    release();
    settle();
    ASSERT_EQ(state().sources.size(), 1u);
    ASSERT_TRUE(state().sources.front().error);
    EXPECT_FALSE(state().sources.front().loading);
    run_alone("source.retry", {{"source", std::int64_t{state().sources.front().id}}});
    settle();
    EXPECT_FALSE(state().sources.front().error);
    EXPECT_TRUE(state().sources.front().bank);
}

} // namespace
} // namespace attnscope::ui
