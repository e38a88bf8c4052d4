// align of models and of files of grams, its replay, and what it refuses.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class AlignCommand : public testing::Test {
protected:
    AlignCommand() {
        std::filesystem::create_directory(folder / "model");
        TinyModel("LlamaForCausalLM").write(folder / "model");
        setenv("ATTNSCOPE_CACHE", (folder / "cache").c_str(), 1);
    }
    ~AlignCommand() override { unsetenv("ATTNSCOPE_CACHE"); }
    Outcome align(const Arguments& more) const {
        Arguments all{"align", "--device", "cpu", "--progress", "none"};
        all.insert(all.end(), more.begin(), more.end());
        return run_program(all);
    }
    Json envelope(const Arguments& more) const {
        const Outcome run = align(more);
        EXPECT_EQ(run.status, 0) << run.error;
        return run.status == 0 ? Json::parse(run.out) : Json();
    }
    std::string at(const char* name) const { return (folder / name).string(); }
    const TemporaryFolder folder;
};

TEST_F(AlignCommand, AnotherConfigurationOfTheSameWeightsIsComputedAnew) {
    std::filesystem::create_directory(folder / "gpt2");
    TinyModel model("GPT2LMHeadModel");
    model.write(folder / "gpt2");
    const int heads = model.config["n_head"];
    EXPECT_EQ(envelope({"--model", at("gpt2")})["result"]["heads"], heads);
    model.config["n_head"] = heads / 2;
    write_file(folder / "gpt2/config.json", model.config.dump());
    EXPECT_EQ(envelope({"--model", at("gpt2")})["result"]["heads"], heads / 2) << "what was kept is another model's";
}

TEST_F(AlignCommand, GramsWrittenFromAModelSayTheSame) {
    const Json model =
        envelope({"--model", at("model"), "--topk", "3", "--anchor", "0", "--write-grams", at("g.json"), "--spectra"});
    EXPECT_EQ(model["schema"], "attnscope.align/1");
    EXPECT_EQ(model["recipe"]["params"]["topk"], 3);
    EXPECT_EQ(model["result"]["anchor"], 0);
    ASSERT_TRUE(std::filesystem::exists(folder / "g-eigdirs.safetensors"));
    EXPECT_FALSE(std::filesystem::is_empty(folder / "cache" / "alignment"));

    const Json cached = envelope({"--model", at("model"), "--topk", "3", "--anchor", "0", "--spectra"});
    EXPECT_EQ(cached["result"], model["result"]) << "to the last bit";

    const Json grams = envelope({"--grams", at("g.json"), "--anchor", "0"});
    EXPECT_EQ(grams["recipe"]["inputs"][1]["name"], "g-eigdirs.safetensors");
    EXPECT_EQ(grams.dump().find(folder.path().string()), std::string::npos) << "no path in a result";
    EXPECT_TRUE(grams["warnings"].empty()) << grams["warnings"].dump();
    EXPECT_EQ(grams["result"]["cos"], model["result"]["cos"]);
    EXPECT_EQ(grams["result"]["to_anchor"], model["result"]["to_anchor"]);
    EXPECT_EQ(grams["result"]["sign_agreement"], model["result"]["sign_agreement"]);

    for (const Json& row : model["result"]["sign_agreement"]) {
        const double low = row["chance"][0], high = row["chance"][1];
        EXPECT_LT(low, high) << row.dump();
        EXPECT_GE(low, 0.5 / 2) << "the anchor agrees with itself";
        EXPECT_LE(high, 1);
    }
    EXPECT_GT(model["result"]["chance"]["sign_operators"], 0);

    std::filesystem::remove(folder / "g-eigdirs.safetensors");
    const Json without = envelope({"--grams", at("g.json")});
    EXPECT_EQ(without["warnings"][0]["code"], "no-directions");
    EXPECT_TRUE(without["result"]["to_anchor"][0]["min_cos_pa"].is_null());
    EXPECT_TRUE(without["result"]["topk"].is_null());
}

TEST_F(AlignCommand, EverythingAskedForIsThereAndReplays) {
    const Arguments asked{"--model", at("model"),    "--per-head", "--maps",      "--match", "--operator",
                          "ov",      "--directions", "left",       "--norm-gain", "--out",   at("result.json")};
    ASSERT_EQ(align(asked).status, 0);
    const Json result = Json::parse(read_all(folder / "result.json"))["result"];
    const std::size_t layers = result["layers"], heads = result["heads"];
    EXPECT_EQ(result["operator"], "ov");
    EXPECT_EQ(result["directions"], "left");
    EXPECT_EQ(result["per_head"]["cos"].size(), heads);
    EXPECT_EQ(result["maps"]["min_cos_pa"].size(), layers);
    EXPECT_EQ(result["matched"]["layers"][0]["partner"].size(), heads);
    EXPECT_TRUE(result["to_anchor"][0]["frac_positive"].is_null()) << "singular values have no sign";
    const Outcome replay = run_program({"replay", at("result.json"), "--format", "text"});
    EXPECT_EQ(replay.status, 0) << replay.error;
    EXPECT_EQ(replay.out, "agrees: equal numbers\n");
    for (const char* const format : {"csv", "text", "npz"}) {
        const Outcome run = align({"--model", at("model"), "--format", format, "--out", at(format)});
        EXPECT_EQ(run.status, 0) << run.error;
        EXPECT_GT(std::filesystem::file_size(folder / format), 100u);
    }
}

TEST_F(AlignCommand, FiguresCarryTheRecipeThatDrawsThem) {
    const Outcome drawn = run_program({"figure", "--model", at("model"), "--panel", "profile", "--anchor", "1",
                                       "--head", "0", "--out", at("profile.svg")});
    ASSERT_EQ(drawn.status, 0) << drawn.error;
    const Outcome replay = run_program({"replay", at("profile.svg"), "--format", "text"});
    EXPECT_EQ(replay.out, "agrees: equal bytes\n") << replay.error;
    const Outcome other = run_program({"figure", at("profile.svg"), "--panel", "matched", "--format", "csv"});
    EXPECT_EQ(other.status, 0) << other.error;
    EXPECT_NE(other.out.find("best partner"), std::string::npos);
}

TEST_F(AlignCommand, RefusesInOneLine) {
    folder.put("ragged.json", R"({"head_dim":2,"hidden_size":4,"gram":[[[1],[2,3]]]})");
    const auto expect = [&](const Arguments& arguments, int status, const std::string& message) {
        const Outcome run = align(arguments);
        EXPECT_EQ(run.status, status) << run.error;
        EXPECT_EQ(run.error_lines(), 1);
        EXPECT_NE(run.error.find(message), std::string::npos) << run.error;
        EXPECT_TRUE(run.out.empty());
    };
    expect({}, 2, "expected --grams G or --model M, got neither");
    expect({"--grams", "a", "--model", "b"}, 2, "got both");
    expect({"--grams", at("ragged.json")}, 3, "lists of 1, got 2 entries (gram[0][1])");
    expect({"--grams", at("none.json")}, 3, "none.json");
    expect({"--model", at("model"), "--anchor", "2"}, 2, "anchor: expected -2 to 1 of 2 layers, got 2");
    expect({"--model", at("model"), "--topk", "0"}, 2, "--topk");
    expect({"--grams", at("ragged.json"), "--norm-gain"}, 2, "with --model");
}

} // namespace
} // namespace attnscope::test
