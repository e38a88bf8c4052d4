// The low-rank workspace on a model of a few thousand numbers.
#include "ui/support/window_test.h"

#include "support/tiny_models.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace attnscope::ui {
namespace {

using Sizes = test::TinySizes;

class LowRank : public WindowTest {
protected:
    void open_model(const char* architecture = "LlamaForCausalLM") {
        const auto folder = folder_ / "model";
        std::filesystem::create_directories(folder);
        test::TinyModel(architecture).write(folder);
        run_alone("view.workspace", {{"workspace", std::string("residual")}});
        run_alone("file.open", {{"path", folder.string()}});
        settle();
        ASSERT_NE(state().model(), nullptr);
        ASSERT_EQ(state().view.workspace, Workspace::residual);
    }
    void sweep() {
        open_model();
        std::string ids;
        for (std::uint64_t i = 0; i < 200; ++i) ids += std::to_string(random_bits(5, 1, i) % Sizes::vocabulary) + " ";
        run_alone("attention.text", {{"text", ids}});
        run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
        run_alone("residual.ranks", {{"ranks", std::vector<double>{0, 1, 3, 8}}});
        settle();
    }
    ResidualSlots& slots() { return shell_->services().residual(); }
    residual::ResultPtr result() { return slots().shown_result(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
};

TEST_F(LowRank, WithoutAModelOrWithAShortTextItSaysWhatToDo) {
    run_alone("view.workspace", {{"workspace", std::string("residual")}});
    for (int i = 0; i < 4; ++i) frame();
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###residual.curve/Open the sample")); });
    EXPECT_EQ(shell_->visible_panels().size(), 3u);
    open_model();
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    run_alone("attention.text", {{"text", std::string("1 2 3 4 5")}});
    settle();
    ASSERT_TRUE(slots().error());
    EXPECT_EQ(slots().error()->subject, "text");
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###residual.curve/Take glosses of WordNet")); });
}

TEST_F(LowRank, ASweepFillsEveryPanelAndTheRankMovesThroughIt) {
    sweep();
    ASSERT_TRUE(result() && result()->finished());
    EXPECT_EQ(result()->plan.blocks, 8);
    for (const char* panel :
         {"residual.curve", "residual.map", "residual.variance", "residual.text", "residual.spectrum"})
        EXPECT_FALSE(figure(panel).axes.empty()) << panel;
    EXPECT_EQ(slots().spectra().result->heads_found.size(), std::size_t{Sizes::layers * Sizes::heads});
    run_alone("residual.rank", {{"value", std::int64_t{2}}});
    settle();
    EXPECT_EQ(slots().view().rank, 1) << "the nearest that was swept";
    run_alone("playback.forward");
    EXPECT_EQ(state().view.selection.rank, 3);
    run_alone("residual.block", {{"value", std::int64_t{5}}});
    settle();
    EXPECT_NE(figure("residual.text").subtitle.find("block\u00a05"), std::string::npos)
        << figure("residual.text").subtitle;
    runner().undo();
    EXPECT_EQ(state().view.residual.block, 0);
}

TEST_F(LowRank, HeadsAndLayersAreSwitchedByAClick) {
    sweep();
    const auto whole = result();
    EXPECT_EQ(whole->plan.heads.size(), std::size_t{Sizes::layers * Sizes::heads}) << "fewer than three layers: all";
    run_alone("residual.switch_layer", {{"layer", std::int64_t{0}}});
    settle();
    EXPECT_EQ(result()->plan.layers, std::vector<int>{1});
    EXPECT_TRUE(state().view.residual.parameters.heads.empty());
    run_alone("residual.switch_head", {{"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    settle();
    EXPECT_EQ(result()->plan.heads.size(), std::size_t{Sizes::heads - 1});
    run_alone("residual.switch_head", {{"layer", std::int64_t{0}}, {"head", std::int64_t{3}}});
    settle();
    EXPECT_EQ(result()->plan.heads.front(), (residual::HeadChoice{0, 3}));
    EXPECT_NE(result()->top1.nll, whole->top1.nll);
    EXPECT_EQ(result()->baseline.nll, whole->baseline.nll);
    run_alone("residual.layers", {{"layers", std::string("0-1")}});
    settle();
    EXPECT_EQ(result(), whole) << "what was computed is kept";
    EXPECT_THROW(run("residual.layers", {{"layers", std::string("1,x")}}), Error);
    EXPECT_THROW(run("residual.layers", {{"layers", std::string("9")}}), Error);
    run_alone("residual.switch_layer", {{"layer", std::int64_t{0}}});
    EXPECT_THROW(run("residual.switch_layer", {{"layer", std::int64_t{1}}}), Error) << "one stays";
}

TEST_F(LowRank, AnotherRankTakesOverTheOnesThatAreThere) {
    sweep();
    const auto before = result();
    run_alone("residual.ranks", {{"ranks", std::vector<double>{1, 2}}});
    settle();
    ASSERT_TRUE(result()->finished());
    EXPECT_EQ(result()->curve[0].loss.nll, before->curve[1].loss.nll);
    run_alone("residual.calibration", {{"calibration", std::string("leading")}});
    settle();
    EXPECT_TRUE(result()->plan.leaks);
}

TEST_F(LowRank, APinnedCalibrationIsLaidOverTheCurve) {
    sweep();
    run_alone("view.pin");
    run_alone("residual.calibration", {{"calibration", std::string("leading")}});
    settle();
    const auto is_a = [](const Element& element) {
        const auto* const line = std::get_if<Line>(&element);
        return line && line->name == "A";
    };
    const Figure compared = figure("residual.curve");
    EXPECT_EQ(std::ranges::count_if(compared.axes.front().elements, is_a), 1);
}

TEST_F(LowRank, SessionsAndFiguresKeepTheOptions) {
    sweep();
    run_alone("residual.form", {{"form", std::string("tail")}});
    run_alone("residual.top_k", {{"value", std::int64_t{2}}});
    run_alone("residual.exclude_sink");
    run_alone("residual.click", {{"click", std::string("head")}});
    run_alone("residual.switch_head", {{"layer", std::int64_t{0}}, {"head", std::int64_t{1}}});
    settle();
    run_alone("session.save", {{"path", (folder_ / "session.json").string()}});
    settle();
    const ResidualOptions before = state().view.residual;
    reopen();
    run_alone("session.open", {{"path", (folder_ / "session.json").string()}});
    settle();
    EXPECT_EQ(state().view.residual, before);
    ASSERT_TRUE(result());
    EXPECT_TRUE(result()->finished());
    run_alone("figure.export", {{"panel", std::string("residual.curve")}, {"path", (folder_ / "curve.svg").string()}});
    settle();
    std::ostringstream svg;
    svg << std::ifstream(folder_ / "curve.svg").rdbuf();
    EXPECT_NE(svg.str().find("residual"), std::string::npos);
    run_alone("file.open", {{"path", (folder_ / "curve.svg").string()}});
    settle();
    EXPECT_EQ(state().view.workspace, Workspace::residual);
}

} // namespace
} // namespace attnscope::ui
