// figure and replay.
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <attnscope/bank.h>
#include <attnscope/figure.h>
#include <attnscope/retrieval_figures.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

/// A bank file in `folder`, of three clusters.
std::string small_bank(const TemporaryFolder& folder) {
    constexpr std::size_t n = 60, d = 12;
    std::vector<float> keys(n * d);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i] = static_cast<float>(0.3 * random_normal(1, 0, i)) + (i % d == i / d % 3 ? 1.f : 0.f);
    }
    const auto path = folder / "bank.safetensors";
    save_bank(path, *make_bank("bank", n, d, std::move(keys)));
    return path;
}

TEST(FigureCommand, WritesEveryType) {
    TemporaryFolder folder;
    for (const char* type : {"svg", "pdf", "png", "csv", "json", "npz", "py"}) {
        const auto out = folder / (std::string("f.") + type);
        const Outcome run =
            run_program({"figure", "--letters", "--rows", "2", "--panel", "spectrum", "--out", out, "--quiet"});
        EXPECT_EQ(run.status, 0) << type << ": " << run.error;
        EXPECT_EQ(run.error, "");
        EXPECT_GT(std::filesystem::file_size(out), 50u) << type;
    }
    EXPECT_EQ(read_all(folder / "f.pdf").rfind("%PDF", 0), 0u);
}

TEST(FigureCommand, EqualCommandsGiveEqualBytes) {
    TemporaryFolder folder;
    const std::string bank = small_bank(folder);
    for (const char* type : {"svg", "pdf", "png"}) {
        const std::string a = folder / (std::string("a.") + type), b = folder / (std::string("b.") + type);
        for (const std::string& out : {a, b}) {
            ASSERT_EQ(run_program({"figure", "--bank", bank, "--rows", "1", "--panel", "entropy", "--out", out}).status,
                      0);
        }
        EXPECT_EQ(read_all(a), read_all(b)) << type;
    }
}

TEST(FigureCommand, WritesAllPanelsIntoAFolder) {
    TemporaryFolder folder;
    const Outcome run = run_program({"figure", "--letters", "--rows", "2", "--panel", "all", "--types", "svg,csv",
                                     "--out", folder / "figures", "--style", "acl", "--quiet"});
    ASSERT_EQ(run.status, 0) << run.error;
    for (const std::string& panel : retrieval::panel_ids()) {
        EXPECT_TRUE(std::filesystem::exists(folder / ("figures/" + panel + ".svg"))) << panel;
        EXPECT_TRUE(std::filesystem::exists(folder / ("figures/" + panel + ".csv"))) << panel;
    }
}

TEST(FigureCommand, DrawsLettersOfBanksWithPicturesAlone) {
    TemporaryFolder folder;
    const std::string bank = small_bank(folder);
    ASSERT_EQ(run_program({"figure", "--bank", bank, "--rows", "1", "--panel", "all", "--types", "csv", "--out",
                           folder / "figures", "--quiet"})
                  .status,
              0);
    EXPECT_TRUE(std::filesystem::exists(folder / "figures/retrieval.weights.csv"));
    EXPECT_FALSE(std::filesystem::exists(folder / "figures/retrieval.letters.csv"));
    const Outcome run = run_program({"figure", "--bank", bank, "--rows", "1", "--panel", "letters"});
    EXPECT_EQ(run.status, 3);
    EXPECT_NE(run.error.find("pictures"), std::string::npos) << run.error;
}

TEST(FigureCommand, SendsDataToStandardOutput) {
    const Outcome run = run_program({"figure", "--letters", "--rows", "2", "--panel", "spectrum", "--format", "csv"});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_NE(run.out.find(','), std::string::npos);
    EXPECT_TRUE(
        Json::parse(run_program({"figure", "--letters", "--rows", "2", "--panel", "spectrum"}).out).is_object());
}

TEST(FigureCommand, CarriesItsRecipeUnlessToldNotTo) {
    TemporaryFolder folder;
    const std::string bank = small_bank(folder), out = folder / "f.svg";
    ASSERT_EQ(run_program({"figure", "--bank", bank, "--rows", "1", "--panel", "plane", "--out", out}).status, 0);
    const Json recipe = Json::parse(read_recipe(out));
    EXPECT_EQ(recipe["params"]["figure"]["panel"], "retrieval.plane");
    EXPECT_EQ(recipe["inputs"][0]["name"], "bank.safetensors");
    EXPECT_EQ(read_all(out).find(folder.path().string()), std::string::npos);
    ASSERT_EQ(
        run_program({"figure", "--bank", bank, "--rows", "1", "--panel", "plane", "--recipe", "none", "--out", out})
            .status,
        0);
    EXPECT_EQ(read_all(out).find("bank.safetensors\""), std::string::npos);
}

TEST(FigureCommand, DrawsFromAResultAndFromAFigure) {
    TemporaryFolder folder;
    const std::string bank = small_bank(folder), result = folder / "r.json", figure = folder / "f.svg";
    ASSERT_EQ(run_program({"retrieval", "--bank", bank, "--rows", "4", "--out", result}).status, 0);
    const Outcome run = run_program({"figure", "--recipe", result, "--panel", "trajectories", "--out", figure});
    ASSERT_EQ(run.status, 0) << run.error;
    const Outcome again = run_program({"figure", figure, "--out", folder / "again.svg"});
    ASSERT_EQ(again.status, 0) << again.error;
    EXPECT_EQ(read_all(figure), read_all(folder / "again.svg"));
    const Outcome other =
        run_program({"figure", figure, "--beta", "3", "--width", "60mm", "--out", folder / "other.svg"});
    ASSERT_EQ(other.status, 0) << other.error;
    EXPECT_EQ(Json::parse(read_recipe(folder / "other.svg"))["params"]["cursor"]["beta"], 3.0);
}

