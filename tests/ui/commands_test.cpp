// Commands: arguments, errors, undo and redo, merging of gestures.
#include "ui/support/window_test.h"

#include "state/shortcuts.h"

namespace attnscope::ui {
namespace {

std::string usage_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::usage);
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
}

using Commands = WindowTest;

TEST_F(Commands, EveryCommandHasAnIdATitleAndAReadableShortcut) {
    std::set<std::string> ids, chords;
    for (const auto& spec : shell_->commands().all()) {
        EXPECT_TRUE(ids.insert(spec.id).second) << spec.id;
        EXPECT_FALSE(spec.title.empty()) << spec.id;
        if (spec.shortcut.empty()) continue;
        EXPECT_NO_THROW(parse_chord(spec.shortcut)) << spec.id;
        EXPECT_TRUE(chords.insert(spec.shortcut).second) << spec.shortcut << " is given twice";
    }
    EXPECT_TRUE(ids.contains("retrieval.beta"));
    EXPECT_TRUE(chords.contains("Ctrl+Z"));
}

TEST_F(Commands, UnknownCommandsAndArgumentsAreNamed) {
    EXPECT_NE(usage_error([&] { run("retrieval.gamma"); }).find("retrieval.gamma"), std::string::npos);
    EXPECT_NE(usage_error([&] { run("retrieval.beta", {{"beta", 2.0}}); }).find("beta"), std::string::npos);
    EXPECT_NE(usage_error([&] { run("retrieval.beta"); }).find("value"), std::string::npos);
    EXPECT_NE(usage_error([&] {
                  run("retrieval.mode", {{"mode", std::string("fancy")}});
              }).find("centered"),
              std::string::npos);
}

TEST_F(Commands, IntegersServeAsNumbersAndTextsDoNot) {
    open_letters();
    run("retrieval.beta", {{"value", std::int64_t{3}}});
    EXPECT_EQ(state().view.selection.beta, 3);
    usage_error([&] { run("retrieval.beta", {{"value", std::string("three")}}); });
    usage_error([&] { run("retrieval.beta", {{"value", -1.0}}); });
    usage_error([&] { run("retrieval.beta", {{"value", std::nan("")}}); });
    EXPECT_EQ(state().view.selection.beta, 3);
}

TEST_F(Commands, ACommandThatCannotApplySaysSoAndChangesNothing) {
    const View before = state().view;
    usage_error([&] { run("retrieval.beta", {{"value", 2.0}}); });
    EXPECT_EQ(state().view, before);
}

TEST_F(Commands, AGestureIsUndoneAsOne) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 2.0}});
    for (double beta = 3; beta < 9; ++beta) run("retrieval.beta", {{"value", beta}});
    runner().end_gesture();
    run_alone("retrieval.step", {{"value", std::int64_t{5}}});
    EXPECT_EQ(runner().undo_title(), "Undo Set the step");
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 8);
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 2);
    runner().redo();
    EXPECT_EQ(state().view.selection.beta, 8);
    runner().undo();
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 0) << "0.75 β_c of the bank";
}

TEST_F(Commands, TwoGesturesOfOneCommandAreUndoneOneByOne) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 2.0}});
    run_alone("retrieval.beta", {{"value", 4.0}});
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 2);
}

TEST_F(Commands, AChangeAfterUndoEndsRedo) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 2.0}});
    runner().undo();
    EXPECT_TRUE(runner().can_redo());
    run_alone("retrieval.step", {{"value", std::int64_t{1}}});
    EXPECT_FALSE(runner().can_redo());
}

TEST_F(Commands, CompoundChangesAreUndoneWhole) {
    open_letters();
    run_alone("retrieval.step", {{"value", std::int64_t{8}}});
    const View before = state().view;
    run_alone("retrieval.steps", {{"value", std::int64_t{4}}});
    EXPECT_EQ(state().view.selection.step, 4) << "the cursor stays within the steps";
    runner().undo();
    EXPECT_EQ(state().view, before);
}

TEST_F(Commands, NothingChangedIsNothingToUndo) {
    open_letters();
    run_alone("retrieval.mode", {{"mode", std::string("centered")}});
    EXPECT_FALSE(runner().can_undo());
}

TEST_F(Commands, AFailedCommandOfTheWindowBecomesANotice) {
    runner().run({"retrieval.beta", {{"value", -3.0}}});
    ASSERT_FALSE(state().notices.empty());
    EXPECT_TRUE(state().notices.back().is_error);
}

TEST_F(Commands, ADrawnMemoryMakesABankOfItsOwn) {
    open_letters();
    const auto bank = state().bank();
    run_alone("retrieval.add_memory", {{"values", std::vector<double>(bank->d, 1.0)}});
    EXPECT_EQ(state().bank()->n, bank->n + 1);
    EXPECT_EQ(bank->n, 26u) << "the bank that was there is not touched";
    runner().undo();
    EXPECT_EQ(state().bank(), bank);
    usage_error([&] { run("retrieval.add_memory", {{"values", std::vector<double>{1, 2}}}); });
}

TEST_F(Commands, PlayingMovesTheStepAndStaysOutOfTheHistory) {
    open_letters();
    run_alone("retrieval.step", {{"value", std::int64_t{7}}});
    run("playback.advance");
    EXPECT_EQ(state().view.selection.step, 8);
    run("playback.advance");
    EXPECT_EQ(state().view.selection.step, 0) << "begins again";
    EXPECT_EQ(runner().undo_title(), "Undo Set the step");
    run_alone("playback.back");
    EXPECT_EQ(state().view.selection.step, 0) << "one frame back stops at the beginning";
}

TEST_F(Commands, TheTimelineOverBetaStaysOnTheSlider) {
    open_letters();
    run("playback.timeline", {{"timeline", std::string("beta")}});
    const double before = shell_->services().retrieval().view().beta;
    run_alone("playback.forward");
    EXPECT_GT(state().view.selection.beta, before);
    run_alone("retrieval.beta", {{"value", 1e9}});
    settle();
    run_alone("playback.forward");
    EXPECT_LT(state().view.selection.beta, 1e9);
}

} // namespace
} // namespace attnscope::ui
