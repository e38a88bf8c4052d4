// What is closed is let go: mappings, descriptors and results of every kind of source.
#include "ui/support/bank_files.h"
#include "ui/support/resources.h"
#include "ui/support/window_test.h"

#include "support/tiny_bert.h"
#include "support/tiny_models.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {
namespace {

constexpr int cycles = 30;

class ClosedSources : public WindowTest {
protected:
    std::string bank_file(const std::string& name, std::size_t rows = 40, std::size_t columns = 8) {
        return test::write_bank(folder_ / name, rows, columns);
    }
    std::string model_folder(const std::string& name) {
        const auto folder = folder_ / name;
        std::filesystem::create_directories(folder);
        test::TinyModel("LlamaForCausalLM").write(folder);
        return folder.string();
    }
    std::string captures_file(const std::string& name) {
        std::vector<float> a, g;
        for (int row = 0; row < 2 * 3 * 4; ++row)
            for (int key = 0; key < 4; ++key) {
                const int seen = row % 4 + 1;
                a.push_back(key < seen ? 1.0f / static_cast<float>(seen) : 0);
                g.push_back(static_cast<float>(key * row % 5) - 2);
            }
        const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
        const std::vector<TensorToWrite> tensors{{"A", DType::f32, {2, 3, 4, 4}, bytes(a)},
                                                 {"g", DType::f32, {2, 3, 4, 4}, bytes(g)}};
        write_safetensors(folder_ / name, tensors, {});
        return (folder_ / name).string();
    }
    void enter(const char* workspace) { run_alone("view.workspace", {{"workspace", std::string(workspace)}}); }
    void show_every_panel() {
        for (const auto& panel : shell_->panels()) {
            if (panel->workspace() != state().view.workspace) continue;
            run_alone("view.panel", {{"panel", panel->id()}, {"open", true}});
            state().focus_panel = panel->id();
            settle();
        }
    }
    void remember_open() {
        for (const Source& source : state().sources) {
            held_.insert(held_.end(), {source.bank, source.encoder, source.queries, source.model, source.captures,
                                       source.grams, source.texts});
            if (!source.loading) EXPECT_FALSE(source.error) << source.error->what();
        }
    }
    void close_all() {
        while (!state().sources.empty())
            run_alone("source.unload", {{"source", std::int64_t{state().sources.front().id}}});
        settle();
    }
    std::ptrdiff_t still_held() const {
        return std::ranges::count_if(held_, [](const std::weak_ptr<const void>& held) { return !held.expired(); });
    }
    /// Opens a file thirty times, looks at it and closes it.
    void open_and_close(
        const std::string& path, const std::function<void()>& look = [] {}) {
        for (int cycle = 0; cycle < cycles; ++cycle) {
            run_alone("file.open", {{"path", path}});
            settle();
            look();
            if (cycle == 0) show_every_panel();
            remember_open();
            close_all();
        }
        EXPECT_EQ(still_held(), 0) << "of " << held_.size();
        EXPECT_EQ(test::held_files(folder_), 0u);
    }

    void close_selected_text() {
        run_alone("source.unload", {{"source", std::int64_t{state().view.selection.prompt}}});
        settle();
    }
    /// Opens a text thirty times, looks at it and closes it; the rest stays open.
    void open_and_close_texts(const std::function<void()>& open) {
        Services& services = shell_->services();
        for (int cycle = 0; cycle < cycles; ++cycle) {
            open();
            settle();
            if (cycle == 0) show_every_panel();
            ASSERT_TRUE(services.attention().read());
            remember(services.attention().read());
            if (state().view.workspace == Workspace::attention) {
                ASSERT_TRUE(services.attention().capture().result);
                remember(services.attention().capture().result);
            }
            if (state().view.workspace == Workspace::cv) remember(services.cv().matrices().result);
            if (state().view.workspace == Workspace::jacobian) {
                ASSERT_TRUE(services.training().request().text);
                remember(services.training().request().text);
                remember(services.jacobian().result().result);
                remember(services.jacobian().maps().result);
            }
            close_selected_text();
        }
        EXPECT_EQ(still_held(), 0) << "of " << held_.size();
    }
    void remember(const std::shared_ptr<const void>& held) {
        if (held) held_.push_back(held);
    }

