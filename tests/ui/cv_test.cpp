// The CV bands workspace on a model of a few thousand numbers, and the experiment while it is trained.
#include "ui/support/window_test.h"

#include "support/tiny_models.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace attnscope::ui {
namespace {

using Sizes = test::TinySizes;

class CvBands : public WindowTest {
protected:
    void open_model(const std::string& text = "3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8") {
        const auto folder = folder_ / "model";
        std::filesystem::create_directories(folder);
        test::TinyModel("LlamaForCausalLM").write(folder);
        run_alone("view.workspace", {{"workspace", std::string("cv")}});
        run_alone("file.open", {{"path", folder.string()}});
        settle();
        ASSERT_NE(state().model(), nullptr);
        ASSERT_EQ(state().view.workspace, Workspace::cv) << "a model opens where models are looked into";
        run_alone("attention.text", {{"text", text}});
        settle();
    }
    void set_up_experiment(std::int64_t epochs = 3) {
        run_alone("view.workspace", {{"workspace", std::string("cv")}});
        run_alone("cv.experiment",
                  {{"dims", std::vector<double>{16, 32}}, {"heads", std::vector<double>{1, 2}}, {"epochs", epochs}});
        run_alone("cv.samples", {{"value", std::int64_t{40}}});
    }
    void finish_experiment() {
        run_alone("cv.start");
        frames_until([this] { return !slots().run().running(); });
        settle();
    }
    CvSlots& slots() { return shell_->services().cv(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
    const cv::Matrix* matrix(const std::string& name) {
        const auto matrices = slots().matrices().result;
        if (!matrices) return nullptr;
        const auto found = std::ranges::find(*matrices, name, &cv::Matrix::name);
        return found == matrices->end() ? nullptr : &*found;
    }
    std::string file(const std::string& name) {
        std::ostringstream text;
        text << std::ifstream(folder_ / name).rdbuf();
        return text.str();
    }
};

TEST_F(CvBands, WithoutAModelItOffersTheSampleAndTheExperiment) {
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    for (int i = 0; i < 4; ++i) frame();
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###cv.band/Start the experiment")); });
    EXPECT_EQ(shell_->visible_panels().size(), 3u);
}

TEST_F(CvBands, AnOpenedModelIsOnTheBandWithItsActivations) {
    open_model();
    const auto matrices = slots().matrices();
    ASSERT_TRUE(matrices.result && !matrices.stale);
    ASSERT_TRUE(matrix("embedding") && matrix("layers.0.Q_h0") && matrix("layers.1.out_proj"));
    EXPECT_TRUE(matrix("layers.0.act_Q_h0")) << "of the text";
    const auto visible = shell_->visible_panels();
    for (const char* panel : {"cv.band", "cv.map", "cv.volumes"}) {
        EXPECT_EQ(std::ranges::count(visible, panel), 1) << panel;
        EXPECT_FALSE(figure(panel).axes.empty()) << panel;
    }
    for (const char* panel : {"cv.dimension", "cv.table"}) EXPECT_FALSE(figure(panel).axes.empty()) << panel;
    run_alone("cv.activations");
    settle();
    EXPECT_FALSE(matrix("layers.0.act_Q_h0"));
    EXPECT_TRUE(matrix("layers.0.Q_h0"));
}

TEST_F(CvBands, ASelectedMatrixIsTheOneOfEveryPanelAndOfAttention) {
    open_model();
    run_alone("cv.select", {{"kind", std::string("Q")}, {"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    settle();
    EXPECT_NE(figure("cv.volumes").subtitle.find("layers.1.Q_h2"), std::string::npos) << figure("cv.volumes").subtitle;
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    settle();
    EXPECT_EQ(shell_->services().attention().layer(), 1);
    EXPECT_EQ(shell_->services().attention().head(), 2);
    run_alone("selection.head", {{"value", std::int64_t{0}}});
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    settle();
    EXPECT_EQ(slots().view().head, 0);
    run_alone("cv.kind", {{"kind", std::string("embedding")}});
    settle();
    EXPECT_NE(figure("cv.volumes").subtitle.find("embedding"), std::string::npos);
    runner().undo();
    EXPECT_EQ(state().view.cv.kind, cv::Kind::query);
    EXPECT_THROW(run("cv.select", {{"kind", std::string("Q")}, {"layer", std::int64_t{99}}, {"head", std::int64_t{0}}}),
                 Error);
}

TEST_F(CvBands, SamplingIsChosenInTheBarAndUndone) {
    open_model();
    const auto before = matrix("embedding")->n_valid;
    run_alone("cv.samples", {{"value", std::int64_t{1000}}});
    settle();
    EXPECT_GT(matrix("embedding")->n_valid, before);
    run_alone("cv.points", {{"value", std::int64_t{4}}});
    run_alone("cv.band", {{"low", 0.2}, {"high", 0.9}});
    settle();
    EXPECT_EQ(slots().view().parameters.points, 4);
    runner().undo();
    EXPECT_DOUBLE_EQ(state().view.cv.parameters.band.low, 0.13);
    EXPECT_THROW(run("cv.points", {{"value", std::int64_t{9}}}), Error);
    EXPECT_THROW(run("cv.band", {{"low", 0.5}, {"high", 0.2}}), Error);
}

TEST_F(CvBands, TheTableIsCopiedAndSaved) {
    open_model();
    run_alone("cv.copy_table", {{"format", std::string("tex")}});
    EXPECT_NE(copied_.find("\\begin{tabular}"), std::string::npos);
    EXPECT_NE(copied_.find("layers.0.Q\\_h0"), std::string::npos);
    run_alone("cv.save_table", {{"path", (folder_ / "table.csv").string()}});
    settle();
    EXPECT_EQ(file("table.csv").substr(0, 5), "name,");
    EXPECT_THROW(run("cv.save_table", {{"path", (folder_ / "table.doc").string()}}), Error);
}

TEST_F(CvBands, PlayingTrainsTheExperimentAndThenRunsThroughItsEpochs) {
    set_up_experiment();
    run_alone("playback.forward");
    EXPECT_TRUE(slots().run().running());
    frames_until([this] { return !slots().run().running(); });
    settle();
    const auto experiment = slots().experiment().result;
    ASSERT_TRUE(experiment);
    EXPECT_EQ(experiment->finished(), 4u);
    EXPECT_EQ(slots().last_epoch(), 3);
    EXPECT_EQ(std::ranges::count(shell_->visible_panels(), "cv.training"), 1);
    EXPECT_EQ(figure("cv.training").axes.size(), 3u);
    run_alone("playback.back");
    EXPECT_EQ(state().view.cv.epoch, 2);
    run_alone("cv.config", {{"dim", std::int64_t{32}}, {"heads", std::int64_t{2}}});
    settle();
    EXPECT_NE(figure("cv.training").subtitle.find("32 × 2"), std::string::npos);
    EXPECT_THROW(run("cv.config", {{"dim", std::int64_t{5}}, {"heads", std::int64_t{2}}}), Error);
    for (const char* panel : {"cv.grid", "cv.relation"}) EXPECT_FALSE(figure(panel).axes.empty()) << panel;
}

TEST_F(CvBands, APausedExperimentGoesOnFromThere) {
    set_up_experiment(60);
    run_alone("cv.start");
    frames_until([this] {
        const auto experiment = slots().experiment().result;
        return experiment && std::ranges::any_of(experiment->configs, [](const auto& c) { return c->loss.size() > 4; });
    });
    run_alone("cv.pause");
    EXPECT_FALSE(slots().run().running());
    frames_until([this] { return jobs_->idle(); });
    settle();
    const auto left = slots().experiment().result;
    EXPECT_LT(left->finished(), 4u);
    run_alone("cv.start");
    frames_until([this] { return !slots().run().running(); });
    settle();
    const auto whole = slots().experiment().result;
    EXPECT_EQ(whole->finished(), 4u);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t e = 0; e < left->configs[i]->loss.size(); ++e)
            EXPECT_EQ(left->configs[i]->loss[e], whole->configs[i]->loss[e]);
}

TEST_F(CvBands, ASavedRunOpensAndIsComparedWithAnother) {
    set_up_experiment();
    finish_experiment();
    const auto first = slots().experiment().result;
    run_alone("cv.save_run", {{"path", (folder_ / "run.json").string()}});
    settle();
    const auto saved = nlohmann::json::parse(file("run.json"));
    EXPECT_EQ(saved["schema"], "attnscope.cv/1");
    EXPECT_EQ(saved["result"]["configs"].size(), 4u);
    reopen();
    run_alone("file.open", {{"path", (folder_ / "run.json").string()}});
    settle();
    ASSERT_EQ(state().view.workspace, Workspace::cv);
    const auto opened = slots().experiment().result;
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->configs[3]->loss, first->configs[3]->loss);
    run_alone("view.pin");
    run_alone("cv.seed", {{"value", std::int64_t{7}}});
    finish_experiment();
    EXPECT_NE(slots().experiment().result->configs[3]->loss, first->configs[3]->loss);
    const Figure compared = figure("cv.training");
    const auto is_a = [](const Element& element) {
        const auto* const line = std::get_if<Line>(&element);
        return line && line->name == "A";
    };
    for (const Axes& axes : compared.axes) EXPECT_EQ(std::ranges::count_if(axes.elements, is_a), 1);
}

TEST_F(CvBands, AFigureOpensItsStateAndSessionsRestoreIt) {
    open_model();
    run_alone("cv.select", {{"kind", std::string("V")}, {"layer", std::int64_t{1}}, {"head", std::int64_t{3}}});
    run_alone("cv.experiment",
              {{"dims", std::vector<double>{16}}, {"heads", std::vector<double>{2}}, {"epochs", std::int64_t{9}}});
    run_alone("session.save", {{"path", (folder_ / "session.json").string()}});
    settle();
    const View before = state().view;
    reopen();
    run_alone("session.open", {{"path", (folder_ / "session.json").string()}});
    settle();
    EXPECT_EQ(state().view.cv, before.cv);
    EXPECT_EQ(state().view.workspace, Workspace::cv);
    finish_experiment();
    run_alone("figure.export", {{"panel", std::string("cv.training")}, {"path", (folder_ / "training.svg").string()}});
    settle();
    EXPECT_NE(file("training.svg").find("experiment"), std::string::npos);
    EXPECT_FALSE(said("expected")) << state().notices.back().text;
}

} // namespace
} // namespace attnscope::ui
