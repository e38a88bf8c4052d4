// jacobian of models and captures, its replay and figures, and what it refuses.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class JacobianCommand : public testing::Test {
protected:
    JacobianCommand() {
        std::filesystem::create_directory(folder / "model");
        TinyModel("LlamaForCausalLM").write(folder / "model");
        std::string ids;
        for (std::uint64_t i = 0; i < 60; ++i)
            ids += std::to_string(random_bits(1, 2, i) % static_cast<std::uint64_t>(TinySizes::vocabulary)) + " ";
        folder.put("ids.txt", ids);
    }
    Outcome run(const char* command, const Arguments& more) const {
        Arguments all{command, "--device", "cpu", "--progress", "none"};
        all.insert(all.end(), more.begin(), more.end());
        return run_program(all);
    }
    Outcome of_model(Arguments more) const {
        for (const std::string& argument :
             {std::string("--model"), (folder / "model").string(), std::string("--ids"), (folder / "ids.txt").string()})
            more.push_back(argument);
        return run("jacobian", more);
    }
    const TemporaryFolder folder;
};

TEST_F(JacobianCommand, MeasuresAModelAndReadsTheCapturesThatItWrote) {
    const std::string captures = (folder / "c.npz").string(), out = (folder / "r.json").string();
    const Outcome model = of_model({"--seq-len", "8", "--blocks", "3", "--write-captures", captures, "--out", out});
    ASSERT_EQ(model.status, 0) << model.error;
    const Json json = Json::parse(read_file(out));
    EXPECT_EQ(json["schema"], "attnscope.jacobian/1");
    EXPECT_EQ(json["recipe"]["params"]["seq_len"], 8);
    EXPECT_EQ(json["warnings"].size(), 0u);
    const Json& heads = json["result"]["heads"];
    ASSERT_EQ(heads.size(), static_cast<std::size_t>(TinySizes::layers * TinySizes::heads));
    EXPECT_GT(json["result"]["loss"].get<double>(), 0);

    const Outcome again = run("jacobian", {"--captures", captures});
    ASSERT_EQ(again.status, 0) << again.error;
    const Json from_file = Json::parse(again.out)["result"];
    EXPECT_TRUE(from_file["loss"].is_null());
    ASSERT_EQ(from_file["heads"].size(), heads.size());
    for (std::size_t i = 0; i < heads.size(); ++i)
        for (const auto& [name, value] : heads[i].items())
            EXPECT_NEAR(from_file["heads"][i][name].get<double>(), value.get<double>(), 1e-6) << i << " " << name;

    const Outcome replay = run("replay", {out, "--inputs", folder.path().string(), "--format", "text"});
    EXPECT_EQ(replay.status, 0) << replay.error;
    EXPECT_EQ(replay.out, "agrees: equal numbers\n");
}

TEST_F(JacobianCommand, WritesTablesArraysAndFigures) {
    const Outcome csv = of_model({"--seq-len", "8", "--blocks", "2", "--format", "csv"});
    ASSERT_EQ(csv.status, 0) << csv.error;
    EXPECT_EQ(csv.out.find("layer,head,a_mean,entropy,r_diag,"), 0u);
    EXPECT_EQ(of_model({"--seq-len", "8", "--blocks", "2", "--format", "npz"}).out.substr(0, 2), "PK");
    EXPECT_NE(of_model({"--seq-len", "8", "--blocks", "2", "--format", "text"}).out.find("mean loss"),
              std::string::npos);
    for (const char* panel : {"jacobian.map", "bars", "energy", "row", "jacobian.maps"}) {
        const std::string out = (folder / "f.svg").string();
        const Outcome figure =
            run("figure", {"--model", (folder / "model").string(), "--ids", (folder / "ids.txt").string(), "--panel",
                           panel, "--seq-len", "8", "--metric", "cos_diag", "--row", "5", "--out", out});
        ASSERT_EQ(figure.status, 0) << panel << figure.error;
        EXPECT_EQ(run("replay", {out, "--inputs", folder.path().string()}).status, 0) << panel;
    }
}

TEST_F(JacobianCommand, SaysWhenTheTextIsShorterThanAsked) {
    const Outcome fewer = of_model({"--seq-len", "16"});
    ASSERT_EQ(fewer.status, 0) << fewer.error;
    const Json json = Json::parse(fewer.out);
    EXPECT_EQ(json["result"]["blocks"], 3);
    EXPECT_EQ(json["recipe"]["params"]["blocks"], 32);
    EXPECT_EQ(json["warnings"][0]["code"], "fewer-blocks");
    const Outcome one = of_model({"--seq-len", "1", "--blocks", "2"});
    ASSERT_EQ(one.status, 0) << one.error;
    EXPECT_TRUE(Json::parse(one.out)["result"]["heads"][0]["r_diag"].is_null()) << "a single key has no choice";
}

