// The window as a user meets it: keys, entries, palette, menus, sources that fail.
#include "ui/support/window_test.h"

#include "state/shortcuts.h"
#include "state/source_loading.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace attnscope::ui {
namespace {

using Window = WindowTest;

TEST_F(Window, TheFirstFrameSaysWhatToDo) {
    frame();
    frame();
    EXPECT_TRUE(state().sources.empty());
    act([](ImGuiTestContext* window) {
        IM_CHECK(window->ItemExists("//###sources/Open the sample"));
        window->ItemClick("//###sources/Open the sample");
    });
    settle();
    ASSERT_NE(state().bank(), nullptr);
    EXPECT_EQ(state().bank()->picture_width, 16) << "without a sample the letters stand in";
}

TEST_F(Window, APanelWithoutABankSaysWhatToDoAndDoesIt) {
    for (int i = 0; i < 6; ++i) frame();
    act([](ImGuiTestContext* window) {
        IM_CHECK(window->ItemExists("//###retrieval.weights/Open…"));
        IM_CHECK(window->ItemExists("//###retrieval.entropy/Open the sample"));
        window->ItemClick("//###retrieval.weights/Open the sample");
    });
    settle();
    ASSERT_NE(state().bank(), nullptr);
    for (int i = 0; i < 3; ++i) frame();
    act([](ImGuiTestContext* window) { IM_CHECK(!window->ItemExists("//###retrieval.weights/Open the sample")); });
}

TEST_F(Window, ThreePanelsAreInSightAndTheOthersWaitAsTabs) {
    open_letters();
    run_alone("view.panel", {{"panel", std::string("retrieval.weights")}});
    for (int i = 0; i < 8; ++i) frame();
    auto visible = shell_->visible_panels();
    std::sort(visible.begin(), visible.end());
    EXPECT_EQ(visible, (std::vector<std::string>{"retrieval.entropy", "retrieval.plane", "retrieval.weights"}));
    EXPECT_EQ(state().view.open_panels.size(), shell_->panels().size());
}

TEST_F(Window, ATypedBetaIsTaken) {
    open_letters();
    act([](ImGuiTestContext* window) {
        window->SetRef("##transport");
        window->ItemInputValue("##beta value", "23.5");
    });
    EXPECT_DOUBLE_EQ(state().view.selection.beta, 23.5);
    act([](ImGuiTestContext* window) {
        window->SetRef("##transport");
        window->ItemInputValue("##step value", "6");
    });
    EXPECT_EQ(state().view.selection.step, 6);
}

TEST_F(Window, DraggingTheSliderMovesBetaInOneUndoStep) {
    open_letters();
    act([](ImGuiTestContext* window) {
        window->SetRef("##transport");
        window->MouseMove("##beta");
        window->MouseDragWithDelta({120, 0});
    });
    const double beta = state().view.selection.beta;
    EXPECT_GT(beta, 0);
    frame();
    EXPECT_FALSE(state().dragging);
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 0);
    EXPECT_FALSE(runner().can_undo());
    settle();
}

TEST_F(Window, BThenANumberTypesBeta) {
    open_letters();
    act([](ImGuiTestContext* window) {
        window->KeyPress(ImGuiKey_B);
        window->Yield(3);
        window->KeyChars("41");
        window->KeyPress(ImGuiKey_Enter);
        window->Yield(2);
    });
    EXPECT_DOUBLE_EQ(state().view.selection.beta, 41);
    EXPECT_TRUE(state().typed_command.empty());
}

TEST_F(Window, KeysOfTheTimeline) {
    open_letters();
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiKey_Period, 2); });
    EXPECT_EQ(state().view.selection.step, 4);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiKey_Comma); });
    EXPECT_EQ(state().view.selection.step, 3);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiKey_K); });
    EXPECT_TRUE(state().playback.playing);
    frames_until([this] { return state().view.selection.step != 3; });
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiKey_K); });
    EXPECT_FALSE(state().playback.playing);
}

TEST_F(Window, UndoAndRedoByKeys) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 9.0}});
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z); });
    EXPECT_EQ(state().view.selection.beta, 0);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Z); });
    EXPECT_EQ(state().view.selection.beta, 9);
}

TEST_F(Window, TextFieldsKeepTheirKeys) {
    open_letters();
    const int step = state().view.selection.step;
    act([](ImGuiTestContext* window) {
        window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_P);
        window->Yield(3);
        window->KeyChars("k.,b");
        window->KeyPress(ImGuiKey_Escape);
        window->Yield(2);
    });
    EXPECT_EQ(state().view.selection.step, step);
    EXPECT_FALSE(state().playback.playing);
    EXPECT_TRUE(state().typed_command.empty());
}

