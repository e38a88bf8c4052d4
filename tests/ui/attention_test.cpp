// The attention workspace on a model of a few thousand numbers: what follows what, and what is said when there is none.
#include "ui/support/window_test.h"

#include "shell/workspaces.h"
#include "support/tiny_models.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {
namespace {

using Sizes = test::TinySizes;

class Attention : public WindowTest {
protected:
    std::filesystem::path model_folder(const std::string& architecture = "LlamaForCausalLM") {
        const auto folder = folder_ / architecture;
        std::filesystem::create_directories(folder);
        test::TinyModel(architecture).write(folder);
        return folder;
    }
    /// A model that reads ids: it has no tokenizer.
    void open_model(const std::string& text = "3, 1, 4, 1, 5, 9, 2, 6") {
        run_alone("file.open", {{"path", model_folder().string()}});
        settle();
        ASSERT_NE(state().model(), nullptr)
            << (state().sources.front().error ? state().sources.front().error->what() : "");
        ASSERT_EQ(state().view.workspace, Workspace::attention);
        run_alone("attention.text", {{"text", text}});
        settle();
        ASSERT_NE(slots().read(), nullptr);
    }
    AttentionSlots& slots() { return shell_->services().attention(); }
    Figure figure(const std::string& panel) { return shell_->services().figure(panel); }
};

TEST_F(Attention, WithoutAModelItSaysWhatToDo) {
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    for (int i = 0; i < 4; ++i) frame();
    EXPECT_EQ(state().view.workspace, Workspace::attention);
    EXPECT_FALSE(state().prompt_text().empty()) << "a text is there before a model is";
    act([](ImGuiTestContext* window) { IM_CHECK(window->ItemExists("//###sources.attention/Open…")); });
}

TEST_F(Attention, TabsAndKeysSwitchWorkspacesAndUndoGoesBack) {
    open_letters();
    act([](ImGuiTestContext* window) { window->ItemClick("//##workspaces/Attention"); });
    EXPECT_EQ(state().view.workspace, Workspace::attention);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_1); });
    EXPECT_EQ(state().view.workspace, Workspace::retrieval);
    act([](ImGuiTestContext* window) { window->KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z); });
    EXPECT_EQ(state().view.workspace, Workspace::attention);
}

TEST_F(Attention, EveryWorkspaceKeepsALayoutOfItsOwn) {
    open_letters();
    const auto retrieval = shell_->visible_panels();
    open_model();
    auto visible = shell_->visible_panels();
    std::ranges::sort(visible);
    EXPECT_EQ(visible,
              (std::vector<std::string>{"attention.gain", "attention.heads", "attention.map", "attention.text"}));
    run_alone("view.panel", {{"panel", std::string("attention.map")}, {"open", false}});
    run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
    for (int i = 0; i < 6; ++i) frame();
    EXPECT_EQ(shell_->visible_panels(), retrieval) << "the other workspace's panels stay where they were";
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    for (int i = 0; i < 6; ++i) frame();
    EXPECT_EQ(std::ranges::count(shell_->visible_panels(), "attention.map"), 0);
    run_alone("view.reset_layout");
    for (int i = 0; i < 6; ++i) frame();
    EXPECT_EQ(std::ranges::count(shell_->visible_panels(), "attention.map"), 1);
}

TEST_F(Attention, AnOpenedModelShowsItsHeadsItsMapAndItsText) {
    open_model();
    const auto overview = slots().overview();
    ASSERT_TRUE(overview.result && !overview.stale);
    EXPECT_EQ(overview.result->layers, Sizes::layers);
    EXPECT_EQ(overview.result->heads, Sizes::heads);
    const auto map = slots().map();
    ASSERT_TRUE(map.result);
    EXPECT_EQ(map.result->rows, 8);
    const auto row = slots().row();
    ASSERT_TRUE(row.result);
    EXPECT_EQ(row.result->weights.size(), 8u) << "the last token is the query until one is chosen";
    for (const char* panel : {"attention.heads", "attention.map", "attention.text", "attention.gain"})
        EXPECT_FALSE(figure(panel).axes.empty()) << panel;
}

