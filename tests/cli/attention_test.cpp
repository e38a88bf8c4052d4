// attention, its figures, and their replay, on models of a few thousand numbers.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <attnscope/figure.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class AttentionCommand : public testing::Test {
protected:
    AttentionCommand() {
        std::filesystem::create_directory(folder / "model");
        TinyModel("LlamaForCausalLM").write(folder / "model");
        std::ofstream(folder / "ids.txt") << "3, 1 4\n1 5 9 2 6 5 3 5 8";
    }
    Arguments on_ids(const char* command, const Arguments& more) const {
        Arguments all{command,      "--model", folder / "model", "--ids", folder / "ids.txt",
                      "--progress", "none",    "--quiet"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Outcome attention(const Arguments& more = {}) const { return run_program(on_ids("attention", more)); }
    Json result(const Arguments& more = {}) const {
        const Outcome run = attention(more);
        EXPECT_EQ(run.status, 0) << run.error;
        return run.status == 0 ? Json::parse(run.out)["result"] : Json();
    }
    TemporaryFolder folder;
};

TEST_F(AttentionCommand, WritesTheEnvelope) {
    const Outcome run = attention({"--seed", "5"});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(run.error, "");
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["schema"], "attnscope.attention/1");
    EXPECT_EQ(json["recipe"]["analysis"], "attention");
    EXPECT_EQ(json["recipe"]["seed"], 5);
    EXPECT_EQ(json["recipe"]["inputs"][0]["name"], "model");
    EXPECT_EQ(json["recipe"]["inputs"][1]["name"], "ids.txt");
    EXPECT_EQ(run.out.find(folder.path().string()), std::string::npos) << "no path in a result";
    const Json& result = json["result"];
    EXPECT_EQ(result["tokens"].size(), 12u);
    EXPECT_EQ(result["tokens"][2]["id"], 4);
    EXPECT_EQ(result["beta"], 1.0);
    ASSERT_EQ(result["entropy"].size(), 2u);
    ASSERT_EQ(result["entropy"][0].size(), 4u);
    EXPECT_EQ(result["max_weight"][1].size(), 4u);
    EXPECT_FALSE(result.contains("entropy_rows"));
    EXPECT_FALSE(result.contains("sink"));
    EXPECT_GT(result["peak_bytes"], 0);
}

TEST_F(AttentionCommand, GivesRowsScoresAndMapsOnRequest) {
    const Json json = result({"--rows", "--scores", "--map", "1,2", "--map", "0,3"});
    ASSERT_EQ(json["entropy_rows"].size(), 2u);
    ASSERT_EQ(json["entropy_rows"][1][3].size(), 12u);
    double mean = 0;
    for (const double entropy : json["entropy_rows"][1][3]) mean += entropy / 12;
    EXPECT_NEAR(mean, json["entropy"][1][3].get<double>(), 1e-6);
    for (const char* score : {"sink", "previous", "duplicate", "induction"}) EXPECT_EQ(json[score].size(), 2u) << score;
    EXPECT_EQ(json["induction_on_random"], false);
    ASSERT_EQ(json["maps"].size(), 2u);
    const Json& map = json["maps"][0];
    EXPECT_EQ(map["layer"], 1);
    EXPECT_EQ(map["head"], 2);
    for (std::size_t t = 0; t < 12; ++t) {
        double sum = 0;
        for (std::size_t j = 0; j < 12; ++j) {
            EXPECT_EQ(map["weights"][t][j].is_null(), j > t);
            if (j <= t) sum += map["weights"][t][j].get<double>();
        }
        EXPECT_NEAR(sum, 1, 1e-5);
    }
}

TEST_F(AttentionCommand, TurnsTheGainUpToTopOne) {
    const auto mean_entropy = [&](const char* gain) {
        const Json json = result({"--beta", gain, "--layers", "0"});
        double sum = 0;
        for (const Json& head : json["entropy"][0]) sum += head.get<double>();
        return sum;
    };
    EXPECT_GT(mean_entropy("0.5"), mean_entropy("2"));
    EXPECT_NEAR(mean_entropy("inf"), 0, 1e-6);
    EXPECT_EQ(result({"--beta", "inf"})["beta"], "inf");
}

