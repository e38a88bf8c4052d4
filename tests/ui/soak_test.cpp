// Thousands of commands, right and wrong, with files that are opened and closed, a window that changes its size,
// sessions that are saved and opened while others load: memory, descriptors and threads stay what they were.
//
// ATTNSCOPE_SOAK_COMMANDS=20000 makes it the long one; it prints what it measured.
#include "ui/support/bank_files.h"
#include "ui/support/random_commands.h"
#include "ui/support/resources.h"
#include "ui/support/window_test.h"

#include "support/tiny_models.h"
#include "support/waiting.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace attnscope::ui {
namespace {

class Soak : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        // A name that a command makes up is one in the folder of the test.
        std::filesystem::current_path(folder_);
        for (const std::size_t columns : {8, 12})
            files_.push_back(
                test::write_bank(folder_ / ("bank" + std::to_string(columns) + ".safetensors"), 60, columns));
        files_.push_back(test::write_bank(folder_ / "queries.safetensors", 3, 8));
        files_.push_back(write("texts.txt", "3, 1, 4, 1, 5\n2, 7, 1, 8\n").string());
        files_.push_back(write("broken.npy", "no array").string());
        files_.push_back(write("broken.json", "{\"schema\": \"attnscope.session/1\"").string());
        files_.push_back((folder_ / "missing.safetensors").string());
        for (const char* architecture : {"LlamaForCausalLM", "GPT2LMHeadModel"}) {
            const auto folder = folder_ / architecture;
            std::filesystem::create_directories(folder);
            test::TinyModel(architecture).write(folder);
            files_.push_back(folder.string());
        }
        std::vector<float> a, g;
        for (int row = 0; row < 2 * 3 * 4; ++row)
            for (int key = 0; key < 4; ++key) {
                a.push_back(key < row % 4 + 1 ? 1.0f / static_cast<float>(row % 4 + 1) : 0);
                g.push_back(static_cast<float>(key * row % 5) - 2);
            }
        const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
        const std::vector<TensorToWrite> tensors{{"A", DType::f32, {2, 3, 4, 4}, bytes(a)},
                                                 {"g", DType::f32, {2, 3, 4, 4}, bytes(g)}};
        write_safetensors(folder_ / "maps.safetensors", tensors, {});
        files_.push_back((folder_ / "maps.safetensors").string());
        every_worker_computes(folder_ / "GPT2LMHeadModel");
        sessions_ = {(folder_ / "a.json").string(), (folder_ / "b.json").string()};
        // What is written must not take the place of what is read again and again.
        commands_.emplace(*shell_,
                          std::vector{folder_ / "written.json", folder_ / "nothing.npy", folder_ / "broken.npy"});
    }

    /// LibTorch keeps threads and memory for each worker from its first parallel region there. All workers run one
    /// before anything is measured: which of them have had work so far is otherwise a matter of chance.
    void every_worker_computes(const std::filesystem::path& model) {
        constexpr int workers = lanes + 1; // two of them for batch work
        const ModelPtr opened = open_language_model(model);
        test::Gate together;
        for (int worker = 0; worker < workers; ++worker)
            jobs_->submit({.name = "first computation",
                           .lane = static_cast<Lane>(std::min(worker, lanes - 1)),
                           .run = [&](JobContext& context) {
                               EXPECT_TRUE(together.meet(workers));
                               compute_logits({.model = opened, .ids = {1, 2, 3, 4, 5, 6, 7, 8}}, context);
                           }});
        ASSERT_TRUE(test::wait_until([&] { return jobs_->idle(); }));
    }

    void step() {
        if (dice_.one_in(10)) {
            runner().run({"file.open", {{"path", dice_.of(files_)}}});
        } else if (dice_.one_in(12) || state().sources.size() > 14) {
            if (!state().sources.empty())
                runner().run({"source.unload", {{"source", std::int64_t{dice_.of(state().sources).id}}}});
        } else if (dice_.one_in(50)) {
            size_ = {float(300 + dice_.below(2000)), float(200 + dice_.below(1200))};
        } else if (dice_.one_in(60)) {
            runner().run({dice_.one_in(2) ? "session.save" : "session.open", {{"path", dice_.of(sessions_)}}});
        } else if (dice_.one_in(20)) {
            const auto name = std::string(dice_.one_in(2) ? "out.svg" : "out.json");
            runner().run(
                {"figure.export", {{"panel", dice_.of(shell_->panels())->id()}, {"path", (folder_ / name).string()}}});
        } else if (dice_.one_in(6)) {
            runner().run({dice_.one_in(3) ? "edit.redo" : "edit.undo", {}});
        } else {
            runner().run(commands_->next(dice_));
        }
        if (dice_.one_in(2)) runner().end_gesture();
        // No desktop can be asked here, and nothing is to end or to train for minutes.
        state().file_dialog = AppState::FileDialog::none;
        state().quit_wanted = state().playback.playing = false;
        frame();
    }

    /// Closed and at rest: what is held now is held for good.
    test::Resources at_rest(const char* when) {
        for (const char* id : {"cv.pause", "training.pause", "playback.pause", "compute.cancel"})
            if (shell_->commands().find(id)) runner().run({id, {}});
        state().playback.playing = false;
        state().quit_wanted = state().palette_open = state().help_open = false;
        state().typed_command.clear();
        state().export_panel.clear();
        while (!state().sources.empty())
            runner().run({"source.unload", {{"source", std::int64_t{state().sources.front().id}}}});
        runner().run({"view.unpin", {}});
        size_ = {1600, 1000};
        settle();
        const test::Resources now = test::resources();
        std::printf("%-6s  %6.1f MB  %3zu descriptors  %3zu threads\n", when, double(now.resident) / 1e6,
                    now.descriptors, now.threads);
        std::fflush(stdout);
        EXPECT_EQ(test::held_files(folder_), 0u) << when;
        EXPECT_TRUE(shell_->services().idle());
        return now;
    }

    Dice dice_{17};
    std::optional<RandomCommands> commands_;
    std::vector<std::string> files_, sessions_;
};

TEST_F(Soak, MemoryDescriptorsAndThreadsStayWhatTheyWere) {
    const char* const asked = std::getenv("ATTNSCOPE_SOAK_COMMANDS");
    const int commands = asked ? std::max(100, std::atoi(asked)) : 600;
    // What is made once, textures, tables and threads, is there after the first tenth.
    for (int i = 0; i < std::max(200, commands / 10); ++i) step();
    const test::Resources start = at_rest("start");
    for (int i = 0; i < commands / 2; ++i) step();
    const test::Resources middle = at_rest("middle");
    for (int i = 0; i < commands - commands / 2; ++i) step();
    const test::Resources end = at_rest("end");
    constexpr std::size_t allowed = std::size_t{50} << 20;
    EXPECT_LE(middle.resident, start.resident + allowed);
    EXPECT_LE(end.resident, start.resident + allowed);
    EXPECT_EQ(end.descriptors, start.descriptors);
    EXPECT_EQ(middle.threads, start.threads);
    EXPECT_EQ(end.threads, start.threads);
    // At rest no frame is due any more, once no text is being typed and the last notice has gone.
    act([](ImGuiTestContext* window) {
        for (int i = 0; i < 3; ++i) window->KeyPress(ImGuiKey_Escape);
    });
    for (int i = 0; i < 1000; ++i) frame();
    EXPECT_LT(shell_->next_frame_in(), 0);
}

} // namespace
} // namespace attnscope::ui