TEST_F(Window, AChordCanBeChanged) {
    open_letters();
    run_alone("help.rebind", {{"command", std::string("playback.play")}, {"keys", std::string("Ctrl+J")}});
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiKey_K); });
    EXPECT_FALSE(state().playback.playing);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_J); });
    EXPECT_TRUE(state().playback.playing);
    EXPECT_THROW(run("help.rebind", {{"command", std::string("playback.play")}, {"keys", std::string("Hyper+J")}}),
                 Error);
}

TEST_F(Window, ThePaletteRunsACommandAndAsksItsArgument) {
    open_letters();
    act([](ImGuiTestContext* window) {
        window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_P);
        window->Yield(3);
        window->KeyChars("light");
        window->KeyPress(ImGuiKey_Enter);
        window->Yield(2);
    });
    EXPECT_EQ(state().preferences.theme, Theme::light);
    EXPECT_FALSE(state().palette_open);
    act([](ImGuiTestContext* window) {
        window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_P);
        window->Yield(3);
        window->KeyChars("number of steps");
        window->KeyPress(ImGuiKey_Enter);
        window->Yield(3);
        window->KeyChars("12");
        window->KeyPress(ImGuiKey_Enter);
        window->Yield(2);
    });
    EXPECT_EQ(state().view.retrieval.steps, 12);
    EXPECT_FALSE(state().palette_open);
}

TEST(FuzzyScore, PrefersBeginningsOfWordsAndRuns) {
    EXPECT_EQ(fuzzy_score("xyz", "Set the mode"), 0);
    EXPECT_GT(fuzzy_score("mode", "Set the mode"), fuzzy_score("mode", "some order"));
    EXPECT_GT(fuzzy_score("stm", "Set the mode"), fuzzy_score("stm", "Costume"));
    EXPECT_GT(fuzzy_score("", "anything"), 0);
}

TEST_F(Window, TheModeIsChosenFromTheBarAndTheMenu) {
    open_letters();
    act([](ImGuiTestContext* window) {
        window->SetRef("##transport");
        window->ComboClick("##mode/raw");
    });
    EXPECT_EQ(state().view.selection.mode, retrieval::Mode::raw);
    act([](ImGuiTestContext* window) {
        window->SetRef("##MainMenuBar");
        window->MenuClick("Analyses/Mode/###retrieval.mode_hybrid");
    });
    EXPECT_EQ(state().view.selection.mode, retrieval::Mode::hybrid);
}

TEST_F(Window, AFileThatCannotBeUsedKeepsItsRowAndWhatWasThere) {
    open_letters();
    const auto bank = state().bank();
    const auto bad = write("bad.safetensors", "this is no tensor file");
    run_alone("file.open", {{"path", bad.string()}});
    run_alone("file.open", {{"path", (folder_ / "missing.npy").string()}});
    settle();
    int failed = 0;
    for (const Source& source : state().sources)
        if (source.error) {
            ++failed;
            EXPECT_NE(std::string(source.error->what()).find(source.name), std::string::npos);
        }
    EXPECT_EQ(failed, 2);
    EXPECT_EQ(state().bank(), bank);
    ASSERT_FALSE(state().notices.empty());
    EXPECT_TRUE(state().notices.back().is_error);
    const auto id = state().sources.back().id;
    run_alone("source.unload", {{"source", std::int64_t{id}}});
    EXPECT_EQ(state().find(id), nullptr);
}

TEST_F(Window, ATextFileBecomesPrompts) {
    open_letters();
    const auto texts = write("questions.txt", "what hunts at night\nwhat swims\n\n");
    run_alone("file.open", {{"path", texts.string()}});
    settle();
    std::vector<std::string> prompts;
    for (const Source& source : state().sources)
        if (source.kind == SourceKind::prompt) prompts.push_back(source.prompt);
    EXPECT_EQ(prompts, (std::vector<std::string>{"what hunts at night", "what swims"}));
}

TEST_F(Window, PromptsAreAddedEditedAndUndone) {
    open_letters();
    run_alone("query.text", {{"text", std::string("an owl")}});
    const auto query = state().view.selection.query;
    ASSERT_EQ(query.kind, QueryChoice::Kind::prompt);
    ASSERT_NE(state().find(query.source), nullptr);
    for (const char* text : {"an owl ", "an owl f", "an owl flies"})
        run("prompt.edit", {{"source", std::int64_t{query.source}}, {"text", std::string(text)}});
    runner().end_gesture();
    EXPECT_EQ(state().find(query.source)->prompt, "an owl flies");
    runner().undo();
    EXPECT_EQ(state().find(query.source)->prompt, "an owl");
    frame();
    EXPECT_TRUE(shell_->services().retrieval().query().empty());
    ASSERT_TRUE(shell_->services().retrieval().query_error().has_value()) << "without an encoder it says so";
    EXPECT_THROW(run("query.text", {{"text", std::string("  ")}}), Error);
}