TEST_F(Attention, TheCellAndTheQueryMoveEveryPanel) {
    open_model();
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    run_alone("selection.token", {{"value", std::int64_t{4}}});
    settle();
    EXPECT_EQ(slots().map().view.layer, 1);
    EXPECT_EQ(slots().map().view.head, 2);
    EXPECT_EQ(slots().row().result->weights.size(), 5u);
    EXPECT_EQ(slots().capture().result->layer, 1);
    runner().undo();
    runner().undo();
    settle();
    EXPECT_EQ(slots().map().view.head, 0);
    EXPECT_EQ(slots().row().result->weights.size(), 8u);
    EXPECT_THROW(run("attention.cell", {{"layer", std::int64_t{99}}, {"head", std::int64_t{0}}}), Error);
    EXPECT_THROW(run("selection.head", {{"value", std::int64_t{Sizes::heads}}}), Error);
    EXPECT_THROW(run("selection.token", {{"value", std::int64_t{8}}}), Error);
}

TEST_F(Attention, TheGainOfTheHeadLeavesTheModelAlone) {
    open_model();
    const auto heads = slots().overview().result;
    const double before = slots().rows().result->mean_entropy;
    run_alone("selection.gain", {{"value", 8.0}});
    settle();
    EXPECT_LT(slots().rows().result->mean_entropy, before);
    EXPECT_EQ(slots().overview().result, heads);
    run_alone("attention.gain_scope", {{"scope", std::string("layers")}});
    settle();
    EXPECT_EQ(slots().overview().result->gain, 8);
    EXPECT_NE(slots().overview().result->entropy.mean, heads->entropy.mean);
    EXPECT_EQ(slots().gain_curves().read, slots().read()) << "the curve stays that of the head alone";
    run_alone("attention.top_one", {{"on", true}});
    settle();
    EXPECT_NEAR(slots().rows().result->mean_entropy, 0, 1e-6);
    run_alone("attention.gain_default");
    settle();
    EXPECT_EQ(slots().gain(), 1);
    EXPECT_NEAR(slots().rows().result->mean_entropy, before, 1e-6);
    EXPECT_THROW(run("selection.gain", {{"value", 100.0}}), Error);
}

TEST_F(Attention, TheMapLeavesOutTheSink) {
    open_model();
    run_alone("attention.without_sink", {{"on", true}});
    settle();
    EXPECT_TRUE(std::isnan(slots().map().result->weights[8])) << "column 0 of row 1";
    run_alone("attention.renormalize", {{"on", true}});
    settle();
    const auto map = slots().map().result;
    double sum = 0;
    for (int column = 1; column < 8; ++column) sum += map->weights[std::size_t(7 * 8 + column)];
    EXPECT_NEAR(sum, 1, 1e-5);
}

TEST_F(Attention, HeadsAreColouredByWhatIsChosen) {
    open_model();
    const auto values = [this] {
        return std::get<HeatMap>(figure("attention.heads").axes.front().elements.front()).values;
    };
    const auto entropy = values();
    run_alone("attention.colour", {{"by", std::string("previous")}});
    settle();
    EXPECT_NE(values(), entropy);
    run_alone("attention.colour", {{"by", std::string("induction")}});
    settle();
    EXPECT_TRUE(slots().overview().result->induction_on_random);
    EXPECT_THROW(run("attention.colour", {{"by", std::string("beauty")}}), Error);
}

TEST_F(Attention, AFilmMovesTheQuery) {
    open_model();
    run_alone("selection.token", {{"value", std::int64_t{0}}});
    run_alone("playback.forward");
    EXPECT_EQ(state().view.selection.token, 1);
    run_alone("playback.timeline", {{"timeline", std::string("layer")}});
    run_alone("playback.forward");
    EXPECT_EQ(state().view.selection.layer, 1);
    run_alone("playback.timeline", {{"timeline", std::string("gain")}});
    run_alone("playback.forward");
    EXPECT_GT(state().view.selection.gain, 1);
    EXPECT_THROW(run("playback.timeline", {{"timeline", std::string("beta")}}), Error);
    run_alone("playback.timeline", {{"timeline", std::string("token")}});
    run_alone("playback.play");
    frames_until([this] { return state().view.selection.token > 2; });
}

