// The softmax-gradient experiment in the window: a few steps of the character model on a page of text.
#include "shell/workspaces.h"
#include "ui/support/window_test.h"

#include <imgui_internal.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

namespace attnscope::ui {
namespace {

class JacobianTrainingWindow : public WindowTest {
protected:
    void open_text(std::int64_t steps = 3) {
        std::ofstream text(folder_ / "text.txt");
        for (int i = 0; i < 40; ++i) text << "line " << i * i << " of a text that is long enough\n";
        text.close();
        run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
        run_alone("file.open", {{"path", (folder_ / "text.txt").string()}});
        settle();
        for (const char* const method : {"sign_sym", "dfa"})
            run_alone("training.method", {{"method", std::string(method)}});
        run_alone("training.steps", {{"value", steps}});
        settle();
    }
    void finish() {
        run_alone("training.start");
        frames_until([this] { return !training().run().running(); });
        settle();
    }
    JacobianTraining& training() { return shell_->services().training(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
    nlohmann::json file(const std::string& name) {
        std::ostringstream text;
        text << std::ifstream(folder_ / name).rdbuf();
        return nlohmann::json::parse(text.str());
    }
};

TEST_F(JacobianTrainingWindow, TrainsTheMethodsThatAreTickedAndShowsThem) {
    open_text();
    EXPECT_EQ(training().request().combinations.size(), 2u);
    run_alone("training.gradient", {{"gradient", std::string("diag")}});
    settle();
    finish();
    const auto experiment = training().experiment().result;
    ASSERT_TRUE(experiment);
    EXPECT_EQ(experiment->finished(), 4u);
    EXPECT_EQ(training().last_step(), 3);
    EXPECT_EQ(figure("jacobian.training").axes.size(), 3u);
    run_alone("training.run", {{"method", std::string("fa")}, {"gradient", std::string("diag")}});
    run_alone("jacobian.metric", {{"metric", std::string("cos_ste")}});
    settle();
    EXPECT_NE(figure("jacobian.training").subtitle.find("fa/diag"), std::string::npos);
    EXPECT_EQ(figure("jacobian.trained").axes.size(), 1u);
    EXPECT_FALSE(figure("jacobian.grid").axes.empty());
    run_alone("edit.undo");
    EXPECT_EQ(state().view.jacobian.metric, jacobian::Metric::r_diag);
    run_alone("training.export", {{"path", (folder_ / "model").string()}});
    settle();
    EXPECT_TRUE(std::filesystem::exists(folder_ / "model" / "model.safetensors"));
}

TEST_F(JacobianTrainingWindow, PlayingTrainsAndThenRunsThroughWhatWasMeasured) {
    open_text(12);
    run_alone("playback.forward");
    EXPECT_TRUE(training().run().running()) << "nothing to play yet: playing begins the training";
    run_alone("playback.advance");
    EXPECT_EQ(state().view.training.step, -1) << "while it is trained the newest step plays";
    frames_until([this] { return !training().run().running(); });
    settle();
    const auto& visible = shell_->visible_panels();
    for (const std::string& panel : jacobian::experiment_panel_ids())
        EXPECT_EQ(std::ranges::count(visible, panel), 1) << panel;
    const auto step_after = [this](const char* id) {
        run_alone(id);
        return state().view.training.step;
    };
    EXPECT_EQ(step_after("playback.back"), 10) << "measured after 0, 10 and 12 updates";
    EXPECT_EQ(step_after("playback.back"), 0);
    run_alone("edit.undo");
    EXPECT_EQ(state().view.training.step, 10);
    run_alone("training.step", {{"value", std::int64_t{5}}});
    EXPECT_EQ(step_after("playback.back"), 0);
    run_alone("training.step", {{"value", std::int64_t{5}}});
    EXPECT_EQ(step_after("playback.forward"), 10);
    EXPECT_EQ(step_after("playback.forward"), 12);
    EXPECT_EQ(step_after("playback.forward"), 12);
    EXPECT_EQ(step_after("playback.advance"), 0) << "playing begins anew at the end";
    settle();
    EXPECT_NE(figure("jacobian.trained").subtitle.find("after 0 updates"), std::string::npos);
}

TEST_F(JacobianTrainingWindow, AStartFromElsewhereWaitsForItsText) {
    open_text(1);
    run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
    settle();
    std::string text;
    for (int i = 0; i < 40; ++i) text += "another line " + std::to_string(i);
    run_alone("attention.text", {{"text", text}});
    for (int i = 0; i < 3; ++i) frame();
    EXPECT_FALSE(training().request().text) << "read where it is looked at";
    run_alone("training.start");
    frames_until([this] { return training().experiment().result && !training().run().running(); });
    const auto experiment = training().experiment().result;
    EXPECT_EQ(experiment->finished(), experiment->runs.size());
    EXPECT_EQ(training().request().text->ids.size(), text.size());
}

TEST_F(JacobianTrainingWindow, PlayingEndsWhereThereIsNothingToTrainOn) {
    run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
    run_alone("attention.text", {{"text", std::string("too short to train on")}});
    settle();
    run_alone("playback.play");
    for (int i = 0; i < 40; ++i) frame();
    EXPECT_FALSE(state().playback.playing);
    EXPECT_FALSE(training().run().running());
}

TEST_F(JacobianTrainingWindow, APinnedRunIsSettledOnceItsTextIsRead) {
    open_text();
    run_alone("view.pin");
    std::atomic<bool> held = true;
    JobSystem::Task other;
    other.lane = Lane::files;
    other.run = [&held](JobContext&) {
        while (held) std::this_thread::yield();
    };
    jobs_->submit(std::move(other));
    PinnedView& pinned = shell_->services().pinned();
    ASSERT_TRUE(pinned.training(state()));
    EXPECT_FALSE(pinned.settled());
    held = false;
    frames_until([&pinned] { return pinned.settled(); });
    EXPECT_TRUE(pinned.training(state())->request().text);
}

TEST_F(JacobianTrainingWindow, ControlsAndKeysHaveRoomInASmallWindow) {
    size_ = {1280, 720};
    open_text(1);
    run_alone("training.gradient", {{"gradient", std::string("diag")}});
    run_alone("training.gradient", {{"gradient", std::string("ste")}});
    settle();
    finish();
    act([this](ImGuiTestContext* ui) {
        const std::string panel =
            "//" + window_name(jacobian::experiment_panel_title("jacobian.training"), "jacobian.training");
        const ImRect room = ui->WindowInfo(panel.c_str()).Window->InnerRect;
        for (const char* const control : {"/New seed", "/##methods", "/##softmax", "/##run"}) {
            const ImRect box = ui->ItemInfo((panel + control).c_str()).RectFull;
            EXPECT_TRUE(room.Contains(box)) << control;
        }
        EXPECT_GT(room.GetWidth(), 25 * ImGui::GetFontSize());
    });
}

TEST_F(JacobianTrainingWindow, APausedTrainingGoesOnFromThere) {
    open_text(12);
    run_alone("training.start");
    frames_until([this] { return training().last_step() > 2; });
    run_alone("training.pause");
    frames_until([this] { return jobs_->idle(); });
    settle();
    const auto left = training().experiment().result;
    ASSERT_EQ(left->finished(), 0u);
    finish();
    const auto whole = training().experiment().result;
    EXPECT_EQ(whole->finished(), 2u);
    for (std::size_t step = 0; step < left->runs[1]->loss.size(); ++step)
        EXPECT_EQ(left->runs[1]->loss[step], whole->runs[1]->loss[step]);
}

TEST_F(JacobianTrainingWindow, SavedRunsOpenAndAreComparedWithOthers) {
    open_text();
    finish();
    const auto first = training().experiment().result;
    run_alone("training.save", {{"path", (folder_ / "run.json").string()}});
    settle();
    EXPECT_EQ(file("run.json")["schema"], "attnscope.jacobian/1");
    reopen();
    run_alone("file.open", {{"path", (folder_ / "run.json").string()}});
    settle();
    ASSERT_EQ(state().view.workspace, Workspace::jacobian);
    const auto opened = training().experiment().result;
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->runs[1]->loss, first->runs[1]->loss);
    run_alone("view.pin");
    run_alone("training.seed", {{"value", std::int64_t{7}}});
    finish();
    EXPECT_NE(training().experiment().result->runs[1]->loss, first->runs[1]->loss);
    const auto is_a = [](const Element& element) {
        const auto* const line = std::get_if<Line>(&element);
        return line && line->name == "A";
    };
    const Figure compared = figure("jacobian.training");
    EXPECT_GE(std::ranges::count_if(compared.axes.front().elements, is_a), 1);
}

TEST_F(JacobianTrainingWindow, SaysWhatItNeeds) {
    run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
    run_alone("attention.text", {{"text", std::string("too short to train on")}});
    settle();
    EXPECT_THROW(run("training.start"), Error);
    open_text();
    run_alone("session.save", {{"path", (folder_ / "session.json").string()}});
    settle();
    const JacobianTrainingOptions before = state().view.training;
    reopen();
    run_alone("session.open", {{"path", (folder_ / "session.json").string()}});
    settle();
    EXPECT_EQ(state().view.training, before);
}

} // namespace
} // namespace attnscope::ui