TEST_F(JacobianCommand, CountsSequencesWithoutAGradient) {
    // Three sequences of one head: the second has no gradient.
    constexpr std::size_t length = 4, map = length * length;
    std::vector<float> a(3 * map), g(3 * map);
    for (std::size_t i = 0; i < 3 * map; ++i) {
        const std::size_t row = i % map / length, key = i % length;
        a[i] = key <= row ? 1.0f / static_cast<float>(row + 1) : 0.0f;
        g[i] = i / map == 1 ? 0.0f : static_cast<float>(random_normal(1, 2, i % map));
    }
    const auto captured = [&](std::size_t sequences) {
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(sequences), length, length};
        const std::size_t bytes = sequences * map * sizeof(float);
        const std::string path = (folder / "few.npz").string();
        const std::vector<TensorToWrite> tensors{{"A", DType::f32, shape, std::as_bytes(std::span(a)).first(bytes)},
                                                 {"g", DType::f32, shape, std::as_bytes(std::span(g)).first(bytes)}};
        write_file(path, npz_bytes(tensors));
        return path;
    };
    const Json alone = Json::parse(run("jacobian", {"--captures", captured(1)}).out);
    EXPECT_TRUE(alone["warnings"].empty()) << alone["warnings"].dump();
    const std::string path = captured(3);
    const Json all = Json::parse(run("jacobian", {"--captures", path}).out);
    const Json &one = alone["result"]["heads"][0], &head = all["result"]["heads"][0];
    EXPECT_EQ(one["n_undefined"], 0);
    EXPECT_EQ(head["sequences"], 3);
    EXPECT_EQ(head["n_undefined"], 1);
    EXPECT_EQ(head["n_undefined_unmasked"], 1);
    for (const char* const name : {"cos_diag", "cos_ste", "cos_ste_unmasked"})
        EXPECT_NEAR(head[name].get<double>(), one[name].get<double>(), 1e-12) << name;
    ASSERT_EQ(all["warnings"].size(), 1u);
    EXPECT_EQ(all["warnings"][0]["code"], "cosine-undefined");
    EXPECT_NE(all["warnings"][0]["message"].get<std::string>().find("1 of 3 in all"), std::string::npos);
    const std::string csv = run("jacobian", {"--captures", path, "--format", "csv", "--quiet"}).out;
    EXPECT_NE(csv.find(",sequences,n_undefined,n_undefined_unmasked\n"), std::string::npos) << csv;
    EXPECT_TRUE(csv.ends_with(",3,1,1\n")) << csv;
    EXPECT_NE(run("jacobian", {"--captures", path, "--format", "npz"}).out.find("n_undefined.npy"), std::string::npos);
}

TEST_F(JacobianCommand, RefusesWhatItCannotUse) {
    const std::string captures = (folder / "c.npz").string();
    const std::vector<float> half(16, 0.5f);
    const auto bytes = std::as_bytes(std::span(half));
    const std::vector<TensorToWrite> tensors{{"A", DType::f32, {1, 4, 4}, bytes}, {"g", DType::f32, {1, 4, 4}, bytes}};
    write_file(captures, npz_bytes(tensors));
    const Outcome unnormalised = run("jacobian", {"--captures", captures});
    EXPECT_EQ(unnormalised.status, 3);
    EXPECT_NE(unnormalised.error.find("sum to one"), std::string::npos) << unnormalised.error;
    EXPECT_EQ(of_model({"--seq-len", "60"}).status, 3);
    EXPECT_EQ(of_model({"--seq-len", "0"}).status, 2);
    EXPECT_EQ(of_model({"--blocks", "-1"}).status, 2);
    EXPECT_EQ(of_model({"--captures", captures}).status, 2);
    EXPECT_EQ(run("jacobian", {}).status, 2);
    EXPECT_EQ(run("jacobian", {"--captures", captures, "--seq-len", "4"}).status, 2);
    EXPECT_EQ(run("jacobian", {"--captures", (folder / "none.npz").string()}).status, 3);
    const std::filesystem::path out = folder / "refused.npz";
    EXPECT_EQ(of_model({"--seq-len", "60", "--write-captures", out.string()}).status, 3);
    EXPECT_FALSE(std::filesystem::exists(out));
}

} // namespace
} // namespace attnscope::test
