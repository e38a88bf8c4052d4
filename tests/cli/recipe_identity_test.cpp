// A recipe knows its model by all that decides its numbers: a changed configuration or tokenizer is another model.
#include "support/chat_model.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

namespace attnscope::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

class RecipeIdentity : public testing::Test {
protected:
    RecipeIdentity() {
        write_chat_model(folder / "model");
        const Outcome run = run_program({"logits", "--model", (folder / "model").string(), "--prompt", "hello world",
                                         "--progress", "none", "--out", result()});
        EXPECT_EQ(run.status, 0) << run.error;
    }
    std::string result() const { return folder / "result.json"; }
    Outcome replay() const { return run_program({"replay", result(), "--progress", "none"}); }
    void expect_refused(const std::string& file) const {
        const Outcome run = replay();
        EXPECT_EQ(run.status, 3) << file << ": " << run.error;
        EXPECT_EQ(run.error_lines(), 1) << run.error;
        EXPECT_NE(run.error.find(file), std::string::npos) << run.error;
    }
    TemporaryFolder folder;
};

TEST_F(RecipeIdentity, NamesTheFilesBesideTheWeights) {
    const OrderedJson inputs = OrderedJson::parse(read_all(result()))["recipe"]["inputs"];
    EXPECT_EQ(inputs[0]["role"], "model");
    std::vector<std::string> names;
    for (const OrderedJson& input : inputs)
        if (input["role"] == "model-file") {
            names.push_back(input["name"]);
            EXPECT_EQ(input["sha256"], sha256_file(folder / ("model/" + names.back())));
        }
    EXPECT_EQ(names, (std::vector<std::string>{"config.json", "tokenizer.json", "tokenizer_config.json"}));
    EXPECT_EQ(read_all(result()).find(folder.path().string()), std::string::npos) << "no path in a recipe";
    const Outcome run = replay();
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(run.error, "");
}

TEST_F(RecipeIdentity, AChangedFileIsAnotherModel) {
    for (const char* const name : {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
        const auto path = folder / ("model/" + std::string(name));
        const std::string before = read_all(path);
        write_file(path, before + "\n");
        expect_refused(name);
        write_file(path, before);
    }
    EXPECT_EQ(replay().status, 0);
    write_file(folder / "model/vocab.txt", "[UNK]\n");
    expect_refused("vocab.txt");
}

TEST_F(RecipeIdentity, TheFolderWithTheRightFilesIsFound) {
    std::filesystem::copy(folder / "model", folder / "zz-copy", std::filesystem::copy_options::recursive);
    auto config = nlohmann::json::parse(read_all(folder / "model/config.json"));
    config["rms_norm_eps"] = 0.5;
    write_file(folder / "model/config.json", config.dump());
    EXPECT_EQ(replay().status, 0) << "the copy has what the recipe names";
}

TEST_F(RecipeIdentity, AnOldRecipeIsReplayedWithANote) {
    auto envelope = OrderedJson::parse(read_all(result()));
    OrderedJson inputs = OrderedJson::array();
    for (const OrderedJson& input : envelope["recipe"]["inputs"])
        if (input["role"] != "model-file") inputs.push_back(input);
    envelope["recipe"]["inputs"] = inputs;
    write_file(result(), envelope.dump());
    const Outcome run = replay();
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_NE(run.error.find("names only the weights of model"), std::string::npos) << run.error;
    const OrderedJson replayed = OrderedJson::parse(run.out);
    EXPECT_EQ(replayed["warnings"][0]["code"], "weights-alone");
    EXPECT_EQ(replayed["result"]["agree"], true);
}

/// Files that version 0.1 wrote, before recipes named more than weights and views had a seed.
TEST_F(RecipeIdentity, WhatAnEarlierVersionWroteIsReplayed) {
    const std::filesystem::path data = std::filesystem::path(ATTNSCOPE_TEST_DATA) / "version_0.1";
    for (const char* const name : {"logits.json", "map.svg"}) {
        std::filesystem::copy_file(data / name, folder / name);
        const Outcome run = run_program({"replay", (folder / name).string(), "--progress", "none"});
        EXPECT_EQ(run.status, 0) << name << ": " << run.error;
        EXPECT_NE(run.error.find("names only the weights of model"), std::string::npos) << run.error;
    }
    const std::string out = folder / "spectrum.json";
    const Outcome run =
        run_program({"figure", "--session", (data / "session.json").string(), "--panel", "spectrum", "--out", out});
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(OrderedJson::parse(read_all(out))["recipe"]["seed"], 0);
}

} // namespace
} // namespace attnscope::test