TEST_F(Attention, AHeadBecomesABankWhoseFirstStepIsTheHead) {
    open_model();
    run_alone("selection.token", {{"value", std::int64_t{6}}});
    run_alone("selection.gain", {{"value", 2.0}});
    settle();
    const auto row = slots().row().result;
    run_alone("attention.head_bank");
    EXPECT_EQ(state().view.workspace, Workspace::retrieval);
    EXPECT_TRUE(said("is a bank now"));
    settle();
    ASSERT_NE(state().bank(), nullptr);
    EXPECT_EQ(state().bank()->n, 7u);
    EXPECT_EQ(state().bank()->d, std::size_t(Sizes::head_dim));
    EXPECT_NEAR(state().view.selection.beta, 2 / std::sqrt(double(Sizes::head_dim)), 1e-9);
    const auto traced = shell_->services().retrieval().trace();
    ASSERT_TRUE(traced.result) << (traced.error ? traced.error->what() : "");
    const auto& step = traced.result->traces.front().steps.at(1);
    EXPECT_NEAR(step.entropy, row->entropy, 1e-4);
    EXPECT_NEAR(step.max_weight, *std::ranges::max_element(row->weights), 1e-5);
    runner().undo();
    EXPECT_EQ(state().view.workspace, Workspace::attention);
}

TEST_F(Attention, APinnedModelIsSubtractedOrStandsBeside) {
    open_model();
    run_alone("view.pin");
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{1}}});
    settle();
    const auto label = [this] {
        return std::get<HeatMap>(figure("attention.map").axes.front().elements.front()).label;
    };
    EXPECT_TRUE(label().starts_with("Δ to A")) << label();
    const Figure curves = figure("attention.gain");
    const auto is_a = [](const Element& element) {
        const auto* line = std::get_if<Line>(&element);
        return line && line->name == "A";
    };
    EXPECT_TRUE(std::ranges::any_of(curves.axes.front().elements, is_a));
    run_alone("attention.beside", {{"on", true}});
    settle();
    ASSERT_EQ(figure("attention.map").axes.size(), 2u);
    EXPECT_EQ(figure("attention.map").axes.back().title, "A");

    run_alone("file.open", {{"path", model_folder("GPT2LMHeadModel").string()}});
    settle();
    run_alone("view.pin_model", {{"source", std::int64_t{1}}});
    settle();
    EXPECT_EQ(state().pinned->view.selection.model, 1u);
    EXPECT_NE(state().view.selection.model, 1u);
    EXPECT_EQ(figure("attention.heads").axes.size(), 2u);
}

TEST_F(Attention, AnUnloadedModelLeavesNothingBehind) {
    open_model();
    std::weak_ptr<const LanguageModel> model = state().model();
    run_alone("source.unload", {{"source", std::int64_t{state().view.selection.model}}});
    settle();
    for (int i = 0; i < 4; ++i) frame();
    EXPECT_EQ(state().model(), nullptr);
    EXPECT_TRUE(model.expired()) << "no slot, cache or panel keeps it in memory";
    EXPECT_THROW(shell_->services().figure("attention.map"), Error);
}

TEST_F(Attention, AModelThatCannotBeReadKeepsItsRow) {
    const auto folder = model_folder();
    write_file(folder / "config.json", "{\"model_type\": \"abacus\", \"architectures\": [\"AbacusForCausalLM\"]}");
    run_alone("file.open", {{"path", folder.string()}});
    settle();
    ASSERT_EQ(state().sources.size(), 1u);
    ASSERT_TRUE(state().sources.front().error.has_value());
    EXPECT_NE(std::string(state().sources.front().error->what()).find("Abacus"), std::string::npos);
}

