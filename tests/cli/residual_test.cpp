// residual on the command line: its result in every format, its replay and figures, and what it refuses.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class ResidualCommand : public testing::Test {
protected:
    ResidualCommand() {
        std::filesystem::create_directory(folder / "model");
        TinyModel("GPT2LMHeadModel").write(folder / "model");
        std::string ids;
        for (std::uint64_t i = 0; i < 110; ++i)
            ids += std::to_string(random_bits(8, 1, i) % TinySizes::vocabulary) + " ";
        folder.put("ids.txt", ids);
    }
    Outcome residual(const Arguments& more) const {
        Arguments all{"residual", "--model", (folder / "model").string(), "--device", "cpu", "--progress", "none"};
        all.insert(all.end(), more.begin(), more.end());
        return run_program(all);
    }
    Arguments small(const Arguments& more = {}) const {
        Arguments all{"--ids", (folder / "ids.txt").string(), "--seq-len", "16", "--blocks", "4"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::set<std::string> codes(const Json& json) const {
        std::set<std::string> out;
        for (const Json& warning : json["warnings"]) out.insert(warning["code"].get<std::string>());
        return out;
    }
    const TemporaryFolder folder;
};

TEST_F(ResidualCommand, SaysWhatItsResultIsAndReplaysIt) {
    const std::string out = (folder / "result.json").string();
    const Outcome run = residual(small({"--layers", "1", "--ranks", "0,3,8", "--out", out}));
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
    std::ifstream file(out);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str().find(folder.path().string()), std::string::npos) << "no path in a result";
    const Json json = Json::parse(text.str()), &result = json["result"];
    EXPECT_EQ(json["schema"], "attnscope.residual/1");
    EXPECT_EQ(json["recipe"]["analysis"], "residual");
    const Json& params = json["recipe"]["params"];
    EXPECT_EQ(params["layers"], Json::array({1}));
    EXPECT_EQ(params["ranks"], Json::array({0, 3, 8}));
    EXPECT_EQ(params["seq_len"], 16);
    EXPECT_EQ(params["calibration"], "heldout");
    EXPECT_EQ(params["calibration_blocks"], 4);
    EXPECT_EQ(params["residual_form"], "context");
    EXPECT_EQ(result["blocks"], 4);
    EXPECT_EQ(result["calibration_blocks"], 2) << "as many as the text has behind the evaluated ones";
    EXPECT_TRUE(codes(json).contains("fewer-calibration-blocks"));
    EXPECT_FALSE(codes(json).contains("calibration-overlap"));
    ASSERT_EQ(result["curve"].size(), 3u);
    EXPECT_EQ(result["curve"][0]["nll"], result["top1"]["nll"]);
    EXPECT_EQ(result["curve"][2]["nll"], result["full"]["nll"]);
    EXPECT_EQ(result["full"]["nll"], result["baseline"]["nll"]);
    EXPECT_EQ(result["full"]["delta_ppl"], 0.0);
    EXPECT_EQ(result["spectrum"].size(), std::size_t{TinySizes::heads});
    EXPECT_EQ(result["spectrum"][0]["cumulative"].size(), std::size_t{TinySizes::head_dim});
    EXPECT_NEAR(result["spectrum"][0]["cumulative"].back().get<double>(), 1, 1e-9);
    EXPECT_TRUE(result["verdict"].is_string());
    EXPECT_GT(result["memory"]["peak_bytes"].get<std::uint64_t>(), 0u);

    const Outcome replay = run_program({"replay", out, "--inputs", folder.path().string(), "--format", "text"});
    EXPECT_EQ(replay.status, 0) << replay.error;
    EXPECT_NE(replay.out.find("agrees"), std::string::npos);
    const std::string svg = (folder / "curve.svg").string();
    const Outcome figure = run_program(
        {"figure", out, "--inputs", folder.path().string(), "--panel", "residual.curve", "--rank", "3", "--out", svg});
    ASSERT_EQ(figure.status, 0) << figure.error;
    EXPECT_EQ(run_program({"replay", svg, "--inputs", folder.path().string(), "--format", "text"}).status, 0);
    const Outcome map = run_program({"figure", out, "--inputs", folder.path().string(), "--panel", "residual.map"});
    EXPECT_EQ(map.status, 0) << map.error;
}

