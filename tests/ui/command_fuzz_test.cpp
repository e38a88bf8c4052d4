// Thousands of commands as nobody would give them: whatever they are, the window lives and what it holds makes sense.
#include "ui/support/random_commands.h"
#include "ui/support/window_test.h"

#include "state/command_json.h"
#include "state/references.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <cmath>
#include <optional>
#include <set>

namespace attnscope::ui {
namespace {

class CommandFuzz : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        // A name that a command makes up is one in the folder of the test.
        std::filesystem::current_path(folder_);
        std::vector<float> keys(40 * 8);
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
        save_bank(folder_ / "bank.safetensors", *make_bank("bank", 40, 8, keys));
        std::filesystem::create_directories(folder_ / "model");
        test::TinyModel("GPT2LMHeadModel").write(folder_ / "model");
        write("texts.txt", "one text\nanother text\n");
        write("nonsense.json", "{\"schema\": \"attnscope.session/1\"}");
        commands_.emplace(*shell_,
                          std::vector{folder_ / "bank.safetensors", folder_ / "model", folder_ / "texts.txt",
                                      folder_ / "nonsense.json", folder_ / "nothing.npy", folder_ / "saved.json"});
    }

    void TearDown() override {
        std::filesystem::current_path(folder_.parent_path());
        WindowTest::TearDown();
    }

    /// Playing is what starts the experiments of these workspaces.
    bool would_train(const Command& command) const {
        return command.id.starts_with("playback.") &&
               (state_of().view.workspace == Workspace::cv || state_of().view.workspace == Workspace::jacobian);
    }
    const AppState& state_of() const { return shell_->state(); }

    void check_invariants(const Command& after) {
        const AppState& now = state_of();
        std::set<SourceId> ids;
        for (const Source& source : now.sources) {
            ASSERT_TRUE(ids.insert(source.id).second) << after.id;
            ASSERT_GT(source.id, 0u) << after.id;
            ASSERT_LT(source.id, now.next_source_id) << after.id;
        }
        const Selection& selection = now.view.selection;
        for (const SourceId id : {selection.bank, selection.encoder, selection.model, selection.capture,
                                  selection.prompt, selection.query.source, now.view.alignment.grams})
            ASSERT_TRUE(id == 0 || ids.contains(id)) << after.id << " refers to " << id;
        ASSERT_TRUE(std::isfinite(selection.beta) && selection.beta >= 0) << after.id;
        ASSERT_TRUE(selection.gain >= 0.125 && selection.gain <= 64) << after.id;
        ASSERT_TRUE(now.view.retrieval.steps >= 1 && now.view.retrieval.steps <= 100) << after.id;
        ASSERT_TRUE(selection.step >= 0 && selection.step <= now.view.retrieval.steps) << after.id;
        ASSERT_TRUE(now.view.retrieval.lambda >= 0 && now.view.retrieval.lambda <= 1) << after.id;
        ASSERT_TRUE(selection.layer >= 0 && selection.head >= 0 && selection.token >= -1) << after.id;
        ASSERT_LE(now.notices.size(), 20u) << after.id;
        ASSERT_LE(shell_->runner().history().undo.size(), 500u) << after.id;
        ASSERT_TRUE(now.preferences.zoom >= 0.5f && now.preferences.zoom <= 3) << after.id;
    }

    void play(std::uint64_t seed, int count) {
        Dice dice(seed);
        for (int i = 0; i < count; ++i) {
            Command next;
            if (dice.one_in(6))
                next = command(dice.one_in(3) ? "edit.redo" : "edit.undo");
            else if (state().sources.size() > 8)
                next = command("source.unload", {{"source", std::int64_t{dice.of(state().sources).id}}});
            else if (state().sources.size() < 2 && dice.one_in(3))
                next = command("file.open", {{"path", dice.of(commands_->files()).string()}});
            else
                next = commands_->next(dice);
            if (would_train(next)) continue;
            SCOPED_TRACE("command " + std::to_string(i) + " of seed " + std::to_string(seed) + ": " + next.id);
            if (dice.one_in(300)) commands_->remember_view(view_text(state().view));
            runner().run(next);
            if (dice.one_in(3)) runner().end_gesture();
            // The desktop is asked by nobody, and nobody waits.
            state().file_dialog = AppState::FileDialog::none;
            state().quit_wanted = state().playback.playing = false;
            for (const Notice& notice : state().notices)
                ASSERT_EQ(notice.text.find("its contrary"), std::string::npos) << notice.text;
            check_invariants(next);
            if (HasFatalFailure()) return;
            if (i % 200 == 0) {
                const View back = view_from_text(view_text(state().view), "view");
                ASSERT_EQ(view_text(back), view_text(state().view));
            }
            if (dice.one_in(25)) frame();
        }
        run_alone("view.workspace_retrieval");
        settle();
        EXPECT_TRUE(std::ranges::none_of(state().sources, [](const Source& source) { return source.loading; }));
    }

    std::optional<RandomCommands> commands_;
};

TEST_F(CommandFuzz, RandomCommandsLeaveAWindowThatMakesSense) {
    open_letters();
    play(1, 4000);
}

TEST_F(CommandFuzz, AnEmptyWindowTakesThemToo) {
    play(2, 2000);
}

} // namespace
} // namespace attnscope::ui
