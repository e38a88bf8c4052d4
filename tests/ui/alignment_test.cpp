// The Alignment workspace on a model of a few thousand numbers, and on a file of grams.
#include "ui/support/window_test.h"

#include "support/tiny_models.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/compare_figures.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {
namespace {

class AlignmentWindow : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        setenv("ATTNSCOPE_CACHE", (folder_ / "cache").c_str(), 1);
    }
    void TearDown() override {
        unsetenv("ATTNSCOPE_CACHE");
        WindowTest::TearDown();
    }
    void open_model(const std::string& architecture = "LlamaForCausalLM") {
        const auto folder = folder_ / architecture;
        std::filesystem::create_directories(folder);
        test::TinyModel(architecture).write(folder);
        run_alone("view.workspace", {{"workspace", std::string("alignment")}});
        run_alone("file.open", {{"path", folder.string()}});
        settle();
        ASSERT_NE(state().model(), nullptr);
        ASSERT_EQ(state().view.workspace, Workspace::alignment) << "a model opens where models are looked into";
    }
    std::string write_grams() {
        const auto tables = slots().tables();
        attnscope::write_grams(folder_ / "grams.json", *tables.result->operators);
        return (folder_ / "grams.json").string();
    }
    AlignmentSlots& slots() { return shell_->services().alignment(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
};

TEST_F(AlignmentWindow, WithoutAModelItOffersTheSample) {
    run_alone("view.workspace", {{"workspace", std::string("alignment")}});
    for (int i = 0; i < 4; ++i) frame();
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###alignment.map/Open the sample")); });
    EXPECT_EQ(shell_->visible_panels().size(), 3u);
}

TEST_F(AlignmentWindow, SignsByChanceAreDrawnWithTheSeedOfTheView) {
    open_model();
    run_alone("compute.seed", {{"value", std::int64_t{5}}});
    settle();
    slots().signs(); // asks
    settle();
    const auto tables = slots().tables();
    const auto shown = slots().signs();
    ASSERT_TRUE(tables.result && shown.result);
    const auto ends = [](const alignment::SignChance& chance) {
        std::vector<double> all;
        for (const auto& row : chance.rows)
            for (const alignment::Range& range : {row.of_mean, row.of_head})
                all.insert(all.end(), {range.low, range.high});
        return all;
    };
    const auto of_seed = [&](std::uint64_t seed) {
        ThreadPool pool(1);
        JobContext context(pool, {.seed = seed});
        return ends(alignment::compute_sign_chance(alignment::sign_shape(*tables.result->operators), context));
    };
    EXPECT_EQ(ends(*shown.result), of_seed(5));
    EXPECT_NE(ends(*shown.result), of_seed(0));
}

TEST_F(AlignmentWindow, AnOpenedModelIsInEveryPanel) {
    open_model();
    for (const std::string& panel : alignment::panel_ids()) {
        state().focus_panel = panel;
        settle();
        EXPECT_FALSE(figure(panel).axes.empty()) << panel;
    }
    EXPECT_EQ(slots().view().anchor, 1) << "the last of two layers";
}

TEST_F(AlignmentWindow, TheAnchorAndTheHeadMoveEveryPanelAndAreUndone) {
    open_model();
    run_alone("alignment.anchor", {{"value", std::int64_t{0}}});
    run_alone("alignment.head", {{"value", std::int64_t{1}}});
    settle();
    EXPECT_NE(figure("alignment.profile").subtitle.find("anchor 0"), std::string::npos);
    EXPECT_NE(figure("alignment.profile").subtitle.find("head 1"), std::string::npos);
    EXPECT_NEAR(slots().profile()->to_anchor[0].cos, 1, 1e-12);
    runner().undo();
    frame();
    EXPECT_EQ(slots().view().head, -1);
    runner().undo();
    frame();
    EXPECT_EQ(slots().view().anchor, 1);
    run_alone("alignment.select", {{"layer", std::int64_t{1}}, {"anchor", std::int64_t{0}}});
    EXPECT_EQ(state().view.selection.layer, 1);
    run_alone("playback.advance");
    frame();
    EXPECT_EQ(slots().view().anchor, 1) << "playing moves the anchor";
    EXPECT_THROW(run("alignment.anchor", {{"value", std::int64_t{2}}}), Error);
    EXPECT_THROW(run("alignment.operator", {{"name", std::string("vo")}}), Error);
}

TEST_F(AlignmentWindow, OtherOperatorsAreComputedAndCompared) {
    open_model();
    const double qk = slots().profile()->to_anchor[0].cos;
    run_alone("view.pin");
    run_alone("alignment.operator", {{"name", std::string("ov")}});
    run_alone("alignment.norm_gain");
    settle();
    EXPECT_NE(slots().profile()->to_anchor[0].cos, qk);
    const Figure difference = figure("alignment.map");
    const auto* const map = std::get_if<HeatMap>(&difference.axes.front().elements.front());
    ASSERT_TRUE(map);
    EXPECT_NE(map->label.find("Δ to A"), std::string::npos) << map->label;
    EXPECT_EQ(map->label.find("colours end"), std::string::npos) << "where the model's colours end says nothing of Δ";
    EXPECT_EQ(map->map, ColourMap::diverging);
}

TEST_F(AlignmentWindow, AFileOfGramsStandsForAModel) {
    open_model();
    const double cos = slots().profile()->to_anchor[0].cos;
    run_alone("file.open", {{"path", write_grams()}});
    settle();
    ASSERT_NE(state().view.alignment.grams, 0u);
    EXPECT_EQ(slots().profile()->to_anchor[0].cos, cos);
    run_alone("alignment.grams", {{"source", std::int64_t{0}}});
    settle();
    EXPECT_EQ(slots().tables().result->operators->name, "LlamaForCausalLM");
}

TEST_F(AlignmentWindow, AFigureOpensItsState) {
    open_model();
    run_alone("alignment.anchor", {{"value", std::int64_t{0}}});
    run_alone("alignment.quantity", {{"name", std::string("min_cos_pa")}});
    settle();
    const std::string path = (folder_ / "map.svg").string();
    run_alone("figure.export", {{"panel", std::string("alignment.map")}, {"path", path}});
    settle();
    run_alone("alignment.anchor", {{"value", std::int64_t{1}}});
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    run_alone("file.open", {{"path", path}});
    settle();
    EXPECT_EQ(state().view.workspace, Workspace::alignment);
    EXPECT_EQ(state().view.alignment.anchor, 0);
    EXPECT_EQ(state().view.alignment.quantity, alignment::Quantity::min_cos_pa);
}

TEST_F(AlignmentWindow, AFigureComparedWithAIsDrawnAgainAndBringsBothViewsBack) {
    open_model();
    run_alone("alignment.anchor", {{"value", std::int64_t{0}}});
    run_alone("view.pin");
    run_alone("alignment.anchor", {{"value", std::int64_t{1}}});
    run_alone("alignment.operator", {{"name", std::string("ov")}});
    run_alone("alignment.quantity", {{"name", std::string("mean_cos_pa")}});
    settle();
    const std::string file = (folder_ / "map.svg").string();
    run("figure.export", {{"panel", std::string("alignment.map")}, {"path", file}});
    settle();
    const Recipe recipe = Recipe::parse(read_recipe(file));
    ASSERT_TRUE(recipe.pinned);

    ThreadPool pool(2);
    JobContext context(pool);
    const auto drawn = [&](const Recipe& of) {
        std::vector<Warning> warnings;
        AlignmentJob job = alignment_job(of, {folder_});
        load_inputs(job, context, warnings);
        return alignment_figure(job, "alignment.map", compute_alignment(job, context));
    };
    Figure figure = drawn(recipe);
    compare_with_pinned(figure, drawn(*recipe.pinned), recipe.beside);
    figure.recipe = read_recipe(file);
    EXPECT_EQ(figure_svg(figure, find_style("neurips")), read_file(file));

    reopen();
    run_alone("file.open", {{"path", file}});
    settle();
    for (int i = 0; i < 8; ++i) frame();
    settle();
    EXPECT_EQ(state().view.alignment.kind, alignment::Operator::ov);
    EXPECT_EQ(state().view.alignment.anchor, 1);
    ASSERT_TRUE(state().pinned);
    EXPECT_EQ(state().pinned->view.alignment.kind, alignment::Operator::qk);
    EXPECT_EQ(state().pinned->view.alignment.anchor, 0);
}

} // namespace
} // namespace attnscope::ui
