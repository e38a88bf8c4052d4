// Sessions and scripts that once did harm: every file of tests/data/hostile, and of the golden folder where there is
// one.
#include "ui/support/window_test.h"

#include "shell/script.h"
#include "state/session.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <set>

namespace attnscope::ui {
namespace {

namespace fs = std::filesystem;

class Hostile : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        std::vector<float> keys(40 * 8);
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
        save_bank(folder_ / "bank.safetensors", *make_bank("bank", 40, 8, keys));
        fs::create_directories(out());
        fs::create_directories(folder_ / "models" / "gpt2-tiny");
        // Whatever its family, it reads the blocks that a sweep starts with.
        test::TinyModel model("LlamaForCausalLM");
        model.config["max_position_embeddings"] = 256;
        model.write(folder_ / "models" / "gpt2-tiny");
    }
    fs::path out() const { return folder_ / "out"; }

    /// The file with this machine's paths for the words in capitals.
    fs::path prepared(const fs::path& file) {
        std::string text = read_file(file, std::size_t{1} << 20);
        const auto replace = [&text](const std::string& word, const std::string& by) {
            for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
                text.replace(at, word.size(), by);
        };
        replace("\"BANK\"", "\"" + (folder_ / "bank.safetensors").string() + "\"");
        replace("OUT/", out().string() + "/");
        replace("MODELS/", (folder_ / "models").string() + "/");
        return write(file.filename().string(), text);
    }
    static fs::path file(const std::string& name) { return fs::path(ATTNSCOPE_TEST_DATA) / "hostile" / name; }

    void run_script(const fs::path& path) {
        Script script = Script::parse(read_file(path, std::size_t{1} << 20), path.filename().string());
        frames_until([&] { return script.advance(*shell_); });
    }
    /// Opens a session and undoes all that it has to undo.
    void open_and_undo(const fs::path& path) {
        run_alone("session.open", {{"path", path.string()}});
        settle();
        for (int i = 0; i < 3; ++i) run_alone("edit.undo");
        settle();
    }
    std::string refusal(const fs::path& path) {
        try {
            run("session.open", {{"path", path.string()}});
        } catch (const Error& error) {
            EXPECT_EQ(error.kind, ErrorKind::input) << error.what();
            return error.what();
        }
        ADD_FAILURE() << path << " was opened";
        return "";
    }
};

TEST_F(Hostile, AHistoryThatSavesASessionIsNotCarriedOut) {
    open_and_undo(prepared(file("session_history_session_save.json")));
    EXPECT_TRUE(fs::is_empty(out()));
    EXPECT_TRUE(said("history left out"));
    EXPECT_NE(state().bank(), nullptr) << "the rest of the session is there";
    EXPECT_EQ(state().view.selection.beta, 3);
}

TEST_F(Hostile, AHistoryThatExportsAFigureIsNotCarriedOut) {
    open_and_undo(prepared(file("session_history_figure_export.json")));
    EXPECT_TRUE(fs::is_empty(out()));
    EXPECT_TRUE(said("history left out"));
}

TEST_F(Hostile, AHistoryThatSwitchesLayersOfNoModelIsRefused) {
    open_and_undo(prepared(file("session_history_switch.json")));
    EXPECT_TRUE(said("Could not undo"));
    EXPECT_FALSE(runner().can_redo());
}

TEST_F(Hostile, RedoWithoutItsBankOrModelIsRefusedAndTheScriptGoesOn) {
    for (const char* name : {"plane_undo_unload_redo.json", "addmem_unloadall_redo.json",
                             "res_head_undo_unload_redo.json", "res_switch_undo_unload_redo.json"}) {
        reopen();
        run_script(prepared(file(name)));
        EXPECT_TRUE(said("Could not redo")) << name;
        EXPECT_TRUE(runner().history().redo.empty()) << name;
    }
}

TEST_F(Hostile, ALayoutWithANodeInItselfIsLeftOutAndSaid) {
    run_alone("session.open", {{"path", prepared(file("sess_layout_dock.json")).string()}});
    settle();
    EXPECT_TRUE(said("layout"));
    EXPECT_NE(state().bank(), nullptr);
    EXPECT_FALSE(shell_->visible_panels().empty());
}

TEST_F(Hostile, ValuesThatNoFloatHoldsAreRefusedByName) {
    const std::string said = refusal(prepared(file("sess_valuesnan.json")));
    EXPECT_NE(said.find("keys"), std::string::npos) << said;
}

TEST_F(Hostile, ANumberOfStepsBeyondIntegersIsRefusedByName) {
    const std::string said = refusal(prepared(file("sess_wraptrain.json")));
    EXPECT_NE(said.find("steps"), std::string::npos) << said;
    EXPECT_NE(said.find("4294967306"), std::string::npos) << said;
}

TEST_F(Hostile, NestingWithoutEndIsRefused) {
    const std::string deep(100'000, '[');
    refusal(write("deep.json", deep));
    const std::string head = "{\"schema\": \"attnscope.session/1\", \"sources\": [], \"view\": {\"cv\": {\"dims\": ";
    refusal(write("inside.json", head + deep + std::string(deep.size(), ']') + "}}}"));
    EXPECT_THROW(run("view.restore", {{"view", deep}}), Error);
    EXPECT_THROW(Script::parse(deep, "deep.json"), Error);
}

/// Whatever a file of the golden folder holds, the window lives and nothing is written.
TEST_F(Hostile, EveryFileOfTheGoldenFolderHarmsNothing) {
    const char* const golden = std::getenv("ATTNSCOPE_GOLDEN");
    const fs::path folder = golden ? fs::path(golden) / "hostile" : fs::path();
    if (!golden || !fs::exists(folder)) GTEST_SKIP() << "ATTNSCOPE_GOLDEN is not set";
    int files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        ++files;
        reopen();
        const fs::path path = prepared(entry.path());
        try {
            if (read_file(path, std::size_t{1} << 20).starts_with('['))
                run_script(path);
            else
                open_and_undo(path);
        } catch (const Error& error) {
            EXPECT_NE(error.kind, ErrorKind::internal) << path << " " << error.what();
        }
        settle();
        EXPECT_TRUE(fs::is_empty(out())) << path;
    }
    EXPECT_GT(files, 5);
}

} // namespace
} // namespace attnscope::ui
