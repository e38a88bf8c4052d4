// What fails is shown where it failed and ends nothing else; what comes late lands nowhere.
#include "ui/support/window_test.h"

#include "state/inbox.h"
#include "state/session.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <imgui_internal.h>
#include <implot.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>

namespace attnscope::ui {
namespace {

/// Begins all that can be begun, and fails.
class FailingPanel : public Panel {
public:
    std::string id() const override { return "retrieval.weights"; }
    std::string title() const override { return "Failing"; }
    Workspace workspace() const override { return Workspace::retrieval; }
    PanelHelp help() const override { return {"", "", ""}; }
    void draw(PanelContext&) override {
        ++draws;
        ImGui::PushID("id");
        ImGui::PushStyleColor(ImGuiCol_Text, ImVec4(1, 0, 0, 1));
        ImGui::PushStyleVar(ImGuiStyleVar_Alpha, 0.5f);
        ImGui::PushFont(nullptr, 20);
        ImGui::BeginDisabled();
        ImGui::BeginGroup();
        ImGui::BeginChild("child", {100, 100});
        if (ImGui::BeginTable("table", 2)) ImGui::TableNextColumn();
        ImPlot::PushStyleVar(ImPlotStyleVar_PlotBorderSize, 3);
        if (ImPlot::BeginPlot("plot", {80, 80})) ImPlot::SetupAxes("x", "y");
        if (draws % 2 == 0) throw std::bad_alloc();
        throw std::out_of_range("a row that is not there");
    }
    std::optional<ShownFigure> figure(PanelContext&) override { throw std::runtime_error("no figure"); }
    static inline int draws = 0;
};

class Robustness : public WindowTest {
protected:
    std::filesystem::path bank_file(const char* name, std::size_t n) {
        std::vector<float> keys(n * 5);
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
        save_bank(folder_ / name, *make_bank("bank", n, 5, keys));
        return folder_ / name;
    }
};

TEST_F(Robustness, APanelThatFailsSaysSoAndTheOthersAreDrawn) {
    FailingPanel::draws = 0;
    panels_ = [] {
        auto panels = make_panels();
        panels.front() = std::make_unique<FailingPanel>();
        return panels;
    };
    reopen();
    open_letters();
    run_alone("view.panel", {{"panel", std::string("retrieval.weights")}});
    const float alpha = ImGui::GetStyle().Alpha;
    for (int i = 0; i < 20; ++i) frame();
    EXPECT_GT(FailingPanel::draws, 10);
    EXPECT_EQ(ImGui::GetStyle().Alpha, alpha) << "styles are as they were";
    EXPECT_EQ(ImGui::GetCurrentContext()->ColorStack.Size, 0);
    EXPECT_EQ(ImGui::GetCurrentContext()->FontStack.Size, 0);
    const auto& visible = shell_->visible_panels();
    EXPECT_NE(std::ranges::find(visible, "retrieval.entropy"), visible.end());
    EXPECT_TRUE(shell_->services().figure("retrieval.entropy").axes.size() > 0) << "the others have their pictures";
    runner().run(command("figure.copy_data", {{"panel", std::string("retrieval.weights")}}));
    EXPECT_TRUE(said("no figure"));
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//##transport/##beta")); });
}

TEST_F(Robustness, AChangeThatFailsKeepsNoOtherFromItsTurn) {
    Inbox inbox;
    int done = 0;
    inbox.post([&](AppState&) { ++done; });
    inbox.post([](AppState&) { throw Error(ErrorKind::input, "a.npy", "rows", "none"); });
    inbox.post([](AppState&) { throw std::bad_alloc(); });
    inbox.post([](AppState&) { throw 7; });
    inbox.post([&](AppState&) { ++done; });
    AppState state;
    EXPECT_TRUE(inbox.drain(state));
    EXPECT_EQ(done, 2);
    ASSERT_EQ(state.notices.size(), 3u);
    EXPECT_EQ(state.notices.front().text, "a.npy: expected rows, got none");
    EXPECT_TRUE(inbox.empty());
}

TEST_F(Robustness, AFailingChangeLeavesNoSourceLoading) {
    shell_->services().post([](AppState&) { throw std::runtime_error("unexpected"); });
    run_alone("file.open", {{"path", bank_file("a.safetensors", 12).string()}});
    shell_->services().post([](AppState&) { throw std::runtime_error("unexpected as well"); });
    settle();
    ASSERT_NE(state().bank(), nullptr);
    EXPECT_FALSE(state().sources.front().loading);
    EXPECT_TRUE(said("unexpected"));
}

TEST_F(Robustness, ASessionThatCannotBeReadLeavesNothingLoading) {
    const auto path =
        write("broken.json", "{\"schema\": \"attnscope.session/1\", \"sources\": [{\"id\": 0}], \"view\": {}}");
    run_alone("file.open", {{"path", path.string()}});
    settle();
    EXPECT_TRUE(std::ranges::none_of(state().sources, [](const Source& source) { return source.loading; }));
    EXPECT_TRUE(said("broken.json"));
}

TEST_F(Robustness, AJobThatThrowsAnythingIsSaidAndTheNextRuns) {
    std::optional<Error> failed;
    bool ended = false, ran = false;
    JobSystem::Task task;
    task.name = "a job";
    task.run = [](JobContext&) { throw std::bad_alloc(); };
    task.failed = [&](const Error& error) { shell_->services().post([&, error](AppState&) { failed = error; }); };
    task.ended = [&] { shell_->services().post([&](AppState&) { ended = true; }); };
    jobs_->submit(std::move(task));
    JobSystem::Task next;
    next.name = "the next";
    next.run = [&](JobContext&) { shell_->services().post([&](AppState&) { ran = true; }); };
    jobs_->submit(std::move(next));
    frames_until([&] { return ended && ran; });
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->kind, ErrorKind::resource);
}

TEST_F(Robustness, WhatALoadBringsAfterAnotherSessionWasOpenedLandsNowhere) {
    const auto large = bank_file("large.safetensors", 400), small = bank_file("small.safetensors", 7);
    run_alone("file.open", {{"path", small.string()}});
    settle();
    ASSERT_EQ(state().view.selection.bank, 1u);
    const auto session = folder_ / "small.json";
    run_alone("session.save", {{"path", session.string()}});
    settle();
    // The number of the session's bank is that of a source that is loading when it is opened.
    reopen();
    run_alone("file.open", {{"path", large.string()}});
    ASSERT_EQ(state().sources.front().id, 1u);
    // The load is done, and what it brings waits for the next frame.
    while (!jobs_->idle()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run_alone("session.open", {{"path", session.string()}});
    settle();
    ASSERT_EQ(state().sources.size(), 1u);
    ASSERT_NE(state().bank(), nullptr);
    EXPECT_EQ(state().bank()->n, 7u);
    EXPECT_FALSE(state().sources.front().loading);
}

TEST_F(Robustness, WhatALoadBringsAfterItsSourceWasClosedLandsNowhere) {
    run_alone("file.open", {{"path", bank_file("a.safetensors", 12).string()}});
    const SourceId id = state().sources.front().id;
    while (!jobs_->idle()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run_alone("source.unload", {{"source", std::int64_t{id}}});
    settle();
    EXPECT_TRUE(state().sources.empty());
    run_alone("file.open", {{"path", bank_file("b.safetensors", 13).string()}});
    settle();
    EXPECT_GT(state().sources.front().id, id) << "numbers are not used again";
}

TEST_F(Robustness, NumbersOfSourcesInSessionsAreUniqueAndInRange) {
    const auto open = [&](const std::string& sources) {
        const auto path = write("ids.json", "{\"schema\": \"attnscope.session/1\", \"sources\": [" + sources +
                                                "], \"view\": {\"selection\": {\"bank\": 44}}}");
        run_alone("session.open", {{"path", path.string()}});
    };
    const auto source = [](const std::string& id) {
        return "{\"id\": " + id + ", \"kind\": \"prompt\", \"name\": \"p\", \"prompt\": \"a text\"}";
    };
    for (const char* id : {"0", "-1", "4294967295", "4294967297", "1.5", "\"1\"", "1e300"})
        EXPECT_THROW(open(source(id)), Error) << id;
    EXPECT_THROW(open(source("3") + "," + source("3")), Error);
    open(source("3") + "," + source("7"));
    EXPECT_EQ(state().next_source_id, 8u);
    EXPECT_EQ(state().view.selection.bank, 0u) << "the 44th source would be selected one day";
    EXPECT_TRUE(said("bank 44"));
}

} // namespace
} // namespace attnscope::ui
