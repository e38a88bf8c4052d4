// cv --experiment: its result, replay, what a cancel keeps, and what it refuses.
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

class ExperimentCommand : public testing::Test {
protected:
    static Arguments with(const Arguments& more) {
        Arguments all{"cv", "--experiment", "--progress", "none", "--samples", "40"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    void expect_refused(const Arguments& more, const std::string& line) const {
        const Outcome outcome = run_program(with(more));
        EXPECT_EQ(outcome.status, 2) << outcome.error;
        EXPECT_EQ(outcome.error, line + "\n");
        EXPECT_EQ(outcome.out, "");
    }
    const TemporaryFolder folder;
    const Arguments small{"--dims", "16", "--heads", "1,2", "--epochs", "4", "--every", "1"};
};

TEST_F(ExperimentCommand, DeliversEveryConfigurationAndItsReplayAgrees) {
    Arguments arguments = small;
    arguments.insert(arguments.end(), {"--out", folder / "run.json"});
    const Outcome outcome = run_program(with(arguments));
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const Json envelope = Json::parse(read_all(folder / "run.json"));
    EXPECT_EQ(envelope["schema"], "attnscope.cv/1");
    EXPECT_EQ(envelope["recipe"]["analysis"], "cv");
    EXPECT_EQ(envelope["recipe"]["seed"], 42);
    EXPECT_EQ(envelope["recipe"]["params"]["experiment"]["heads"], (Json{1, 2}));
    const Json& configs = envelope["result"]["configs"];
    ASSERT_EQ(configs.size(), 2u);
    const Json& config = configs[1];
    EXPECT_EQ(config["dim"], 16);
    EXPECT_EQ(config["heads"], 2);
    EXPECT_EQ(config["head_dim"], 8);
    EXPECT_EQ(config["loss"].size(), 4u);
    EXPECT_EQ(config["accuracy"].size(), 4u);
    for (const char* const when : {"pre", "mid", "post"}) {
        const Json& snapshot = config["snapshots"][when];
        for (const char* const name :
             {"emb", "Q_full", "K_h1", "out_proj", "cls_head", "act_V_h0", "act_post_h1", "act_emb", "act_post_full"}) {
            ASSERT_TRUE(snapshot.contains(name)) << when << " " << name;
            EXPECT_TRUE(snapshot[name].contains("cv"));
        }
    }
    EXPECT_EQ(config["cv_epochs"], (Json{0, 1, 2, 3, 4}));
    EXPECT_EQ(config["cv"]["emb"].size(), 5u);
    EXPECT_EQ(config["cv"]["emb"][4], config["snapshots"]["post"]["emb"]["cv"]);

    const Outcome replayed = run_program({"replay", folder / "run.json", "--progress", "none", "--threads", "1"});
    EXPECT_EQ(replayed.status, 0) << replayed.error;
    EXPECT_TRUE(Json::parse(replayed.out)["result"]["agree"]);
    const Outcome csv = run_program(with({"--dims", "16", "--heads", "1", "--epochs", "2", "--format", "csv"}));
    EXPECT_EQ(csv.out.substr(0, 26), "dim,heads,head_dim,epoch,l");
    const Outcome text = run_program(with({"--dims", "16", "--heads", "1", "--epochs", "2", "--format", "text"}));
    EXPECT_NE(text.out.find("act_post_h"), std::string::npos);
}

TEST_F(ExperimentCommand, ACancelKeepsFinishedConfigurationsAndTheNextRunGoesOn) {
    const Arguments arguments{"--dims", "16",        "--heads", "1,2",   "--epochs",
                              "150",    "--threads", "1",       "--out", folder / "run.json"};
    const std::filesystem::path partial = folder / "run.json.partial";
    {
        Program program(with(arguments));
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!std::filesystem::exists(partial) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        program.signal(SIGINT);
        const Outcome outcome = program.wait();
        EXPECT_EQ(outcome.status, 130) << outcome.error;
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "run.json"));
    ASSERT_TRUE(std::filesystem::exists(partial));
    const Json kept = Json::parse(read_all(partial));
    EXPECT_EQ(kept["result"]["configs"].size(), 1u);
    const Outcome again = run_program(with(arguments));
    EXPECT_EQ(again.status, 0) << again.error;
    EXPECT_NE(again.error.find("went on from run.json.partial: 1 configurations"), std::string::npos) << again.error;
    EXPECT_FALSE(std::filesystem::exists(partial));
    const Json whole = Json::parse(read_all(folder / "run.json"));
    EXPECT_EQ(whole["result"]["configs"].size(), 2u);
    EXPECT_EQ(whole["result"]["configs"][0], kept["result"]["configs"][0]);

    // What another request left, or no result at all, is not taken up.
    std::ofstream(partial) << kept.dump();
    Arguments other = arguments;
    other.insert(other.end(), {"--seed", "3"});
    other[5] = "2";
    EXPECT_EQ(run_program(with(other)).error.find("went on"), std::string::npos);
    std::ofstream(partial) << "{";
    EXPECT_EQ(run_program(with(other)).status, 0);
}

TEST_F(ExperimentCommand, SaysWhatItCannotTrain) {
    expect_refused({"--heads", "3"}, "heads: expected a divisor of the width 64, got 3");
    expect_refused({"--dims", "0"}, "--dims: expected integers from 1 to 2048, as in 1,2,4 or 9:11, got 0");
    expect_refused({"--device", "cuda"}, "--device: expected cpu for the experiment, got cuda:0");
    expect_refused({"--model", "x"}, "--experiment: expected no tensor, model or text beside it, got one");
    const Outcome alone = run_program({"cv", "--dims", "64"});
    EXPECT_EQ(alone.status, 2);
    EXPECT_EQ(alone.error, "attnscope cv: expected --experiment with its options, got the options alone\n");
}

TEST_F(ExperimentCommand, ADivergedConfigurationIsReported) {
    const Outcome outcome =
        run_program(with({"--dims", "16", "--heads", "1", "--epochs", "5", "--learning-rate", "1e38"}));
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const Json envelope = Json::parse(outcome.out);
    EXPECT_EQ(envelope["result"]["configs"][0]["state"], "diverged");
    EXPECT_EQ(envelope["warnings"][0]["code"], "diverged");
}

} // namespace
} // namespace attnscope::test
