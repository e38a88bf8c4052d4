// Thousands of commands as nobody would give them: whatever they are, the window lives and what it holds makes sense.
#include "ui/support/window_test.h"

#include "state/command_json.h"
#include "state/references.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <cmath>
#include <set>

namespace attnscope::ui {
namespace {

/// Draws by number: the same in every run.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : seed_(seed) {}
    std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_bits(seed_, 0, ++count_) % end); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(list.size())];
    }

private:
    std::uint64_t seed_, count_ = 0;
};

class CommandFuzz : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        std::vector<float> keys(40 * 8);
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
        save_bank(folder_ / "bank.safetensors", *make_bank("bank", 40, 8, keys));
        std::filesystem::create_directories(folder_ / "model");
        test::TinyModel("GPT2LMHeadModel").write(folder_ / "model");
        write("texts.txt", "one text\nanother text\n");
        write("nonsense.json", "{\"schema\": \"attnscope.session/1\"}");
        files_ = {folder_ / "bank.safetensors", folder_ / "model", folder_ / "texts.txt", folder_ / "nonsense.json",
                  folder_ / "nothing.npy", folder_ / "saved.json"};
        for (const CommandSpec& spec : shell_->commands().all())
            if (allowed(spec.id)) specs_.push_back(&spec);
    }

    /// Not those that run for minutes, ask the desktop, or compute elsewhere.
    static bool allowed(const std::string& id) {
        static const std::set<std::string> not_here{"cv.start", "training.start", "training.sample", "residual.run",
                                                    "residual.wordnet", "compute.device", "session.save_as", "file.sample",
                                                    "file.embed"};
        return !not_here.contains(id);
    }

    Value some_value(const Parameter& parameter, Dice& dice) {
        static const std::vector<std::int64_t> integers{0, 1, 2, 3, 7, 39, -1, -2, 100, 101, 4294967297, INT64_MAX, INT64_MIN};
        static const std::vector<double> numbers{0, 1, 0.5, -1, 3.7, 64, 1e-300, 1e300, -1e300, NAN, INFINITY};
        static const std::vector<std::string> texts{"", "a", "v1", "v2", "query", "memory 3", "memory 99999999999",
                                                    "3, 1, 4", "\xff\xfe", "9-11", "0-1", "[[[[", "{}", "Ctrl+J",
                                                    "retrieval.weights", "cv.table", "attention.map", "no.panel"};
        if (dice.one_in(40)) return dice.of(texts);   // of no type in particular
        switch (parameter.type) {
        case Parameter::Type::boolean: return dice.one_in(2);
        case Parameter::Type::integer:
            if (parameter.name == "source" && !state().sources.empty() && !dice.one_in(8))
                return std::int64_t{dice.of(state().sources).id};
            return dice.one_in(4) ? dice.of(integers) : static_cast<std::int64_t>(dice.below(6));
        case Parameter::Type::number: return dice.of(numbers);
        case Parameter::Type::text:
            if (parameter.name == "path") return dice.of(files_).string();
            if (parameter.name == "view" && !dice.one_in(3)) return dice.one_in(2) ? view_text(state().view) : last_view_;
            if (!parameter.choices.empty() && !dice.one_in(6)) return dice.of(parameter.choices);
            if (parameter.name == "panel" && !dice.one_in(4)) return dice.of(shell_->panels())->id();
            return dice.of(texts);
        case Parameter::Type::numbers: {
            const auto bank = state().bank();
            std::vector<double> values(dice.one_in(3) || !bank ? dice.below(12) : bank->d);
            for (double& value : values) value = dice.one_in(20) ? dice.of(numbers) : double(dice.below(3)) - 1;
            return values;
        }
        }
        return false;
    }

    Command some_command(Dice& dice) {
        const CommandSpec& spec = *dice.of(specs_);
        Command made{spec.id, {}};
        for (const Parameter& parameter : spec.parameters)
            if (parameter.name == "path" || !dice.one_in(10)) made.arguments[parameter.name] = some_value(parameter, dice);
        if (dice.one_in(100)) made.arguments["nonsense"] = 1.0;
        return made;
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
        for (const SourceId id : {selection.bank, selection.encoder, selection.model, selection.capture, selection.prompt,
                                  selection.query.source, now.view.alignment.grams})
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
            if (dice.one_in(6)) next = command(dice.one_in(3) ? "edit.redo" : "edit.undo");
            else if (state().sources.size() > 8) next = command("source.unload", {{"source", std::int64_t{dice.of(state().sources).id}}});
            else if (state().sources.size() < 2 && dice.one_in(3)) next = command("file.open", {{"path", dice.of(files_).string()}});
            else next = some_command(dice);
            if (would_train(next)) continue;
            SCOPED_TRACE("command " + std::to_string(i) + " of seed " + std::to_string(seed) + ": " + next.id);
            if (dice.one_in(300)) last_view_ = view_text(state().view);
            runner().run(next);
            if (dice.one_in(3)) runner().end_gesture();
            // The desktop is asked by nobody, and nobody waits.
            state().file_dialog = AppState::FileDialog::none;
            state().quit_wanted = state().playback.playing = false;
            for (const Notice& notice : state().notices)
                ASSERT_EQ(notice.text.find("assertion"), std::string::npos) << notice.text;
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

    std::vector<std::filesystem::path> files_;
    std::vector<const CommandSpec*> specs_;
    std::string last_view_ = "{}";
};

TEST_F(CommandFuzz, RandomCommandsLeaveAWindowThatMakesSense) {
    open_letters();
    play(1, 8000);
}

TEST_F(CommandFuzz, AnEmptyWindowTakesThemToo) { play(2, 4000); }

}  // namespace
}  // namespace attnscope::ui
