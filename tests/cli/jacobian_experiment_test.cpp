// jacobian --experiment: its result, replay, what a cancel keeps, what it exports, and what it refuses.
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

class JacobianExperimentCommand : public testing::Test {
protected:
    JacobianExperimentCommand() {
        std::ofstream file(text);
        for (int i = 0; i < 60; ++i) file << "Line " << i * i << ": the " << (i % 3 ? "quick" : "lazy") << " fox.\n";
    }
    Arguments with(const Arguments& more) const {
        Arguments all{"jacobian", "--experiment", "--progress", "none", "--text", text};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    void expect_refused(const Arguments& arguments, int status, const std::string& line) const {
        const Outcome outcome = run_program(arguments);
        EXPECT_EQ(outcome.status, status) << outcome.error;
        EXPECT_EQ(outcome.error, line + "\n");
        EXPECT_EQ(outcome.out, "");
    }
    const TemporaryFolder folder;
    const std::string text = folder / "text.txt";
};

TEST_F(JacobianExperimentCommand, DeliversCurvesAndHeadsAndItsReplayAgrees) {
    const Outcome outcome = run_program(with({"--steps", "3", "--every", "2", "--out", folder / "run.json"}));
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const Json envelope = Json::parse(read_all(folder / "run.json"));
    EXPECT_EQ(envelope["schema"], "attnscope.jacobian/1");
    EXPECT_EQ(envelope["recipe"]["seed"], 1337);
    EXPECT_EQ(envelope["recipe"]["inputs"][0]["role"], "text");
    const Json& experiment = envelope["recipe"]["params"]["experiment"];
    EXPECT_EQ(experiment["layers"], 4);
    EXPECT_EQ(experiment["width"], 128);
    EXPECT_EQ(experiment["block"], 64);
    EXPECT_EQ(experiment["batch"], 32);
    const Json& result = envelope["result"];
    EXPECT_EQ(result["method"], "bp");
    EXPECT_EQ(result["softmax_grad"], "full");
    EXPECT_EQ(result["training"]["loss"].size(), 3u);
    EXPECT_EQ(result["training"]["val_steps"], (Json{0, 2, 3}));
    EXPECT_EQ(result["training"]["val_loss"].size(), 3u);
    EXPECT_EQ(result["training"]["metrics"].size(), 3u);
    ASSERT_EQ(result["heads"].size(), 16u);
    const Json& head = result["heads"][5];
    EXPECT_EQ(head["layer"], 1);
    EXPECT_EQ(head["head"], 1);
    EXPECT_NEAR(head["a_mean"].get<double>(), 2.0 / 65, 1e-6);
    EXPECT_NEAR(head["r_diag"].get<double>() + head["energy_off"].get<double>() + head["energy_cross"].get<double>(), 1,
                1e-9);

    const Outcome replayed = run_program({"replay", folder / "run.json", "--progress", "none", "--threads", "1"});
    EXPECT_EQ(replayed.status, 0) << replayed.error;
    EXPECT_TRUE(Json::parse(replayed.out)["result"]["agree"]);
    const Outcome figure = run_program({"figure", "--recipe", folder / "run.json", "--panel", "training", "--out",
                                        folder / "curves.svg", "--progress", "none"});
    EXPECT_EQ(figure.status, 0) << figure.error;
    EXPECT_NE(read_all(folder / "curves.svg").find("bp/full"), std::string::npos);
}

TEST_F(JacobianExperimentCommand, TrainsSeveralSideBySideAndExportsThem) {
    const Outcome outcome = run_program(with({"--steps", "2", "--every", "0", "--method", "fa,dfa", "--softmax-grad",
                                              "diag,ste", "--format", "csv", "--export", folder / "models"}));
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_NE(outcome.out.find("\nfa,ste,0,"), std::string::npos);
    EXPECT_NE(outcome.out.find("\ndfa,diag,2,,"), std::string::npos);
    for (const char* const name : {"fa-diag", "fa-ste", "dfa-diag", "dfa-ste"}) {
        const std::string model = folder / (std::string("models/") + name);
        const Outcome logits = run_program({"logits", "--model", model, "--prompt", "the lazy", "--progress", "none"});
        ASSERT_EQ(logits.status, 0) << logits.error;
        EXPECT_EQ(Json::parse(logits.out)["result"]["top"].size(), 10u);
    }
}

TEST_F(JacobianExperimentCommand, ACancelKeepsTrainingSoFarAndTheNextRunGoesOn) {
    const Arguments arguments = with({"--steps", "60", "--every", "0", "--threads", "1", "--out", folder / "run.json"});
    const std::filesystem::path partial = folder / "run.json.partial";
    {
        Program program(arguments);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!std::filesystem::exists(partial) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        program.signal(SIGINT);
        EXPECT_EQ(program.wait().status, 130);
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "run.json"));
    ASSERT_TRUE(std::filesystem::exists(partial));
    std::filesystem::copy(partial, folder / "kept");
    const Outcome again = run_program(arguments);
    EXPECT_EQ(again.status, 0) << again.error;
    EXPECT_NE(again.error.find("went on from run.json.partial: "), std::string::npos) << again.error;
    EXPECT_FALSE(std::filesystem::exists(partial));
    EXPECT_EQ(Json::parse(read_all(folder / "run.json"))["result"]["training"]["loss"].size(), 60u);
    // Of another request it is not taken up.
    std::filesystem::copy(std::filesystem::path(folder / "kept"), partial);
    Arguments other = with({"--steps", "2", "--every", "1", "--out", folder / "run.json"});
    const Outcome fresh = run_program(other);
    EXPECT_EQ(fresh.status, 0) << fresh.error;
    EXPECT_EQ(fresh.error.find("went on"), std::string::npos) << fresh.error;
}

TEST_F(JacobianExperimentCommand, ADivergedRunIsReported) {
    const Outcome outcome = run_program(with({"--steps", "5", "--learning-rate", "1e38"}));
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const Json envelope = Json::parse(outcome.out);
    EXPECT_EQ(envelope["result"]["state"], "diverged");
    EXPECT_EQ(envelope["result"]["training"]["loss"].size(), envelope["result"]["diverged_at"]);
    EXPECT_EQ(envelope["warnings"][0]["code"], "diverged");
}

TEST_F(JacobianExperimentCommand, SaysWhatItCannotTrain) {
    const auto of_text = [&](const std::string& content) {
        std::ofstream(folder / "other.txt", std::ios::binary) << content;
        return Arguments{"jacobian", "--experiment", "--progress", "none", "--text", folder / "other.txt"};
    };
    expect_refused(of_text(std::string(200, 'a')), 3,
                   "other.txt: expected a text of two distinct characters or more, got one with one");
    expect_refused(of_text(""), 3, "other.txt: expected a text of two distinct characters or more, got an empty one");
    expect_refused(
        of_text("too short"), 3,
        "other.txt: expected at least 73 characters, so that nine tenths hold a block of 64 and the one after it, "
        "got 9");
    expect_refused(of_text(std::string(100, 'a') + "b\xff"), 3,
                   "other.txt: expected text in UTF-8, got 0xff (byte 101)");
    expect_refused(with({"--method", "hebb"}), 2,
                   "--method: expected a list of bp, fa, sign_sym, dfa; or all, got hebb");
    expect_refused(with({"--device", "cuda"}), 2, "--device: expected cpu for the experiment, got cuda:0");
    expect_refused({"jacobian", "--experiment"}, 2, "--experiment: expected --text F to train on, got none");
}

} // namespace
} // namespace attnscope::test
