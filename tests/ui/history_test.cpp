// Undo and redo: what a file may bring back, and what is refused when it is no longer there.
#include "ui/support/window_test.h"

#include "state/command_json.h"
#include "state/session.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <malloc.h>

#include <set>

namespace attnscope::ui {
namespace {

class Histories : public WindowTest {
protected:
    /// A session of the letters with these steps to undo, opened.
    void open_with_history(std::deque<History::Entry> undo, std::deque<History::Entry> redo = {}) {
        open_letters();
        const auto path = write("history.json", session_json(state(), {}, History{std::move(undo), std::move(redo)}));
        run_alone("session.open", {{"path", path.string()}});
        settle();
    }
    SourceId open_bank_file() {
        std::vector<float> keys(40 * 8);
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
        save_bank(folder_ / "bank.safetensors", *make_bank("bank", 40, 8, keys));
        run_alone("file.open", {{"path", (folder_ / "bank.safetensors").string()}});
        settle();
        EXPECT_NE(state().bank(), nullptr);
        return state().view.selection.bank;
    }
};

TEST_F(Histories, EveryCommandThatReachesBeyondTheViewIsOfTheWorld) {
    const std::set<std::string> subjects{"file", "session", "source", "figure", "compute"};
    const std::set<std::string> others{
        "edit.undo",      "edit.redo",         "view.theme_dark",      "view.theme_light",   "view.zoom",
        "view.zoom_in",   "view.zoom_out",     "view.zoom_reset",      "view.presentation",  "view.full_screen",
        "view.palette",   "view.reset_layout", "help.rebind",          "help.hints",         "help.keys",
        "cv.start",       "cv.pause",          "cv.save_run",          "cv.copy_table",      "cv.save_table",
        "residual.run",   "residual.stop",     "residual.wordnet",     "training.start",     "training.sample",
        "training.pause", "training.save",     "training.export",      "playback.play",      "playback.advance",
        "playback.back",  "playback.forward",  "retrieval.add_memory", "attention.head_bank"};
    std::set<std::string> seen;
    for (const CommandSpec& spec : shell_->commands().all()) {
        if (spec.id == "compute.seed") continue; // what is drawn, not where
        const bool of_world = subjects.contains(spec.id.substr(0, spec.id.find('.'))) || others.contains(spec.id) ||
                              spec.id.starts_with("edit.");
        if (others.contains(spec.id)) seen.insert(spec.id);
        EXPECT_EQ(spec.kind == CommandKind::world, of_world) << spec.id;
    }
    EXPECT_EQ(seen, others);
    EXPECT_EQ(CommandSpec{}.kind, CommandKind::world) << "what may less is never assumed";
}

TEST_F(Histories, AFileBringsBackStepsThatSetTheViewAlone) {
    const Command beta = command("retrieval.beta", {{"value", 1.0}});
    std::deque<History::Entry> undo;
    for (const CommandSpec& spec : shell_->commands().all())
        if (spec.kind == CommandKind::world) undo.push_back({beta, command(spec.id)});
    const auto hostile = undo.size();
    undo.push_back({command("session.save", {{"path", (folder_ / "made").string()}}), beta});
    undo.push_back({beta, command("nothing.known")});
    undo.push_back({beta, command("retrieval.beta", {{"value", std::string("nine")}})});
    undo.push_back({beta, command("view.restore", {{"view", std::string("{\"selection\": 3}")}})});
    undo.push_back({beta, command("selection.bank", {{"source", std::int64_t{77}}})});
    undo.push_back({beta, command("retrieval.beta", {{"value", 9.0}})});
    open_with_history(undo, undo);
    EXPECT_TRUE(said(std::to_string(2 * (hostile + 5)) + " steps of the session's history left out"));
    ASSERT_EQ(runner().history().undo.size(), 1u);
    ASSERT_EQ(runner().history().redo.size(), 1u);
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 9);
    EXPECT_FALSE(runner().can_undo());
}

TEST_F(Histories, UndoneStepsOfAFileWriteNothingAndQuitNothing) {
    const auto target = folder_ / "victim";
    std::deque<History::Entry> undo;
    for (const char* id : {"session.save", "cv.save_run", "training.save", "training.export", "cv.save_table"})
        undo.push_back({command("retrieval.beta", {{"value", 1.0}}), command(id, {{"path", target.string()}})});
    undo.push_back({command("retrieval.beta", {{"value", 1.0}}), command("file.quit")});
    undo.push_back(
        {command("retrieval.beta", {{"value", 1.0}}), command("source.unload", {{"source", std::int64_t{1}}})});
    open_with_history(undo);
    for (std::size_t i = 0; i <= undo.size(); ++i) run_alone("edit.undo");
    settle();
    EXPECT_FALSE(std::filesystem::exists(target));
    EXPECT_FALSE(state().quit_wanted);
    EXPECT_NE(state().bank(), nullptr);
}

TEST_F(Histories, ASessionKeepsTheStepsThatSetTheView) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 5.0}});
    run_alone("retrieval.add_memory", {{"values", std::vector<double>(state().bank()->d, 1.0)}});
    run_alone("retrieval.step", {{"value", std::int64_t{5}}});
    ASSERT_EQ(runner().history().undo.size(), 3u);
    const auto path = folder_ / "kept.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    run_alone("session.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(runner().history().undo.size(), 2u) << "making a bank does more than set the view";
    EXPECT_FALSE(said("left out")) << "nothing that was the user's own is complained about";
    runner().undo();
    EXPECT_EQ(state().view.selection.step, 2);
}

