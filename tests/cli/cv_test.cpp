// cv of tensors and models, its replay, and what it refuses.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"
#include "support/waiting.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class CvCommand : public testing::Test {
protected:
    CvCommand() {
        std::vector<float> rows(80 * 12);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(random_normal(4, 1, i));
        const auto bytes = std::as_bytes(std::span(rows));
        const std::vector<std::int64_t> good{0, 1, 2, 3, 4, 79, 5, 8, 70, 9}, twice{0, 1, 2, 3, 4, 5, 6, 7, 6, 8},
            far{0, 1, 2, 3, 80};
        write_safetensors(folder / "two.safetensors",
                          std::vector<TensorToWrite>{{"first", DType::f32, {80, 12}, bytes},
                                                     {"second", DType::f32, {40, 24}, bytes},
                                                     {"line", DType::f32, {960}, bytes}},
                          {});
        const auto put = [&](const char* name, const std::vector<std::int64_t>& tuples) {
            const auto count = static_cast<std::int64_t>(tuples.size() / 5);
            const TensorToWrite tensor{"tuples", DType::i64, {count, 5}, std::as_bytes(std::span(tuples))};
            write_safetensors(folder / name, std::span(&tensor, 1), {});
        };
        put("good.safetensors", good);
        put("twice.safetensors", twice);
        put("far.safetensors", far);
        std::filesystem::create_directory(folder / "model");
        TinyModel("LlamaForCausalLM").write(folder / "model");
        folder.put("ids.txt", "3 1 4 1 5 9 2 6 5 3 5 8 9 7 9 3 2 3 8 4 6");
    }
    Outcome cv(const Arguments& more) const {
        Arguments all{"cv", "--device", "cpu", "--progress", "none"};
        all.insert(all.end(), more.begin(), more.end());
        return run_program(all);
    }
    Json result(const Arguments& more) const {
        const Outcome run = cv(more);
        EXPECT_EQ(run.status, 0) << run.error;
        return run.status == 0 ? Json::parse(run.out)["result"] : Json();
    }
    std::string tensors(const std::string& key = "") const { return (folder / "two.safetensors").string() + key; }
    const TemporaryFolder folder;
};

TEST_F(CvCommand, MeasuresOneTensorOrAllOfAFile) {
    const Outcome run = cv({"--tensor", tensors(":second"), "--samples", "500", "--seed", "3"});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["schema"], "attnscope.cv/1");
    EXPECT_EQ(json["recipe"]["inputs"][0]["name"], "two.safetensors");
    EXPECT_EQ(json["recipe"]["params"]["key"], "second");
    EXPECT_EQ(run.out.find(folder.path().string()), std::string::npos) << "no path in a result";
    const Json& matrix = json["result"]["matrices"][0];
    EXPECT_EQ(matrix["name"], "second");
    EXPECT_EQ(matrix["rows"], 40);
    EXPECT_EQ(matrix["cols"], 24);
    EXPECT_EQ(matrix["n_valid"], 500);
    EXPECT_NEAR(matrix["cv"].get<double>(), matrix["null_cv"].get<double>(), 0.1);
    EXPECT_LT(matrix["ci95"][0].get<double>(), matrix["cv"].get<double>());
    EXPECT_EQ(matrix["row_simplices"], 8192) << "500 would measure their own sampling";
    EXPECT_LT(matrix["row_ci95"][0].get<double>(), matrix["cv_corrected"].get<double>());
    EXPECT_GT(matrix["row_ci95"][1].get<double>(), matrix["cv_corrected"].get<double>());

    const Json all = result({"--tensor", tensors(), "--samples", "500", "--seed", "3", "--histogram"});
    ASSERT_EQ(all["matrices"].size(), 2u);
    EXPECT_EQ(all["matrices"][0]["name"], "first");
    EXPECT_EQ(all["matrices"][1]["cv"], matrix["cv"]);
    EXPECT_EQ(all["matrices"][1]["histogram"]["counts"].size(), 64u);
}

TEST_F(CvCommand, MeasuresAModelAndItsActivations) {
    const Arguments asked{"--model", folder / "model", "--ids", folder / "ids.txt", "--samples", "200"};
    const Json all = result(asked);
    EXPECT_EQ(all["text_tokens"], 21);
    // embedding, per layer 4 Q, 2 K, 2 V, out_proj; act_emb, per layer 4 + 2 + 2 + 4 and the residual stream
    ASSERT_EQ(all["matrices"].size(), 1 + 2 * 9u + 1 + 2 * 13u);
    const auto find = [&](const Json& from, const std::string& name) {
        for (const Json& matrix : from["matrices"])
            if (matrix["name"] == name) return matrix;
        ADD_FAILURE() << name;
        return Json();
    };
    EXPECT_EQ(find(all, "embedding")["rows"], 40);
    EXPECT_EQ(find(all, "layers.1.Q_h3")["rows"], 8);
    EXPECT_EQ(find(all, "layers.1.Q_h3")["cols"], 32);
    EXPECT_EQ(find(all, "layers.1.V_h1")["key_value_head"], 1);
    EXPECT_EQ(find(all, "layers.0.out_proj")["cols"], 32);
    EXPECT_EQ(find(all, "layers.0.act_post_h2")["cols"], 8);
    EXPECT_EQ(find(all, "act_emb")["rows"], 21);
    EXPECT_EQ(find(all, "layers.1.residual")["cols"], 32);

    // A matrix has its number whatever is measured beside it.
    Arguments some = asked;
    some.insert(some.end(), {"--layers", "1", "--no-weights"});
    const Json part = result(some);
    ASSERT_EQ(part["matrices"].size(), 14u);
    EXPECT_EQ(find(part, "layers.1.act_K_h1"), find(all, "layers.1.act_K_h1"));
}