TEST_F(Attention, WhatTheModelCannotReadIsSaid) {
    open_model();
    run_alone("attention.text", {{"text", std::string("no numbers here")}});
    settle();
    ASSERT_TRUE(slots().read_error().has_value());
    run_alone("attention.text", {{"text", std::string("1, 2, 999999")}});
    settle();
    EXPECT_TRUE(slots().read_error().has_value());
    run_alone("attention.text", {{"text", std::string("1, 2, 3")}});
    settle();
    EXPECT_FALSE(slots().read_error().has_value());
    EXPECT_EQ(slots().row().result->weights.size(), 3u);
    EXPECT_THROW(run("attention.text", {{"text", std::string(" \n")}}), Error);
}

TEST_F(Attention, ATextFileIsASetAndItsMeanHasIntervals) {
    open_model();
    const auto path = write("texts.txt", "1 2 3 4\n4 3 2 1\n5 6 7 8 9\n");
    run_alone("file.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().prompt_text(), "1 2 3 4");
    const auto id = std::int64_t{state().view.selection.prompt};
    run_alone("selection.prompt", {{"source", id}, {"text", std::int64_t{2}}});
    settle();
    EXPECT_EQ(slots().read()->ids.size(), 5u);
    EXPECT_THROW(run("selection.prompt", {{"source", id}, {"text", std::int64_t{3}}}), Error);
    run_alone("attention.whole_set", {{"on", true}});
    settle();
    EXPECT_FALSE(slots().overview().result->entropy.half_width.empty());
}

TEST_F(Attention, ASessionRestoresTheModelAndTheView) {
    open_model();
    run_alone("attention.cell", {{"layer", std::int64_t{1}}, {"head", std::int64_t{2}}});
    run_alone("selection.token", {{"value", std::int64_t{3}}});
    run_alone("attention.colour", {{"by", std::string("sink")}});
    run_alone("playback.timeline", {{"timeline", std::string("layer")}});
    const View view = state().view;
    const auto path = folder_ / "attention.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    reopen();
    run_alone("session.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().view, view);
    EXPECT_EQ(state().playback.timeline(Workspace::attention), Timeline::layer);
    ASSERT_NE(state().model(), nullptr);
    EXPECT_EQ(slots().map().view.head, 2);
}

TEST_F(Attention, ClicksInTheBarAndTheTextAreCommands) {
    open_model();
    act([](ImGuiTestContext* window) {
        window->SetRef("##transport");
        window->ItemInputValue("##gain value", "4");
        window->ItemInputValue("##head", "3");
        window->ComboClick("##colour/sink");
        window->ItemClick("∞");
    });
    EXPECT_DOUBLE_EQ(state().view.selection.gain, 4);
    EXPECT_EQ(state().view.selection.head, 3);
    EXPECT_EQ(state().view.attention.colour, attention::HeadColour::sink);
    EXPECT_TRUE(state().view.attention.top_one);
    act([](ImGuiTestContext* window) {
        window->KeyPress(ImGuiKey_L);
        window->Yield(3);
        window->KeyChars("1");
        window->KeyPress(ImGuiKey_Enter);
        window->Yield(2);
    });
    EXPECT_EQ(state().view.selection.layer, 1);
}

TEST_F(Attention, TheInspectorExplainsThePanelInSight) {
    open_letters();
    for (int i = 0; i < 4; ++i) frame();
    const auto visible = shell_->visible_panels();
    EXPECT_NE(std::ranges::find(visible, state().view.outlined_panel), visible.end()) << state().view.outlined_panel;
}

TEST_F(Attention, TheDeviceIsChosen) {
    run_alone("compute.find_devices");
    settle();
    ASSERT_FALSE(state().devices.empty());
    EXPECT_TRUE(state().devices.front().starts_with("cpu"));
    run_alone("compute.device", {{"device", std::string("cpu")}});
    EXPECT_EQ(jobs_->device().name(), "cpu");
    EXPECT_THROW(run("compute.device", {{"device", std::string("abacus")}}), Error);
}

} // namespace
} // namespace attnscope::ui