TEST_F(Histories, RedoOfABankThatIsClosedIsRefused) {
    const SourceId bank = open_bank_file();
    run_alone("retrieval.plane", {{"x", std::string("v2")}, {"y", std::string("query")}});
    run_alone("retrieval.add_memory", {{"values", std::vector<double>(8, 1.0)}});
    const SourceId grown = state().view.selection.bank;
    run_alone("edit.undo");
    run_alone("edit.undo");
    run_alone("source.unload", {{"source", std::int64_t{bank}}});
    run_alone("source.unload", {{"source", std::int64_t{grown}}});
    ASSERT_EQ(state().bank(), nullptr);
    run_alone("edit.redo");
    EXPECT_TRUE(said("Could not redo"));
    run_alone("edit.redo");
    EXPECT_FALSE(runner().can_redo()) << "steps that cannot be taken are forgotten";
    settle();
    EXPECT_TRUE(state().sources.empty() || state().bank() == nullptr);
}

TEST_F(Histories, UndoOfAViewWhoseBankIsClosedIsRefusedAndChangesNothing) {
    const SourceId bank = open_bank_file();
    run_alone("retrieval.steps", {{"value", std::int64_t{12}}});
    const SourceId letters = [this] {
        run_alone("file.sample");
        settle();
        return state().view.selection.bank;
    }();
    ASSERT_NE(letters, bank);
    run_alone("selection.bank", {{"source", std::int64_t{bank}}});
    run_alone("selection.bank", {{"source", std::int64_t{letters}}});
    run_alone("source.unload", {{"source", std::int64_t{bank}}});
    const View before = state().view;
    run_alone("edit.undo");
    EXPECT_TRUE(said("Could not undo Select a bank"));
    EXPECT_EQ(state().view, before);
    run_alone("edit.undo");
    run_alone("edit.undo");
    EXPECT_NE(state().view.retrieval.steps, 12) << "which is not about the bank";
    EXPECT_EQ(state().view.selection.bank, before.selection.bank);
}

TEST_F(Histories, APinThatIsGoneIsNotReadByRedo) {
    // What is destroyed is overwritten: reading it would not pass unseen.
    ::mallopt(M_PERTURB, 0xa5);
    open_letters();
    run_alone("view.pin");
    std::vector<double> drawing(state().bank()->d, -1.0);
    drawing[3] = 1;
    run_alone("query.drawing", {{"values", drawing}});
    run_alone("retrieval.beta", {{"value", 33.0}});
    run_alone("view.show_pin");
    run_alone("edit.undo");
    const View before = state().view;
    run_alone("view.unpin");
    run_alone("edit.redo");
    ::mallopt(M_PERTURB, 0);
    EXPECT_TRUE(said("Could not redo Go to A"));
    EXPECT_EQ(state().view, before);
    settle();
}

TEST_F(Histories, UndoAndRedoOpenNothing) {
    open_letters();
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    run_alone("edit.undo");
    // A sample that was not there before would be opened on entering the workspace.
    std::filesystem::create_directories(folder_ / "cache" / "models");
    write("cache/models/SmolLM2-135M-Instruct-Q4_1.gguf", "no model");
    const auto count = state().sources.size();
    run_alone("edit.redo");
    EXPECT_EQ(state().view.workspace, Workspace::attention);
    EXPECT_EQ(state().sources.size(), count);
}

