// tokenize: byte pairs out of folders, tokenizer.json and GGUF files.
#include "support/golden.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_tokenizer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;

class Tokenize : public ::testing::Test {
protected:
    void SetUp() override {
        folder_.put("tokenizer.json", tiny_tokenizer_json().dump());
        TinyGguf file;
        folder_.put("model.gguf", add_tiny_tokenizer(file).str());
    }
    TemporaryFolder folder_;
};

TEST_F(Tokenize, TakesFoldersTokenizerFilesAndGguf) {
    const auto text = folder_.put("text.txt", "hello<|end|> world\n");
    for (const std::string& model :
         {folder_.path().string(), (folder_ / "tokenizer.json").string(), (folder_ / "model.gguf").string()}) {
        const Outcome run = run_program({"tokenize", "--model", model, "--text", text});
        ASSERT_EQ(run.status, 0) << run.error;
        const Json tokens = Json::parse(run.out)["result"]["tokens"];
        ASSERT_EQ(tokens.size(), 4u) << model;
        EXPECT_EQ(tokens[0]["text"], "hello");
        EXPECT_EQ(tokens[1]["text"], "<|end|>");
        EXPECT_EQ(tokens[2]["text"], " world");
        EXPECT_EQ(tokens[2]["begin"], 12);
        EXPECT_EQ(tokens[3]["end"], 19);
    }
}

TEST_F(Tokenize, NamesTheFileInItsRecipe) {
    const Outcome run = run_program({"tokenize", "--model", folder_ / "model.gguf", "--prompt", "hello"});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json input = Json::parse(run.out)["recipe"]["inputs"][0];
    EXPECT_EQ(input["role"], "tokenizer");
    EXPECT_EQ(input["name"], "model.gguf");
    EXPECT_EQ(input["sha256"].get<std::string>().size(), 64u);
}

TEST_F(Tokenize, WritesATokenALineAsText) {
    const Outcome run =
        run_program({"tokenize", "--model", folder_.path(), "--prompt", "hello\n\\", "--format", "text"});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(run.out, "259\thello\n10\t\\n\n92\t\\\\\n");
}

TEST_F(Tokenize, RefusesAFileItCannotUseWithOneLine) {
    TinyGguf file;
    const auto odd = folder_.put("odd.gguf", add_tiny_tokenizer(file, "nonsense").str());
    const Outcome run = run_program({"tokenize", "--model", odd, "--prompt", "x"});
    EXPECT_EQ(run.status, 3);
    EXPECT_EQ(run.error_lines(), 1) << run.error;
    EXPECT_NE(run.error.find("got nonsense (tokenizer.ggml.pre)"), std::string::npos) << run.error;
    EXPECT_EQ(run.out, "");
}

TEST_F(Tokenize, GivesTheIdsOfTheReference) {
    const auto golden = golden_folder();
    if (golden.empty()) GTEST_SKIP() << without_golden;
    const Json inputs = Json::parse(read_all(golden / "texts/tokenizer_inputs.json"));
    const Json expected = Json::parse(read_all(golden / "models/qwen3-tiny/tokenizer.json"));
    const std::string model = (golden.parent_path() / "models/qwen3-tiny").string();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Outcome run = run_program({"tokenize", "--model", model, "--prompt=" + inputs[i].get<std::string>()});
        ASSERT_EQ(run.status, 0) << run.error;
        std::vector<std::int64_t> ids;
        const Json document = Json::parse(run.out);
        for (const Json& token : document["result"]["tokens"]) ids.push_back(token["id"]);
        EXPECT_EQ(ids, expected[i].get<std::vector<std::int64_t>>()) << i;
    }
}

} // namespace
} // namespace attnscope::test