TEST_F(ResidualCommand, TakesLeadingCalibrationHeadsAndEveryFormat) {
    const Arguments asked =
        small({"--calibration", "leading", "--heads", "0:2,1:0", "--ranks", "2", "--two-nn", "--token-losses",
               "--top-k", "2", "--exclude-sink", "--residual-form", "tail", "--output-weighted", "--centred",
               "--calibration-blocks", "9", "--prefix-memory", "0"});
    const Outcome run = residual(asked);
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out), &result = json["result"];
    EXPECT_EQ(result["heads"], Json::parse("[[0, 2], [1, 0]]"));
    EXPECT_EQ(result["layers"], Json::parse("[0, 1]"));
    EXPECT_EQ(result["spectrum"].size(), 2u);
    EXPECT_EQ(result["calibration_blocks"], 4);
    for (const char* code : {"calibration-overlap", "fewer-calibration-blocks", "prefix-on-disk"})
        EXPECT_TRUE(codes(json).contains(code)) << code;
    EXPECT_TRUE(result["spectrum"][0]["two_nn"].is_number());
    EXPECT_EQ(result["spectrum"][0]["two_nn_points"], 4 * 15) << "of the first token of a block there is no residual";
    ASSERT_EQ(result["tokens"]["ids"].size(), 4u);
    EXPECT_TRUE(result["tokens"]["baseline"][0][0].is_null());
    EXPECT_EQ(result["tokens"]["curve"][0]["nll"][3].size(), 16u);
    EXPECT_EQ(result["memory"]["prefix_disk_bytes"], result["memory"]["prefix_bytes"]);

    Arguments as_csv = asked, as_text = asked, as_npz = asked;
    as_csv.insert(as_csv.end(), {"--format", "csv", "--quiet"});
    as_text.insert(as_text.end(), {"--format", "text"});
    as_npz.insert(as_npz.end(), {"--format", "npz", "--out", (folder / "r.npz").string()});
    const Outcome csv = residual(as_csv);
    EXPECT_TRUE(csv.out.starts_with("output,rank,nll,ppl,delta_ppl,recovered_ppl,recovered_nll\nbaseline,,"))
        << csv.out;
    EXPECT_TRUE(csv.error.empty()) << csv.error;
    EXPECT_NE(residual(as_text).out.find("r90 of each head"), std::string::npos);
    EXPECT_EQ(residual(as_npz).status, 0);
    EXPECT_EQ(run_program({"inspect", (folder / "r.npz").string()}).status, 0);
}