TEST_F(Histories, NumbersOfSourcesAreNotCutToSize) {
    open_letters();
    const std::int64_t beyond = (std::int64_t{1} << 32) + state().view.selection.bank;
    EXPECT_THROW(run("source.unload", {{"source", beyond}}), Error);
    EXPECT_THROW(run("selection.bank", {{"source", beyond}}), Error);
    EXPECT_THROW(run("selection.prompt", {{"source", beyond}}), Error);
    EXPECT_NE(state().bank(), nullptr);
}

TEST_F(Histories, AnIdThatIsNoPanelsIsRefused) {
    for (const char* id : {"view.panel", "view.outline"})
        EXPECT_THROW(run(id, {{"panel", std::string("retrieval.nothing")}}), Error) << id;
    View view = state().view;
    view.open_panels.insert("nothing.at.all");
    view.outlined_panel = "nothing.at.all";
    run_alone("view.restore", {{"view", view_text(view)}});
    EXPECT_FALSE(state().view.open_panels.contains("nothing.at.all"));
    EXPECT_TRUE(state().view.outlined_panel.empty());
}

TEST_F(Histories, AViewThatRefersToNothingComesBackWithoutThat) {
    open_letters();
    View view = state().view;
    view.selection.encoder = 91;
    view.selection.capture = 92;
    view.selection.query = {QueryChoice::Kind::memory, 93, 2, {}};
    run_alone("view.restore", {{"view", view_text(view)}});
    EXPECT_EQ(state().view.selection.encoder, 0u) << "or the 91st source would one day be selected";
    EXPECT_EQ(state().view.selection.capture, 0u);
    EXPECT_EQ(state().view.selection.query.source, 0u);
    EXPECT_EQ(state().view.selection.query.row, 2u);
}

TEST_F(Histories, UndoPutsBackTheFieldsThatACommandChangedAndNoOther) {
    open_letters();
    run("retrieval.step", {{"value", std::int64_t{6}}});
    run("retrieval.steps", {{"value", std::int64_t{5}}});
    EXPECT_EQ(state().view.selection.step, 5) << "no step beyond the last one";
    const Command inverse = runner().history().undo.back().inverse;
    EXPECT_EQ(inverse.id, former_view_id);
    EXPECT_EQ(std::get<std::string>(inverse.arguments.at("changes")),
              R"({"retrieval":{"steps":8},"selection":{"step":6}})");
    state().view.seed = 7; // by what no history keeps
    run("edit.undo");
    EXPECT_EQ(state().view.retrieval.steps, 8);
    EXPECT_EQ(state().view.selection.step, 6);
    EXPECT_EQ(state().view.seed, 7u);
    run("edit.redo");
    EXPECT_EQ(state().view.retrieval.steps, 5);
}

TEST_F(Histories, AGestureIsPutBackToWhereItBegan) {
    open_letters();
    runner().end_gesture();
    for (const std::int64_t steps : {7, 4, 2}) runner().run_or_throw({"retrieval.steps", {{"value", steps}}});
    EXPECT_EQ(state().view.selection.step, 2);
    runner().end_gesture();
    run("edit.undo");
    EXPECT_EQ(state().view.retrieval.steps, 8);
    EXPECT_EQ(state().view.selection.step, 2) << "as it was before";
}

TEST_F(Histories, FieldsThatCannotBeTogetherAreRefusedAndOthersAreNot) {
    EXPECT_THROW(run("cv.points", {{"value", std::int64_t{9}}}), Error);
    EXPECT_THROW(run("cv.samples", {{"value", std::int64_t{0}}}), Error);
    run("cv.samples", {{"value", std::int64_t{40}}});
    EXPECT_EQ(state().view.cv.parameters.samples, 40u);
    run("cv.group", {{"group", std::string("K_h")}});
    EXPECT_EQ(state().view.cv.group, "K_h");
    EXPECT_THROW(run("cv.group", {{"group", std::string("K")}}), Error);
    run("edit.undo");
    run("edit.undo");
    EXPECT_EQ(state().view.cv.parameters.samples, cv::Parameters().samples);
}

} // namespace
} // namespace attnscope::ui
