// The softmax gradient workspace on a model of a few thousand numbers.
#include "ui/support/window_test.h"

#include "support/tiny_models.h"

#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {
namespace {

using Sizes = test::TinySizes;

class SoftmaxGradient : public WindowTest {
protected:
    void open_model(const std::string& text = "3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9") {
        const auto folder = folder_ / "model";
        std::filesystem::create_directories(folder);
        test::TinyModel("LlamaForCausalLM").write(folder);
        enter();
        run_alone("file.open", {{"path", folder.string()}});
        settle();
        ASSERT_NE(state().model(), nullptr);
        ASSERT_EQ(state().view.workspace, Workspace::jacobian);
        run_alone("attention.text", {{"text", text}});
        settle();
    }
    void enter() { run_alone("view.workspace", {{"workspace", std::string("jacobian")}}); }
    void set(const char* id, std::int64_t value) {
        run_alone(id, {{"value", value}});
        settle();
    }
    JacobianSlots& slots() { return shell_->services().jacobian(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
};

TEST_F(SoftmaxGradient, WithoutAModelItOffersTheSample) {
    enter();
    for (int i = 0; i < 4; ++i) frame();
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###jacobian.map/Open the sample")); });
}

TEST_F(SoftmaxGradient, ShowsEveryHeadOfTheOpenedModelInEveryPanel) {
    open_model();
    const auto asked = slots().result();
    ASSERT_TRUE(asked.result && !asked.stale);
    EXPECT_EQ(asked.result->heads.size(), static_cast<std::size_t>(Sizes::layers * Sizes::heads));
    EXPECT_EQ(slots().length(), 12u) << "13 tokens: twelve and the next of each";
    const auto visible = shell_->visible_panels();
    for (const char* panel : {"jacobian.map", "jacobian.row", "jacobian.energy"})
        EXPECT_EQ(std::ranges::count(visible, panel), 1) << panel;
    for (const std::string& panel : jacobian::panel_ids()) EXPECT_FALSE(figure(panel).axes.empty()) << panel;
}

TEST_F(SoftmaxGradient, CutsTheTextAndScrubsItsRows) {
    open_model();
    set("jacobian.length", 4);
    EXPECT_EQ(slots().sequences(), 3u);
    set("jacobian.row", 6);
    EXPECT_EQ(slots().view().sequence, 1u);
    EXPECT_EQ(slots().view().row, 2);
    EXPECT_NE(figure("jacobian.row").subtitle.find("sequence 1, query 2"), std::string::npos);
    run_alone("playback.forward");
    settle();
    EXPECT_EQ(slots().view().row, 3);
    set("jacobian.blocks", 1);
    EXPECT_EQ(slots().view().sequence, 0u) << "the nearest row there is";
    runner().undo();
    EXPECT_EQ(state().view.jacobian.blocks, 8);
    EXPECT_THROW(run("jacobian.length", {{"value", std::int64_t{0}}}), Error);
}

TEST_F(SoftmaxGradient, SelectsAHeadAndAMetricAndUndoesBoth) {
    open_model();
    run_alone("jacobian.select", {{"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    run_alone("jacobian.metric", {{"metric", std::string("cos_diag")}});
    settle();
    EXPECT_NE(figure("jacobian.row").subtitle.find("layer 1, head 2"), std::string::npos);
    const Figure map = figure("jacobian.map");
    EXPECT_EQ(std::get<HeatMap>(map.axes[0].elements[0]).label, jacobian::metric_label(jacobian::Metric::cos_diag));
    runner().undo();
    EXPECT_EQ(state().view.jacobian.metric, jacobian::Metric::r_diag);
    runner().undo();
    EXPECT_EQ(state().view.selection.layer, 0);
    EXPECT_THROW(run("jacobian.select", {{"layer", std::int64_t{9}}, {"head", std::int64_t{0}}}), Error);
}

TEST_F(SoftmaxGradient, ComparesTwoTextsAndOpensWhatItWrote) {
    open_model();
    run_alone("view.pin");
    run_alone("attention.text", {{"text", std::string("9, 8, 7, 6, 5, 4, 3, 2, 1, 0")}});
    run_alone("jacobian.select", {{"layer", std::int64_t{1}}, {"head", std::int64_t{1}}});
    settle();
    EXPECT_TRUE(shell_->services().shown("jacobian.map").with_pinned);
    EXPECT_FALSE(shell_->services().shown("jacobian.row").with_pinned);
    run_alone("view.unpin");
    settle();
    const auto path = folder_ / "row.svg";
    run_alone("figure.export", {{"panel", std::string("jacobian.row")}, {"path", path.string()}});
    settle();
    ASSERT_TRUE(std::filesystem::exists(path));
    run_alone("attention.text", {{"text", std::string("1, 2, 3")}});
    run_alone("jacobian.select", {{"layer", std::int64_t{0}}, {"head", std::int64_t{0}}});
    run_alone("file.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().view.workspace, Workspace::jacobian);
    EXPECT_EQ(slots().view().layer, 1);
    EXPECT_EQ(slots().length(), 9u);
}

TEST_F(SoftmaxGradient, LooksIntoCapturedMapsAsWell) {
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
    write_safetensors(folder_ / "maps.safetensors", tensors, {});
    run_alone("file.open", {{"path", (folder_ / "maps.safetensors").string()}});
    settle();
    ASSERT_NE(state().captures(), nullptr);
    EXPECT_EQ(state().view.workspace, Workspace::jacobian);
    const auto asked = slots().result();
    ASSERT_TRUE(asked.result);
    EXPECT_EQ(asked.result->heads.size(), 3u);
    set("jacobian.row", 6);
    set("jacobian.head", 2);
    EXPECT_NE(figure("jacobian.row").subtitle.find("head 2"), std::string::npos);
    EXPECT_NE(figure("jacobian.row").subtitle.find("sequence 1, query 2"), std::string::npos);
    EXPECT_THROW(run("jacobian.row", {{"value", std::int64_t{8}}}), Error);
    const auto path = folder_ / "energy.svg";
    run_alone("figure.export", {{"panel", std::string("jacobian.energy")}, {"path", path.string()}});
    settle();
    set("jacobian.head", 0);
    run_alone("file.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(slots().view().head, 2);
    open_model();
    EXPECT_EQ(state().captures(), nullptr) << "a model that is opened is what is looked into";
}

TEST_F(SoftmaxGradient, SaysWhenATextHasNoNextToken) {
    open_model("7");
    for (int i = 0; i < 3; ++i) frame();
    EXPECT_EQ(slots().sequences(), 0u);
    EXPECT_STRNE(slots().obstacle(), "");
}

} // namespace
} // namespace attnscope::ui