TEST(FigureCommand, DrawsWhatASessionShows) {
    TemporaryFolder folder;
    const Json session = {
        {"schema", "attnscope.session/1"},
        {"sources", {{{"id", 1}, {"kind", "bank"}, {"name", "bank"}, {"path", small_bank(folder)}}}},
        {"view",
         {{"workspace", "retrieval"}, {"selection", {{"bank", 1}, {"beta", 4.0}, {"step", 3}, {"mode", "raw"}}}}}};
    const std::string file = folder.put("s.json", session.dump()), out = folder / "f.svg";
    const Outcome run = run_program({"figure", "--session", file, "--panel", "weights", "--out", out});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json params = Json::parse(read_recipe(out))["params"];
    EXPECT_EQ(params["mode"], Json({"raw"}));
    EXPECT_EQ(params["cursor"], Json({{"beta", 4.0}, {"step", 3}}));
}

TEST(FigureCommand, LeavesNothingWhenItFails) {
    TemporaryFolder folder;
    const Outcome run =
        run_program({"figure", "--bank", folder / "none.npy", "--panel", "spectrum", "--out", folder / "f.svg"});
    EXPECT_EQ(run.status, 3);
    EXPECT_EQ(folder.files(), 0u);
}

// ---------------------------------------------------------------- replay

class ReplayCommand : public testing::Test {
protected:
    void SetUp() override {
        bank_ = small_bank(folder_);
        const Outcome run = run_program({"retrieval", "--bank", bank_, "--rows", "4,9", "--mode", "all", "--sweep",
                                         "--separation", "--samples", "20", "--seed", "5", "--out", result_});
        ASSERT_EQ(run.status, 0) << run.error;
    }
    static Json verdict(const Outcome& run) { return Json::parse(run.out)["result"]; }

    TemporaryFolder folder_;
    std::string bank_, result_ = folder_ / "r.json";
};

TEST_F(ReplayCommand, AgreesWithItself) {
    const Outcome run = run_program({"replay", result_});
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(verdict(run)["agree"], true);
    EXPECT_EQ(run_program({"replay", result_, "--format", "text"}).out.rfind("agrees", 0), 0u);
}

TEST_F(ReplayCommand, NamesTheFieldThatDisagrees) {
    Json envelope = Json::parse(read_all(result_));
    envelope["result"]["spectrum"]["lambda_max"] = 123.0;
    folder_.put("r.json", envelope.dump());
    const Outcome run = run_program({"replay", result_, "--progress", "none"});
    EXPECT_EQ(run.status, 3);
    EXPECT_EQ(run.error_lines(), 1) << run.error;
    EXPECT_NE(run.error.find("spectrum.lambda_max"), std::string::npos) << run.error;
    EXPECT_EQ(verdict(run)["agree"], false);
}

TEST_F(ReplayCommand, FindsInputsInOtherFoldersByTheirHash) {
    std::filesystem::create_directory(folder_ / "other");
    std::filesystem::rename(bank_, folder_ / "other/renamed.safetensors");
    const Outcome lost = run_program({"replay", result_});
    EXPECT_EQ(lost.status, 3);
    EXPECT_NE(lost.error.find("bank.safetensors"), std::string::npos) << lost.error;
    const Outcome run = run_program({"replay", result_, "--inputs", folder_ / "other"});
    EXPECT_EQ(run.status, 0) << run.error;
}

TEST_F(ReplayCommand, AnInputThatChangedIsNotTaken) {
    folder_.put("bank.safetensors", "changed");
    EXPECT_EQ(run_program({"replay", result_}).status, 3);
}

TEST_F(ReplayCommand, ReplaysFigures) {
    for (const char* type : {"svg", "pdf", "png", "json"}) {
        const std::string figure = folder_ / (std::string("f.") + type);
        ASSERT_EQ(run_program({"figure", "--bank", bank_, "--rows", "4", "--panel", "weights", "--style", "icml",
                               "--width", "90mm", "--out", figure})
                      .status,
                  0);
        const Outcome run = run_program({"replay", figure});
        EXPECT_EQ(run.status, 0) << type << ": " << run.error << run.out;
    }
}

TEST_F(ReplayCommand, AFigureThatWasChangedDisagrees) {
    const std::string figure = folder_ / "f.svg";
    ASSERT_EQ(run_program({"figure", "--bank", bank_, "--rows", "4", "--panel", "spectrum", "--out", figure}).status,
              0);
    std::string svg = read_all(figure);
    const std::size_t path = svg.find("<path");
    ASSERT_NE(path, std::string::npos);
    const std::size_t digit = svg.find_first_of("0123456789", svg.find(" d=\"", path));
    svg.replace(digit, 1, svg[digit] == '9' ? "1" : "9");
    folder_.put("f.svg", svg);
    const Outcome run = run_program({"replay", figure});
    EXPECT_EQ(run.status, 3) << run.out;
}

TEST_F(ReplayCommand, DoesTheSameForTheLetters) {
    ASSERT_EQ(run_program({"retrieval", "--letters", "--rows", "1", "--out", result_}).status, 0);
    EXPECT_EQ(run_program({"replay", result_}).status, 0);
}

} // namespace
} // namespace attnscope::test