TEST_F(Window, AFewRowsOfTheBanksWidthAreQueries) {
    open_letters();
    const auto bank = state().bank();
    std::vector<float> rows(bank->keys.begin(), bank->keys.begin() + static_cast<std::ptrdiff_t>(2 * bank->d));
    const auto path = folder_ / "queries.safetensors";
    save_bank(path, *make_bank("queries", 2, bank->d, rows));
    run_alone("file.open", {{"path", path.string()}});
    settle();
    const auto& query = state().view.selection.query;
    EXPECT_EQ(query.kind, QueryChoice::Kind::file);
    EXPECT_EQ(state().bank(), bank);
    EXPECT_EQ(shell_->services().retrieval().query().size(), bank->d);
    EXPECT_THROW(run("query.file", {{"source", std::int64_t{query.source}}, {"row", std::int64_t{2}}}), Error);
}

TEST_F(Window, ZoomThemeAndPresentationChangeTheStyle) {
    frame();
    const float before = ImGui::GetStyle().FramePadding.x;
    const ImVec4 panel = ImGui::GetStyle().Colors[ImGuiCol_WindowBg];
    run_alone("view.zoom", {{"value", 2.0}});
    frame();
    EXPECT_GT(ImGui::GetStyle().FramePadding.x, before * 1.5f);
    run_alone("view.theme_light");
    frame();
    EXPECT_GT(ImGui::GetStyle().Colors[ImGuiCol_WindowBg].x, panel.x + 0.5f);
    run_alone("view.presentation");
    frame();
    frame();
    EXPECT_GT(ImGui::GetStyle().FontScaleMain, 2.2f);
    run_alone("view.zoom", {{"value", 100.0}});
    EXPECT_EQ(state().preferences.zoom, 3);
}

TEST_F(Window, CopyingAndExportingWhatAPanelShows) {
    open_letters();
    run_alone("figure.copy_data", {{"panel", std::string("retrieval.entropy")}});
    EXPECT_NE(copied_.find('\t'), std::string::npos);
    const auto path = folder_ / "entropy.svg";
    run_alone("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", path.string()}});
    settle();
    EXPECT_TRUE(std::filesystem::exists(path));
    run_alone("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", "/nonexistent/x.svg"}});
    settle();
    EXPECT_TRUE(state().notices.back().is_error);
    EXPECT_THROW(run("figure.copy_data", {{"panel", std::string("retrieval.nothing")}}), Error);
}

TEST_F(Window, LeavingAsksOnlyWhenWorkWouldBeLost) {
    open_letters();
    std::atomic<bool> release = false;
    JobSystem::Task task;
    task.name = "Embedding";
    task.lane = Lane::batch;
    task.loses_work = true;
    task.run = [&](JobContext& context) {
        while (!release) context.checkpoint(), std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    jobs_->submit(std::move(task));
    run_alone("file.quit");
    for (int i = 0; i < 4; ++i) frame();
    EXPECT_FALSE(shell_->finished());
    act([](ImGuiTestContext* window) { window->ItemClick("//Leave attnscope?/Stay"); });
    EXPECT_FALSE(state().quit_wanted);
    release = true;
    settle();
    run_alone("file.quit");
    frame();
    EXPECT_TRUE(shell_->finished());
}

TEST_F(Window, AnIdleWindowDrawsNothing) {
    open_letters();
    for (int i = 0; i < 1000; ++i) frame(); // until the last notice has gone
    EXPECT_LT(shell_->next_frame_in(), 0);
}

TEST(Chords, AreParsedAndRefused) {
    EXPECT_EQ(parse_chord("Ctrl+Shift+Z"), ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Z);
    EXPECT_EQ(parse_chord("F11"), ImGuiKey_F11);
    EXPECT_EQ(parse_chord("."), ImGuiKey_Period);
    EXPECT_EQ(parse_chord("Ctrl++"), ImGuiMod_Ctrl | ImGuiKey_Equal);
    EXPECT_EQ(parse_chord("Ctrl+-"), ImGuiMod_Ctrl | ImGuiKey_Minus);
    for (const char* bad : {"", "Ctrl+", "F13", "F0", "AB", "ctrl+z+y", "Ctrl+é"})
        EXPECT_THROW(parse_chord(bad), Error) << bad;
}

TEST(Numbers, AreGroupedForPeople) {
    EXPECT_EQ(grouped(7), "7");
    EXPECT_EQ(grouped(117659), "117\u2009659");
    EXPECT_EQ(grouped(1000000), "1\u2009000\u2009000");
}

} // namespace
} // namespace attnscope::ui