TEST_F(AttentionCommand, LooksAtSomeLayersAlone) {
    const Json all = result(), last = result({"--layers", "1:1"}), open = result({"--layers", "1:"});
    EXPECT_EQ(last["first_layer"], 1);
    ASSERT_EQ(last["entropy"].size(), 1u);
    for (std::size_t head = 0; head < 4; ++head)
        EXPECT_NEAR(last["entropy"][0][head].get<double>(), all["entropy"][1][head].get<double>(), 1e-5);
    EXPECT_EQ(open["entropy"], last["entropy"]);
}

TEST_F(AttentionCommand, ScoresNeedNoText) {
    const Outcome run = run_program({"attention", "--model", folder / "model", "--scores", "--progress", "none"});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out)["result"];
    EXPECT_EQ(json["induction_on_random"], true);
    const std::size_t half = json["tokens"].size() / 2;
    for (std::size_t t = 0; t < half; ++t) EXPECT_EQ(json["tokens"][t]["id"], json["tokens"][half + t]["id"]);
}

TEST_F(AttentionCommand, UndefinedScoresAreNull) {
    std::ofstream(folder / "ids.txt") << "1 2 3 4";
    const Outcome run = attention({"--scores"});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    EXPECT_TRUE(json["result"]["duplicate"][0][0].is_null());
    EXPECT_TRUE(json["result"]["sink"][0][0].is_number());
    const Json& warnings = json["warnings"];
    EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const Json& w) { return w["code"] == "no-repeats"; }));
    const Outcome csv = attention({"--scores", "--format", "csv"});
    EXPECT_NE(csv.out.find(",,"), std::string::npos) << "an empty field for what is none";
}

TEST_F(AttentionCommand, IdsDoWithoutATokenizerThatCanBeUsed) {
    std::ofstream(folder / "model" / "tokenizer.json") << R"({"model": {"type": "Unigram", "vocab": []}})";
    const Outcome run = attention();
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["warnings"][0]["code"], "no-tokenizer");
    EXPECT_EQ(json["result"]["tokens"][1]["text"], "");
    EXPECT_EQ(run_program(on_ids("figure", {"--panel", "map", "--out", folder / "map.svg"})).status, 0);
    EXPECT_EQ(run_program({"attention", "--model", folder / "model", "--prompt", "x", "--progress", "none"}).status, 3);
}

TEST_F(AttentionCommand, WritesEveryForm) {
    for (const char* format : {"json", "csv", "text", "npz"}) {
        const Outcome run =
            attention({"--rows", "--scores", "--map", "0,0", "--format", format, "--out", folder / format});
        EXPECT_EQ(run.status, 0) << run.error;
        EXPECT_EQ(run.out, "");
        EXPECT_GT(std::filesystem::file_size(folder / format), 100u) << format;
    }
    const auto arrays = open_tensor_file(folder / "npz");
    ASSERT_NE(arrays->find("entropy"), nullptr);
    EXPECT_EQ(arrays->find("entropy")->shape, (std::vector<std::int64_t>{2, 4}));
    EXPECT_EQ(arrays->find("entropy_rows")->shape, (std::vector<std::int64_t>{2, 4, 12}));
    EXPECT_EQ(arrays->find("map_0_0")->shape, (std::vector<std::int64_t>{12, 12}));
}

TEST_F(AttentionCommand, IsReplayed) {
    const auto out = folder / "result.json";
    ASSERT_EQ(attention({"--rows", "--scores", "--map", "1,1", "--beta", "2", "--layers", ":1", "--out", out}).status,
              0);
    const Outcome run = run_program({"replay", out, "--format", "text", "--progress", "none"});
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(run.out, "agrees: equal numbers\n");

    Json changed = Json::parse(read_all(out));
    changed["result"]["entropy"][1][0] = 9;
    std::ofstream(out) << changed;
    const Outcome other = run_program({"replay", out, "--format", "text", "--progress", "none"});
    EXPECT_EQ(other.status, 3);
    EXPECT_NE(other.error.find("entropy[1][0]"), std::string::npos) << other.error;
}

TEST_F(AttentionCommand, ScoresOnRandomTokensAreReplayed) {
    const auto out = folder / "result.json";
    ASSERT_EQ(
        run_program({"attention", "--model", folder / "model", "--scores", "--seed", "9", "--out", out, "--quiet"})
            .status,
        0);
    EXPECT_EQ(run_program({"replay", out, "--format", "text", "--progress", "none"}).out, "agrees: equal numbers\n");
}

