// inspect, tokenize, embed and bank.
#include "support/golden.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;

TEST(InspectCommand, SaysWhatAFileHolds) {
    TemporaryFolder folder;
    const auto bank = make_bank("b", 3, 2, {1, 2, 3, 4, 5, 6}, TextTable::from_lines("a\nb\nc\n"));
    save_bank(folder / "b.safetensors", *bank);
    const std::string texts = folder.put("t.txt", "one\n\ntwo\n");
    const Outcome run = run_program({"inspect", folder / "b.safetensors", texts});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["schema"], "attnscope.inspect/1");
    const Json& files = json["result"]["files"];
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0]["kind"], "bank");
    EXPECT_EQ(files[0]["format"], "safetensors");
    EXPECT_EQ(files[0]["bank"]["n"], 3);
    EXPECT_EQ(files[0]["bank"]["texts"], 3);
    EXPECT_EQ(files[0]["sha256"], json["recipe"]["inputs"][0]["sha256"]);
    bool found = false;
    for (const Json& tensor : files[0]["tensors"]) {
        if (tensor["name"] != "embeddings") continue;
        found = true;
        EXPECT_EQ(tensor["dtype"], "float32");
        EXPECT_EQ(tensor["shape"], Json({3, 2}));
        EXPECT_EQ(tensor["bytes"], 24);
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(files[1]["kind"], "texts");
    EXPECT_EQ(files[1]["lines"], 2);
    for (const char* format : {"csv", "text"}) {
        const Outcome other = run_program({"inspect", folder / "b.safetensors", "--format", format});
        EXPECT_EQ(other.status, 0) << other.error;
        EXPECT_NE(other.out.find("embeddings"), std::string::npos) << other.out;
    }
}

TEST(InspectCommand, SaysHowAModelIsBuilt) {
    TemporaryFolder folder;
    TinyBert().write(folder.path());
    const Outcome run = run_program({"inspect", folder.path()});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json file = Json::parse(run.out)["result"]["files"][0];
    EXPECT_EQ(file["kind"], "encoder");
    EXPECT_EQ(file["architecture"]["model_type"], "bert");
    EXPECT_EQ(file["architecture"]["num_hidden_layers"], TinyBert::layers);
    EXPECT_GT(file["tensors"].size(), 10u);
}

TEST(TokenizeCommand, AgreesWithTheGoldenTokens) {
    const std::filesystem::path golden = golden_folder();
    const std::filesystem::path encoder = find_samples().encoder;
    if (golden.empty() || encoder.empty()) return;
    const Json inputs = Json::parse(read_all(golden / "texts/tokenizer_inputs.json"));
    const Json expected = Json::parse(read_all(golden / "models/minilm/tokenizer.json"));
    ASSERT_EQ(inputs.size(), expected.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Outcome run = run_program({"tokenize", "--model", encoder, "--prompt=" + inputs[i].get<std::string>()});
        ASSERT_EQ(run.status, 0) << run.error;
        Json ids = Json::array();
        const Json envelope = Json::parse(run.out);
        for (const Json& token : envelope["result"]["tokens"]) ids.push_back(token["id"]);
        EXPECT_EQ(ids, expected[i].is_object() ? expected[i]["ids"] : expected[i]) << inputs[i];
    }
}

TEST(TokenizeCommand, GivesTokensWithTheirPlaces) {
    TemporaryFolder folder;
    TinyBert().write(folder.path());
    const std::string text = folder.put("text.txt", "a b");
    const Outcome run = run_program({"tokenize", "--model", folder.path(), "--text", text});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    EXPECT_EQ(json["schema"], "attnscope.tokenize/1");
    ASSERT_FALSE(json["result"]["tokens"].empty());
    const Json& first = json["result"]["tokens"][0];
    for (const char* field : {"id", "text", "begin", "end"}) EXPECT_TRUE(first.contains(field)) << field;
    for (const char* format : {"csv", "text"}) {
        EXPECT_EQ(run_program({"tokenize", "--model", folder.path(), "--prompt", "a", "--format", format}).status, 0);
    }
}