TEST_F(ResidualCommand, ACancelKeepsFinishedRanksAndTheNextRunGoesOn) {
    std::string ids;
    for (std::uint64_t i = 0; i < 16'100; ++i)
        ids += std::to_string(random_bits(8, 1, i) % TinySizes::vocabulary) + " ";
    folder.put("many.txt", ids);
    const std::string out = (folder / "run.json").string(), whole = (folder / "whole.json").string();
    const std::filesystem::path partial = out + ".partial";
    const auto command = [&](const std::string& to, const char* ranks) {
        return Arguments{"residual",
                         "--model",
                         (folder / "model").string(),
                         "--ids",
                         (folder / "many.txt").string(),
                         "--seq-len",
                         "16",
                         "--blocks",
                         "1000",
                         "--calibration-blocks",
                         "2",
                         "--ranks",
                         ranks,
                         "--token-losses",
                         "--device",
                         "cpu",
                         "--threads",
                         "1",
                         "--progress",
                         "none",
                         "--out",
                         to};
    };
    const auto read = [](const std::filesystem::path& path) {
        std::ifstream file(path);
        return Json::parse(file);
    };
    {
        Program program(command(out, "1,2,3,4,5,6"));
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!std::filesystem::exists(partial) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        program.signal(SIGINT);
        const Outcome outcome = program.wait();
        EXPECT_EQ(outcome.status, 130) << outcome.error;
    }
    EXPECT_FALSE(std::filesystem::exists(out));
    const Json kept = read(partial);
    const std::size_t finished = kept["result"]["curve"].size();
    EXPECT_GE(finished, 1u);
    EXPECT_LT(finished, 6u);
    const Outcome again = run_program(command(out, "1,2,3,4,5,6"));
    EXPECT_EQ(again.status, 0) << again.error;
    EXPECT_NE(again.error.find("went on from run.json.partial: " + std::to_string(finished) + " ranks"),
              std::string::npos)
        << again.error;
    EXPECT_FALSE(std::filesystem::exists(partial));
    EXPECT_EQ(run_program(command(whole, "1,2,3,4,5,6")).status, 0);
    EXPECT_EQ(read(out)["result"], read(whole)["result"]);

    // What another request left is not taken up, nor is a damaged file, which is worth a line.
    std::ofstream(partial) << kept.dump();
    const Outcome other = run_program(command(out, "1,2"));
    EXPECT_EQ(other.status, 0);
    EXPECT_TRUE(other.error.empty()) << other.error;
    EXPECT_FALSE(std::filesystem::exists(partial));
    Json damaged = kept;
    damaged["result"]["tokens"]["top1"].erase(0);
    for (const std::string& text : {damaged.dump(), kept.dump().substr(0, 5000), std::string("\xff")}) {
        std::ofstream(partial) << text;
        const Outcome anew = run_program(command(out, "1,2,3,4,5,6"));
        EXPECT_EQ(anew.status, 0) << anew.error;
        EXPECT_TRUE(anew.error.starts_with("note: run.json.partial: expected ")) << anew.error;
        EXPECT_EQ(std::count(anew.error.begin(), anew.error.end(), '\n'), 1) << anew.error;
        EXPECT_FALSE(std::filesystem::exists(partial));
    }
}

TEST_F(ResidualCommand, RefusesWhatItCannotUse) {
    const auto fails = [&](const Arguments& more, int status, const std::string& said) {
        const Outcome run = residual(more);
        EXPECT_EQ(run.status, status) << run.error;
        EXPECT_NE(run.error.find(said), std::string::npos) << run.error;
        EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
        EXPECT_TRUE(run.out.empty());
    };
    fails(small({"--layers", "2"}), 2, "layers: expected 0 to 1, got 2");
    fails(small({"--layers", "1,0:1"}), 2, "layers: expected each one once, got 1 twice");
    fails(small({"--ranks", "9"}), 2, "ranks: expected 0 to 8, got 9");
    fails(small({"--heads", "1"}), 2, "--heads: expected a list of LAYER:HEAD as in 9:3, got 1");
    fails(small({"--calibration", "half"}), 2, "--calibration: expected one of heldout, leading, got half");
    fails({"--ids", (folder / "ids.txt").string(), "--seq-len", "65"}, 2, "seq-len: expected 2 to 64, got 65");
    fails({}, 2, "one of --ids, --text and --prompt");
    fails({"--ids", (folder / "ids.txt").string(), "--seq-len", "60"}, 3, "to calibrate on, got none");
    fails({"--ids", folder.put("few.txt", "1 2 3").string()}, 2, "seq-len: expected 2 to 64, got 256");
    fails({"--ids", (folder / "few.txt").string(), "--seq-len", "4"}, 3,
          "text: expected at least one block of 4 tokens, got 3");
    fails({"--ids", folder.put("far.txt", "1 2 99 3").string(), "--seq-len", "2"}, 3, "got 99 (position 2)");
    TinyModel broken("GPT2LMHeadModel");
    for (float& weight : broken.weights.at("transformer.ln_f.weight").values) weight = 3e38f;
    broken.write(folder / "model");
    fails(small(), 3, "expected a finite loss");
}

} // namespace
} // namespace attnscope::test