TEST_F(AttentionCommand, FiguresAreDrawnFromOptionsAndFromTheirRecipe) {
    for (const char* panel : {"attention.heads", "map", "text", "rows", "gain"}) {
        const auto out = folder / (std::string(panel) + ".svg");
        const Outcome run = run_program(on_ids(
            "figure", {"--panel", panel, "--layer", "1", "--head", "3", "--token", "7", "--beta", "2", "--out", out}));
        ASSERT_EQ(run.status, 0) << panel << ": " << run.error;
        EXPECT_EQ(run_program({"replay", out, "--format", "text", "--progress", "none"}).out, "agrees: equal bytes\n")
            << panel;
        const Json recipe = Json::parse(read_recipe(out));
        EXPECT_EQ(recipe["params"]["cursor"]["head"], 3);
        EXPECT_EQ(recipe["params"]["cursor"]["token"], 7);

        // From the recipe, with another head.
        const auto again = folder / "again.json";
        const Outcome redrawn =
            run_program({"figure", out, "--head", "0", "--out", again, "--progress", "none", "--quiet"});
        EXPECT_EQ(redrawn.status, 0) << redrawn.error;
        EXPECT_EQ(Json::parse(read_recipe(again))["params"]["cursor"]["head"], 0);
    }
}

TEST_F(AttentionCommand, AllFiguresGoToAFolder) {
    const Outcome run =
        run_program(on_ids("figure", {"--panel", "all", "--types", "svg,csv", "--out", folder / "all"}));
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "all"), {}), 10);
    EXPECT_GT(std::filesystem::file_size(folder / "all" / "attention.gain.csv"), 500u);
}

TEST_F(AttentionCommand, FiguresOfAResultAreDrawnFromItsRecipe) {
    const auto result = folder / "result.json", figure = folder / "heads.svg";
    ASSERT_EQ(attention({"--beta", "3", "--out", result}).status, 0);
    const Outcome run =
        run_program({"figure", result, "--panel", "heads", "--colour", "max_weight", "--out", figure, "--quiet"});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(Json::parse(read_recipe(figure))["params"]["beta"], 3.0);
}

TEST_F(AttentionCommand, RefusesWhatItCannotUse) {
    const auto expect = [&](const Arguments& arguments, int status) {
        const Outcome run = run_program(arguments);
        std::string line;
        for (const std::string& argument : arguments) line += argument + " ";
        EXPECT_EQ(run.status, status) << line << "\n" << run.error;
        EXPECT_EQ(run.error_lines(), 1) << line << "\n" << run.error;
        EXPECT_EQ(run.out, "") << line;
    };
    for (const Arguments& more : std::vector<Arguments>{{"--beta", "0"},
                                                        {"--beta", "-1"},
                                                        {"--beta", "nan"},
                                                        {"--layers", "2"},
                                                        {"--layers", "1:0"},
                                                        {"--layers", "x"},
                                                        {"--map", "1"},
                                                        {"--map", "0,4"},
                                                        {"--map", "9,0"},
                                                        {"--prompt", "hello"},
                                                        {"--precision", "float16"}})
        expect(on_ids("attention", more), 2);
    expect({"attention", "--progress", "none"}, 2);
    expect({"attention", "--progress", "none", "--model", folder / "model"}, 2);
    expect({"attention", "--progress", "none", "--model", folder / "none", "--prompt", "x"}, 3);
    expect({"attention", "--progress", "none", "--model", folder / "model", "--prompt", "no tokenizer"}, 3);
    expect(on_ids("figure", {"--panel", "entropy", "--out", folder / "x.svg"}), 2);
    expect(on_ids("figure", {"--panel", "heads", "--colour", "blue", "--out", folder / "x.svg"}), 2);
    expect(on_ids("figure", {"--panel", "map", "--head", "4", "--out", folder / "x.svg"}), 2);
    expect(on_ids("figure", {"--panel", "text", "--token", "12", "--out", folder / "x.svg"}), 2);
    expect(on_ids("figure", {"--letters", "--rows", "0", "--panel", "heads", "--out", folder / "x.svg"}), 2);
    std::ofstream(folder / "ids.txt") << "1 2 400";
    expect(on_ids("attention", {}), 3);
    std::ofstream(folder / "ids.txt") << "one two";
    expect(on_ids("attention", {}), 3);
}

} // namespace
} // namespace attnscope::test
