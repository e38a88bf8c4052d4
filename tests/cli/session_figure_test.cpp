// figure --session: the panels of every workspace that the session has something in.
#include "support/chat_model.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <attnscope/figure.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;

class SessionFigure : public testing::Test {
protected:
    SessionFigure() {
        write_chat_model(folder / "model");
        session = {
            {"schema", "attnscope.session/1"},
            {"sources",
             {{{"id", 1}, {"kind", "bank"}, {"name", "letters"}, {"letters", true}},
              {{"id", 2}, {"kind", "model"}, {"name", "model"}, {"path", (folder / "model").string()}},
              {{"id", 3}, {"kind", "prompt"}, {"name", "hello"}, {"prompt", "hello world, hello"}}}},
            {"view",
             {{"workspace", "attention"},
              {"selection",
               {{"bank", 1}, {"beta", 4.0}, {"model", 2}, {"prompt", 3}, {"layer", 1}, {"head", 2}, {"gain", 2.0}}},
              {"attention", {{"without_sink", true}}}}}};
    }
    Outcome figure(std::vector<std::string> more) const {
        std::vector<std::string> arguments{"figure", "--session", folder.put("s.json", session.dump()), "--progress",
                                           "none"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_program(arguments);
    }
    TemporaryFolder folder;
    Json session;
};

TEST_F(SessionFigure, DrawsAPanelOfAttention) {
    const std::string map = folder / "map.svg", heads = folder / "heads.svg";
    ASSERT_EQ(figure({"--panel", "map", "--out", map}).status, 0);
    const Json params = Json::parse(read_recipe(map))["params"];
    EXPECT_EQ(params["cursor"]["layer"], 1);
    EXPECT_EQ(params["cursor"]["head"], 2);
    EXPECT_EQ(params["beta"], 2.0);
    EXPECT_EQ(params["map"]["without_sink"], true);
    EXPECT_EQ(run_program({"replay", map, "--format", "text", "--progress", "none"}).out, "agrees: equal bytes\n");
    // The gain turns the selected head alone: the map of heads is the model's.
    ASSERT_EQ(figure({"--panel", "heads", "--out", heads}).status, 0);
    EXPECT_EQ(Json::parse(read_recipe(heads))["params"]["beta"], 1.0);
}

TEST_F(SessionFigure, DrawsThePanelsOfEveryWorkspace) {
    const Outcome run = figure({"--panel", "all", "--types", "csv", "--out", folder / "all", "--quiet"});
    ASSERT_EQ(run.status, 0) << run.error;
    for (const char* panel :
         {"retrieval.weights", "retrieval.letters", "attention.heads", "attention.map", "attention.gain"})
        EXPECT_TRUE(std::filesystem::exists(folder / ("all/" + std::string(panel) + ".csv"))) << panel;
}

TEST_F(SessionFigure, ComparesWithAThatIsPinned) {
    session["pinned"] = {{"title", "A"}, {"view", session["view"]}};
    session["pinned"]["view"]["selection"]["head"] = 99; // of another model; the nearest there is
    const std::string map = folder / "map.svg";
    const Outcome run = figure({"--panel", "map", "--out", map});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(Json::parse(read_recipe(map))["pinned"]["params"]["cursor"]["head"], 3);
    EXPECT_EQ(run_program({"replay", map, "--format", "text", "--progress", "none"}).out, "agrees: equal bytes\n");
}

TEST_F(SessionFigure, DrawsThePanelsOfCvBands) {
    session["view"]["selection"]["layer"] = 99; // of another model; the nearest there is
    session["view"]["cv"] = {{"kind", "K"}, {"samples", 200}, {"activations", false}};
    const std::string map = folder / "map.svg";
    const Outcome run = figure({"--panel", "cv.map", "--out", map});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json params = Json::parse(read_recipe(map))["params"];
    EXPECT_EQ(params["cursor"]["kind"], "K");
    EXPECT_EQ(params["cursor"]["layer"], 1);
    EXPECT_EQ(run_program({"replay", map, "--format", "text", "--progress", "none"}).out, "agrees: equal bytes\n");
}

TEST_F(SessionFigure, DrawsEveryRoomComparedWithA) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "hello world, hello little words ";
    session["sources"][2]["prompt"] = text;
    Json& view = session["view"];
    view["jacobian"] = {{"length", 8}, {"blocks", 2}};
    view["residual"] = {{"seq_len", 16}, {"blocks", 2}, {"calibration_blocks", 2}, {"ranks", {1, 2}}};
    const Json shown = view;
    for (const auto& [panel, workspace, option, other] : {std::tuple{"retrieval.weights", "retrieval", "", Json()},
                                                          {"alignment.map", "alignment", "operator", Json("ov")},
                                                          {"cv.map", "cv", "samples", Json(150)},
                                                          {"jacobian.map", "jacobian", "blocks", Json(1)},
                                                          {"residual.curve", "residual", "blocks", Json(1)}}) {
        view = shown;
        Json pinned = shown;
        pinned["workspace"] = workspace;
        pinned["selection"]["beta"] = 2.0;
        if (*option) pinned[workspace][option] = other;
        session["pinned"] = {{"title", "A"}, {"view", pinned}};
        const std::string file = folder / (std::string(panel) + ".svg");
        const Outcome run = figure({"--panel", panel, "--out", file});
        ASSERT_EQ(run.status, 0) << panel << run.error;
        const Json recipe = Json::parse(read_recipe(file));
        ASSERT_TRUE(recipe.contains("pinned")) << panel;
        EXPECT_NE(recipe["pinned"]["params"], recipe["params"]) << panel;
        EXPECT_EQ(run_program({"replay", file, "--format", "text", "--progress", "none"}).out, "agrees: equal bytes\n")
            << panel;
    }
    session["pinned"] = {{"title", "A"}, {"view", shown}};
    session["pinned"]["view"]["workspace"] = "residual";
    const std::string same = folder / "same.svg";
    ASSERT_EQ(figure({"--panel", "residual.curve", "--out", same}).status, 0);
    EXPECT_FALSE(Json::parse(read_recipe(same)).contains("pinned")) << "the same sweep is no comparison";
}

TEST_F(SessionFigure, WithoutAModelThereIsNoAttention) {
    session["sources"] = Json::array({session["sources"][0]});
    const Outcome run = figure({"--panel", "map", "--out", folder / "map.svg"});
    EXPECT_EQ(run.status, 3);
    EXPECT_NE(run.error.find("a model"), std::string::npos) << run.error;
    EXPECT_EQ(figure({"--panel", "all", "--types", "csv", "--out", folder / "all", "--quiet"}).status, 0);
    EXPECT_FALSE(std::filesystem::exists(folder / "all/attention.map.csv"));
}

TEST_F(SessionFigure, ANumberOutOfItsRangeIsNamedWithExitStatus3) {
    const std::filesystem::path hostile = std::filesystem::path(ATTNSCOPE_TEST_DATA) / "hostile";
    const std::pair<const char*, const char*> cases[]{{"sess_wraptrain.json", "steps"},
                                                      {"sess_valuesnan.json", "keys"}};
    for (const auto& [name, field] : cases) {
        const std::string out = folder / "o.svg";
        const Outcome run =
            run_program({"figure", "--session", (hostile / name).string(), "--panel", "weights", "--out", out});
        EXPECT_EQ(run.status, 3) << name;
        EXPECT_EQ(run.error_lines(), 1) << run.error;
        EXPECT_NE(run.error.find(field), std::string::npos) << run.error;
        EXPECT_FALSE(std::filesystem::exists(out));
    }
}

} // namespace
} // namespace attnscope::test
