#include "support/plain_forward.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace attnscope::test {
namespace {

using Arguments = std::vector<std::string>;
using Json = nlohmann::ordered_json;

class Logits : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directory(folder / "tiny");
        model.write(folder / "tiny");
        folder.put("ids.txt", "3, 1\n4 1,5\n");
    }
    Outcome run(const Arguments& more) {
        Arguments arguments{"logits", "--model", folder / "tiny", "--device", "cpu", "--progress", "none"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_program(arguments);
    }
    void expect_refused(const Arguments& more, int status, const std::string& part) {
        const Outcome outcome = run(more);
        EXPECT_EQ(outcome.status, status) << outcome.error;
        EXPECT_EQ(outcome.error_lines(), 1) << outcome.error;
        EXPECT_NE(outcome.error.find(part), std::string::npos) << outcome.error;
        EXPECT_EQ(outcome.out, "");
    }
    const TemporaryFolder folder;
    const TinyModel model{"LlamaForCausalLM"};
    const std::vector<std::int64_t> ids{3, 1, 4, 1, 5};
};

TEST_F(Logits, OfTheLastTokenInAnEnvelope) {
    const Outcome outcome = run({"--ids", folder / "ids.txt", "--top", "7"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const Json envelope = Json::parse(outcome.out);
    EXPECT_EQ(envelope["schema"], "attnscope.logits/1");
    const Json& recipe = envelope["recipe"];
    EXPECT_EQ(recipe["analysis"], "logits");
    EXPECT_EQ(recipe["inputs"][0]["role"], "model");
    EXPECT_EQ(recipe["inputs"][0]["name"], "tiny");
    EXPECT_EQ(recipe["inputs"][1]["role"], "ids");
    EXPECT_EQ(recipe["inputs"][1]["name"], "ids.txt");
    EXPECT_EQ(recipe["params"],
              (Json{{"tokens", {{"kind", "ids"}}}, {"top", 7}, {"beta", 1.0}, {"precision", "float32"}}));
    EXPECT_EQ(outcome.out.find(folder.path().string()), std::string::npos);

    const PlainForward loops(model);
    const PlainForward::Row last = loops.logits(ids).back();
    const Json& result = envelope["result"];
    EXPECT_EQ(result["tokens"], 5);
    ASSERT_EQ(result["top"].size(), 7u);
    for (const Json& entry : result["top"]) {
        EXPECT_NEAR(entry["logit"].get<double>(), last.at(entry["id"].get<std::size_t>()), 1e-4);
        EXPECT_EQ(entry["text"], "");
    }
    EXPECT_NEAR(result["top"][0]["logit"].get<double>(), *std::max_element(last.begin(), last.end()), 1e-4);
    EXPECT_NEAR(result["logsumexp"].get<double>(), PlainForward::log_sum_exp(last), 1e-4);
    EXPECT_NEAR(result["loss"].get<double>(), loops.loss(ids), 1e-4);
}

TEST_F(Logits, TakeTheGainOfEveryLayer) {
    for (const auto& [beta, gain] : {std::pair{"4", 4.0}, std::pair{"inf", std::numeric_limits<double>::infinity()}}) {
        const Outcome outcome = run({"--ids", folder / "ids.txt", "--beta", beta});
        ASSERT_EQ(outcome.status, 0) << outcome.error;
        const Json result = Json::parse(outcome.out)["result"];
        EXPECT_NEAR(result["loss"].get<double>(), PlainForward(model, gain).loss(ids), 1e-4) << beta;
    }
}

TEST_F(Logits, ReadIdsHoweverTheyAreWritten) {
    const std::string expected = run({"--ids", folder / "ids.txt", "--format", "csv"}).out;
    EXPECT_EQ(expected.rfind("id,logit,probability,text\n", 0), 0u) << expected;
    EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 11);
    for (const char* const ids : {"[3, 1, 4, 1, 5]", "3 1 4 1 5", "\n3,1,4,1,5,\n", " [3,1,\n4,1,5] "}) {
        folder.put("other.txt", ids);
        EXPECT_EQ(run({"--ids", folder / "other.txt", "--format", "csv"}).out, expected) << ids;
    }
}

TEST_F(Logits, ComeInEveryForm) {
    const Outcome text = run({"--ids", folder / "ids.txt", "--format", "text"});
    EXPECT_EQ(text.status, 0) << text.error;
    EXPECT_EQ(text.out.rfind("5 tokens, mean loss ", 0), 0u) << text.out;
    EXPECT_EQ(run({"--ids", folder / "ids.txt", "--format", "npz", "--out", folder / "logits.npz"}).status, 0);
    const auto file = open_tensor_file(folder / "logits.npz");
    ASSERT_NE(file->find("id"), nullptr);
    EXPECT_EQ(file->find("id")->shape, (std::vector<std::int64_t>{10}));
    EXPECT_NE(file->find("logit"), nullptr);
}

TEST_F(Logits, AreReplayed) {
    ASSERT_EQ(run({"--ids", folder / "ids.txt", "--beta", "inf", "--out", folder / "result.json"}).status, 0);
    // The model is found by what it holds, not by its name.
    std::filesystem::rename(folder / "tiny", folder / "renamed");
    const Arguments replay{"--progress", "none", "replay", folder / "result.json", "--format", "text"};
    const Outcome agreed = run_program(replay);
    EXPECT_EQ(agreed.status, 0) << agreed.error;
    EXPECT_EQ(agreed.out, "agrees: equal numbers\n");

    Json envelope = Json::parse(read_all(folder / "result.json"));
    envelope["result"]["top"][2]["logit"] = 17.5;
    folder.put("result.json", envelope.dump());
    const Outcome differs = run_program(replay);
    EXPECT_EQ(differs.status, 3);
    EXPECT_NE(differs.error.find("top[2].logit"), std::string::npos) << differs.error;

    folder.put("ids.txt", "3 1 4 1 6");
    EXPECT_EQ(run_program(replay).status, 3);
    envelope["recipe"]["analysis"] = "astrology";
    folder.put("result.json", envelope.dump());
    EXPECT_NE(
        run_program(replay).error.find("expected the analysis of its schema \"attnscope.logits/1\", got astrology"),
        std::string::npos);
    envelope.erase("schema");
    folder.put("result.json", envelope.dump());
    EXPECT_NE(run_program(replay).error.find("expected the analysis retrieval or "), std::string::npos);
}

TEST_F(Logits, RefuseWhatTheyCannotUse) {
    expect_refused({}, 2, "--ids");
    expect_refused({"--ids", folder / "ids.txt", "--prompt", "x"}, 2, "several");
    for (const char* const beta : {"0", "-1", "nan", "much"})
        expect_refused({"--ids", folder / "ids.txt", "--beta", beta}, 2, "--beta");
    expect_refused({"--ids", folder / "ids.txt", "--top", "-1"}, 2, "--top");
    expect_refused({"--ids", folder / "ids.txt", "--precision", "float8"}, 2,
                   "--precision: expected one of float32, bfloat16, got float8");

    const auto with_ids = [&](const std::string& ids, const std::string& part) {
        folder.put("bad.txt", ids);
        expect_refused({"--ids", folder / "bad.txt"}, 3, part);
    };
    with_ids("", "at least one token");
    with_ids("1 2 x3", "got x3 (position 2)");
    with_ids("[1, 2.5]", "got 2.5 (position 1)");
    with_ids("[1, 18446744073709551615]", "(position 1)");
    with_ids("1 99999999999999999999", "(position 1)");
    with_ids("[1, ", "expected JSON");
    with_ids("0 40", "token ids from 0 to 39, got 40 (position 1)");
    with_ids("-1", "got -1 (position 0)");
    with_ids(
        [] {
            std::string many;
            for (int i = 0; i < 65; ++i) many += "1 ";
            return many;
        }(),
        "at most 64 tokens");
    expect_refused({"--ids", folder / "missing.txt"}, 3, "missing.txt");
    expect_refused({"--prompt", "x"}, 3, "tokenizer");
    expect_refused({"--ids", folder / "ids.txt", "--out", "/nowhere/result.json"}, 4, "/nowhere");
}

} // namespace
} // namespace attnscope::test