    std::vector<std::weak_ptr<const void>> held_;
};

TEST_F(ClosedSources, Banks) {
    open_and_close(bank_file("bank.safetensors", 40, 8), [this] { ASSERT_TRUE(state().bank()); });
    EXPECT_GE(held_.size(), std::size_t{cycles});
}

TEST_F(ClosedSources, ABankThatWasPinned) {
    open_and_close(bank_file("bank.safetensors", 40, 8), [this] {
        run_alone("view.pin");
        settle();
    });
    run_alone("view.unpin");
    settle();
    EXPECT_EQ(still_held(), 0);
}

TEST_F(ClosedSources, ABankThatIsClosedFromAnotherWorkspace) {
    open_and_close(bank_file("bank.safetensors", 40, 8), [this] {
        if (std::ranges::any_of(state().sources, [](const Source& source) { return source.bank != nullptr; })) {
            remember_open();
            enter("cv");
            settle();
        }
        close_all();
        run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
    });
}

TEST_F(ClosedSources, Queries) {
    const std::string bank = bank_file("bank.safetensors", 40, 8), queries = bank_file("queries.safetensors", 3, 8);
    open_and_close(bank, [&] {
        run_alone("file.open", {{"path", queries}});
        settle();
        ASSERT_TRUE(
            std::ranges::any_of(state().sources, [](const Source& source) { return source.queries != nullptr; }));
    });
}

TEST_F(ClosedSources, Captures) {
    open_and_close(captures_file("maps.safetensors"), [this] { ASSERT_TRUE(state().captures()); });
}

TEST_F(ClosedSources, ModelsInEveryWorkspaceThatLooksIntoThem) {
    for (const char* workspace : {"attention", "cv", "alignment", "jacobian", "residual"}) {
        held_.clear();
        enter(workspace);
        open_and_close(model_folder(std::string("model ") + workspace), [this] {
            ASSERT_TRUE(state().model());
            run_alone("attention.text", {{"text", std::string("3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8")}});
            settle();
        });
    }
}

TEST_F(ClosedSources, Grams) {
    enter("alignment");
    run_alone("file.open", {{"path", model_folder("model")}});
    settle();
    const auto tables = shell_->services().alignment().tables();
    ASSERT_TRUE(tables.result);
    write_grams(folder_ / "grams.json", *tables.result->operators);
    close_all();
    open_and_close((folder_ / "grams.json").string(), [this] { ASSERT_NE(state().view.alignment.grams, 0u); });
}

TEST_F(ClosedSources, Texts) {
    enter("attention");
    const std::string path = write("texts.txt", "1, 2, 3\n4, 5, 6\n").string();
    open_and_close(path);
    // What a model that stays open made of them goes with them.
    run_alone("file.open", {{"path", model_folder("model")}});
    settle();
    for (const char* workspace : {"attention", "cv", "jacobian"}) {
        enter(workspace);
        open_and_close_texts([&] { run_alone("file.open", {{"path", path}}); });
        open_and_close_texts([&] { run_alone("attention.text", {{"text", std::string("3, 1, 4, 1, 5")}}); });
    }
}

TEST_F(ClosedSources, TextsThatWereSwept) {
    std::string ids;
    for (int i = 0; i < 200; ++i) ids += std::to_string(i * i % 11) + " ";
    const std::string path = write("texts.txt", ids + "\n").string();
    enter("residual");
    run_alone("file.open", {{"path", model_folder("model")}});
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    run_alone("residual.ranks", {{"ranks", std::vector<double>{0, 1}}});
    settle();
    ResidualSlots& slots = shell_->services().residual();
    for (int cycle = 0; cycle < 3; ++cycle) {
        run_alone("file.open", {{"path", path}});
        settle();
        ASSERT_TRUE(slots.shown_result()) << (slots.error() ? slots.error()->what() : "");
        ASSERT_TRUE(slots.text());
        held_.insert(held_.end(), {slots.shown_result(), slots.text()});
        if (cycle == 0) show_every_panel();
        close_selected_text();
    }
    EXPECT_EQ(still_held(), 0) << "of " << held_.size();
}

TEST_F(ClosedSources, Encoders) {
    const auto folder = folder_ / "encoder";
    std::filesystem::create_directories(folder);
    test::TinyBert().write(folder);
    const std::string bank = bank_file("bank.safetensors", 40, test::TinyBert::hidden);
    open_and_close(folder.string(), [&] {
        run_alone("file.open", {{"path", bank}});
        settle();
        run_alone("query.text", {{"text", std::string("a b c")}});
        settle();
        ASSERT_TRUE(state().encoder());
    });
}

TEST_F(ClosedSources, ResultsAndWhatTheyOpen) {
    run_alone("file.open", {{"path", bank_file("bank.safetensors", 40, 8)}});
    settle();
    run_alone("figure.export",
              {{"panel", std::string("retrieval.entropy")}, {"path", (folder_ / "figure.json").string()}});
    settle();
    close_all();
    open_and_close((folder_ / "figure.json").string(), [this] { ASSERT_TRUE(state().bank()); });
}

} // namespace
} // namespace attnscope::ui
