// What the attention panels export is drawn again from its recipe, exactly as it was seen.
#include "ui/support/window_test.h"

#include "shell/workspaces.h"
#include "support/chat_model.h"

#include <attnscope/attention_recipe.h>
#include <attnscope/compare_figures.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {
namespace {

class AttentionExport : public WindowTest {
protected:
    void open_model(const std::string& folder, const std::string& text) {
        run_alone("file.open", {{"path", (folder_ / folder).string()}});
        settle();
        ASSERT_NE(state().model(), nullptr);
        run_alone("attention.text", {{"text", text}});
        settle();
        ASSERT_NE(services().attention().read(), nullptr);
    }
    void open_reader(const std::string& text = "hello world, hello little world") {
        test::write_chat_model(folder_ / "reader");
        open_model("reader", text);
    }
    /// A model that reads ids.
    void open_ids(const std::string& ids, std::int64_t positions = 64) {
        std::filesystem::create_directories(folder_ / "ids");
        test::TinyModel model("LlamaForCausalLM");
        model.resize(40, positions);
        model.write(folder_ / "ids");
        open_model("ids", ids);
    }
    Services& services() { return shell_->services(); }

    Recipe exported(const std::string& panel) {
        run("figure.export", {{"panel", panel}, {"path", svg().string()}, {"style", std::string("icml")}});
        settle();
        return Recipe::parse(read_recipe(svg()));
    }
    std::filesystem::path svg() const { return folder_ / "exported.svg"; }

    /// Exports the panel, draws the recipe and compares the bytes.
    void expect_redrawn(const std::string& panel) {
        // One that is not in sight computes what it is asked for.
        try {
            services().shown(panel);
        } catch (const Error&) {
            settle();
        }
        const Recipe recipe = exported(panel);
        ThreadPool pool(2);
        JobContext context(pool);
        std::vector<Warning> warnings;
        const auto drawn = [&](const Recipe& of) {
            AttentionJob job = attention_job(of, {folder_});
            load_inputs(job, context, warnings);
            return std::pair(attention_figure(job, job.figure.value(), context), *job.figure);
        };
        auto [figure, spec] = drawn(recipe);
        if (recipe.pinned) compare_with_pinned(figure, drawn(*recipe.pinned).first, recipe.beside);
        zoom_into(figure, spec.zoom);
        figure.recipe = read_recipe(svg());
        EXPECT_EQ(figure_svg(figure, find_style(spec.style)), read_file(svg())) << panel;
    }
    void expect_all_redrawn() {
        for (const std::string& panel : attention::panel_ids()) expect_redrawn(panel);
    }
    void zoom(const std::string& panel, double x_low, double x_high, double y_low, double y_high) {
        run("view.zoom_plot",
            {{"panel", panel}, {"x_low", x_low}, {"x_high", x_high}, {"y_low", y_low}, {"y_high", y_high}});
        for (int i = 0; i < 3; ++i) frame();
        settle();
    }
};

TEST_F(AttentionExport, OfAHeadAndAQuery) {
    open_reader();
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    run_alone("selection.token", {{"value", std::int64_t{4}}});
    run_alone("selection.gain", {{"value", 3.0}});
    settle();
    expect_all_redrawn();
    run_alone("attention.gain_scope", {{"scope", std::string("layers")}});
    settle();
    expect_all_redrawn();
    run_alone("attention.top_one", {{"on", true}});
    settle();
    expect_all_redrawn();
}

TEST_F(AttentionExport, OfAMapWithoutItsSink) {
    open_reader();
    run_alone("attention.without_sink", {{"on", true}});
    settle();
    expect_redrawn("attention.map");
    run_alone("attention.renormalize", {{"on", true}});
    settle();
    expect_redrawn("attention.map");
    EXPECT_NE(read_file(svg()).find("renormalised"), std::string::npos) << "the figure says so";
}

TEST_F(AttentionExport, OfTypedIdsAndOfMessages) {
    open_ids("3, 1, 4, 1, 5, 9, 2, 6");
    expect_all_redrawn();
    open_reader("hello");
    run_alone("attention.chat", {{"on", true}});
    settle();
    EXPECT_TRUE(services().attention().read()->text.starts_with("<|im_start|>"));
    expect_all_redrawn();
}

TEST_F(AttentionExport, OfAMapThatIsZoomedInto) {
    open_reader();
    zoom("attention.map", 1.5, 4.25, 2.5, 6.75);
    expect_redrawn("attention.map");
    EXPECT_EQ(services().shown("attention.map").zoom.size(), 1u);
    // A long one is shown in detail there.
    std::string ids;
    for (int i = 0; i < 700; ++i) ids += std::to_string(i * 7 % 40) + " ";
    open_ids(ids, 1024);
    zoom("attention.map", 100, 160, 300, 360);
    expect_redrawn("attention.map");
    const Figure seen = services().figure("attention.map");
    EXPECT_EQ(std::ranges::count_if(seen.axes.front().elements,
                                    [](const Element& e) { return std::holds_alternative<HeatMap>(e); }),
              1)
        << "the coarse map does not show through where the detail is blank";
    zoom("attention.rows", 10, 90, 0.5, 2);
    expect_redrawn("attention.rows");
}

TEST_F(AttentionExport, OfWhatIsComparedWithA) {
    open_reader();
    run_alone("view.pin");
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{1}}});
    run_alone("selection.gain", {{"value", 0.5}});
    settle();
    expect_all_redrawn();
    run_alone("attention.beside", {{"on", true}});
    settle();
    expect_redrawn("attention.map");
    // A of another model, on the same words.
    test::write_chat_model(folder_ / "other", test::chatml_template, 20);
    run_alone("attention.beside", {{"on", false}});
    run_alone("file.open", {{"path", (folder_ / "other").string()}});
    settle();
    settle();
    expect_all_redrawn();
    EXPECT_TRUE(services().shown("attention.map").with_pinned);
}

TEST_F(AttentionExport, OfHeadsOverASetOfTexts) {
    open_reader();
    run_alone("file.open", {{"path", write("texts.txt", "hello world\nworld hello hello\nlittle words\n").string()}});
    settle();
    run_alone("attention.whole_set", {{"on", true}});
    settle();
    expect_all_redrawn();
}

TEST_F(AttentionExport, OpeningTheFigureBringsItsViewBack) {
    open_reader();
    run_alone("view.pin");
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{3}}});
    run_alone("attention.without_sink", {{"on", true}});
    run_alone("attention.chat", {{"on", true}});
    settle();
    zoom("attention.map", 0.5, 3.5, 1.5, 5.5);
    const Recipe recipe = exported("attention.map");
    const View before = state().view;
    reopen();
    run_alone("file.open", {{"path", svg().string()}});
    settle();
    for (int i = 0; i < 8; ++i) frame();
    settle();
    EXPECT_EQ(state().view.attention, before.attention);
    EXPECT_EQ(state().view.selection.head, 3);
    ASSERT_TRUE(state().pinned);
    EXPECT_EQ(state().pinned->view.selection.head, 0);
    EXPECT_FALSE(state().pinned->view.attention.chat);
    const auto zooms = services().shown("attention.map").zoom;
    ASSERT_EQ(zooms.size(), 1u);
    EXPECT_NEAR(zooms[0].x[0], 0.5, 1e-9);
    EXPECT_NEAR(zooms[0].y[1], 5.5, 1e-9);
    expect_redrawn("attention.map");
    EXPECT_EQ(exported("attention.map").params, recipe.params);
}

} // namespace
} // namespace attnscope::ui