TEST_F(CvCommand, WritesEveryFormAndReplays) {
    const std::string file = folder / "result.json";
    ASSERT_EQ(
        cv({"--model", folder / "model", "--ids", folder / "ids.txt", "--out", file, "--tex", folder / "table.tex"})
            .status,
        0);
    EXPECT_NE(read_all(folder / "table.tex").find("\\texttt{layers.0.Q\\_h0}"), std::string::npos);
    const Outcome again = run_program({"replay", file, "--format", "text", "--progress", "none"});
    EXPECT_EQ(again.status, 0) << again.error;
    EXPECT_EQ(again.out, "agrees: equal numbers\n");

    const std::string tuples = folder / "good.safetensors";
    ASSERT_EQ(cv({"--tensor", tensors(":first"), "--tuples", tuples, "--out", file}).status, 0);
    EXPECT_EQ(run_program({"replay", file, "--progress", "none"}).status, 0);

    const std::string csv = cv({"--tensor", tensors(), "--format", "csv"}).out;
    EXPECT_EQ(csv.rfind("name,kind,layer,head,rows,cols,pool,cv,", 0), 0u) << csv;
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
    EXPECT_NE(cv({"--tensor", tensors(), "--format", "text"}).out.find("80 x 12"), std::string::npos);
    EXPECT_EQ(cv({"--tensor", tensors(), "--format", "npz", "--out", folder / "all.npz"}).status, 0);
    const auto arrays = open_tensor_file(folder / "all.npz");
    EXPECT_EQ(arrays->find("ci95")->shape, (std::vector<std::int64_t>{2, 2}));
}

TEST_F(CvCommand, GivesNullWithAReason) {
    const Json small = result({"--tensor", tensors(":first"), "--pool", "4"})["matrices"][0];
    EXPECT_TRUE(small["cv"].is_null());
    EXPECT_TRUE(small["ci95"].is_null());
    EXPECT_TRUE(small["in_band"].is_null());
    EXPECT_EQ(small["reason"], "expected at least 5 rows, got 4");
    const Outcome run = cv({"--tensor", tensors(":first"), "--pool", "4", "--format", "csv"});
    EXPECT_EQ(run.status, 0);
    EXPECT_NE(run.error.find("1 of 1 matrices have no CV"), std::string::npos) << run.error;
}

TEST_F(CvCommand, ASignalCancelsAndLeavesNothing) {
    const auto before = folder.files();
    Program program({"cv", "--tensor", tensors(":first"), "--samples", "4000000000", "--progress", "json", "--device",
                     "cpu", "--out", folder / "never.json"});
    while (program.error().find("simplices") == std::string::npos)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto start = std::chrono::steady_clock::now();
    program.signal(SIGINT);
    const Outcome run = program.wait();
    EXPECT_EQ(run.status, 130) << run.error;
    EXPECT_EQ(folder.files(), before);
    // A tenth of a second is promised; what is not cancelled takes minutes.
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took, hang_limit);
    std::printf("cancelled in %.0f ms\n", 1000 * took.count());
}

TEST_F(CvCommand, RefusesWhatMakesNoSense) {
    const auto refused = [&](const Arguments& arguments, int status, const std::string& part) {
        const Outcome run = cv(arguments);
        EXPECT_EQ(run.status, status) << run.error;
        EXPECT_EQ(run.error_lines(), 1) << run.error;
        EXPECT_NE(run.error.find(part), std::string::npos) << run.error;
        EXPECT_EQ(run.out, "");
    };
    refused({}, 2, "--tensor F, --model M or --experiment");
    refused({"--tensor", tensors(), "--model", folder / "model"}, 2, "got both");
    refused({"--tensor", tensors(), "--points", "9"}, 2, "--points: expected an integer from 3 to 8, got 9");
    refused({"--tensor", tensors(), "--samples", "0"}, 2, "samples: expected 1 to");
    refused({"--tensor", tensors(), "--band", ".3,.1"}, 2, "two rising numbers");
    refused({"--model", folder / "model", "--no-weights"}, 2, "one of --ids, --text and --prompt");
    refused({"--model", folder / "model", "--layers", "1:7"}, 2, "layers");
    refused({"--tensor", tensors(":none")}, 3, "a tensor 'none'");
    refused({"--tensor", tensors(":line")}, 3, "a 2-D tensor");
    refused({"--tensor", tensors(":first"), "--tuples", folder / "twice.safetensors"}, 3, "row 6 twice (tuple 1)");
    refused({"--tensor", tensors(":first"), "--tuples", folder / "far.safetensors"}, 3, "rows below 80, got 80");
    refused({"--tensor", tensors(":first"), "--tuples", tensors()}, 3, "one tensor of row numbers");
    folder.put("empty.txt", "");
    refused({"--model", folder / "model", "--ids", folder / "empty.txt"}, 3, "");
}

} // namespace
} // namespace attnscope::test