TEST(EmbedCommand, WritesABankOfTheTexts) {
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    TinyBert().write(folder / "encoder");
    const std::string texts = folder.put("t.txt", "a\nb a\na b\n");
    const std::string out = folder / "b.safetensors";
    const Outcome run = run_program({"embed", "--encoder", folder / "encoder", "--texts", texts, "--out", out});
    ASSERT_EQ(run.status, 0) << run.error;
    EXPECT_EQ(run.out, "");
    const auto bank = open_bank(out);
    EXPECT_EQ(bank->n, 3u);
    EXPECT_EQ(bank->d, static_cast<std::size_t>(TinyBert::hidden));
    EXPECT_EQ(bank->texts.line(1), "b a");
    EXPECT_EQ(bank->encoder, "encoder");
    EXPECT_EQ(folder.files(), 3u);  // no partial file
    const Outcome quiet =
        run_program({"embed", "--encoder", folder / "encoder", "--texts", texts, "--out", out, "--quiet"});
    EXPECT_EQ(quiet.status, 0);
    EXPECT_EQ(quiet.error, "");
}

TEST(BankCommand, PartsLabelsFromTextsAndThinsEvenly) {
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    TinyBert().write(folder / "encoder");
    std::string lines;
    for (int i = 0; i < 10; ++i) lines += "label" + std::to_string(i) + "\ta b\n";
    const std::string texts = folder.put("t.txt", lines), out = folder / "b.safetensors";
    const Outcome run = run_program(
        {"bank", "--texts", texts, "--encoder", folder / "encoder", "--limit", "5", "--out", out});
    ASSERT_EQ(run.status, 0) << run.error;
    const auto bank = open_bank(out);
    ASSERT_EQ(bank->n, 5u);
    EXPECT_EQ(bank->texts.label(1), "label2");
    EXPECT_EQ(bank->texts.text(1), "a b");
}

TEST(EmbedCommand, AgreesWithTheGoldenEmbeddings) {
    const std::filesystem::path golden = golden_folder();
    const std::filesystem::path encoder = find_samples().encoder;
    if (golden.empty() || encoder.empty()) return;
    TemporaryFolder folder;
    const std::string out = folder / "b.safetensors";
    const Outcome run =
        run_program({"embed", "--encoder", encoder, "--texts", golden / "texts/lines.txt", "--out", out, "--quiet"});
    ASSERT_EQ(run.status, 0) << run.error;
    const auto expected = open_bank(golden / "models/minilm/embeddings.npy");
    const auto got = open_bank(out);
    ASSERT_EQ(got->n, expected->n);
    ASSERT_EQ(got->d, expected->d);
    double worst = 0;
    for (std::size_t i = 0; i < got->keys.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(got->keys[i]) - expected->keys[i]));
    }
    EXPECT_LT(worst, 2e-5);
    std::printf("largest difference %.1e\n", worst);
}

TEST(EmbedCommand, ACancelKeepsFinishedRowsAndTheNextRunTakesThemUp) {
    const std::filesystem::path encoder = find_samples().encoder;
    if (encoder.empty()) {
        std::printf("no sample encoder: nothing to cancel\n");
        return;
    }
    TemporaryFolder folder;
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "text number " + std::to_string(i) + " about one thing or another\n";
    const std::string texts = folder.put("t.txt", lines), out = folder / "b.safetensors";
    {
        Program program({"embed", "--encoder", encoder, "--texts", texts, "--out", out, "--progress", "json"});
        // Some texts are done once a fraction above 0 is reported.
        const auto advanced = [&] {
            const std::string reports = program.error();
            std::istringstream stream(reports);
            for (std::string line; std::getline(stream, line);) {
                const Json json = Json::parse(line, nullptr, false);
                if (json.is_object() && json["fraction"].is_number() && json["fraction"].get<double>() > 0) return true;
            }
            return false;
        };
        while (!advanced()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        program.signal(SIGINT);
        const Outcome run = program.wait();
        EXPECT_EQ(run.status, 130) << run.error;
        EXPECT_FALSE(std::filesystem::exists(out));
        EXPECT_TRUE(std::filesystem::exists(out + ".partial"));
        EXPECT_NE(run.error.find("b.safetensors.partial"), std::string::npos) << run.error;
    }
    const Outcome again = run_program({"embed", "--encoder", encoder, "--texts", texts, "--out", out, "--quiet"});
    EXPECT_EQ(again.status, 0) << again.error;
    EXPECT_EQ(open_bank(out)->n, 2000u);
    EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
}

}  // namespace
}  // namespace attnscope::test
