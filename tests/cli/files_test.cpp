// inspect, tokenize, embed and bank.
#include "support/golden.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_gguf.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
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

TEST(InspectCommand, SaysHowAnEncoderIsBuilt) {
    TemporaryFolder folder;
    TinyBert().write(folder.path());
    const Outcome run = run_program({"inspect", folder.path()});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json file = Json::parse(run.out)["result"]["files"][0];
    EXPECT_EQ(file["kind"], "encoder");
    EXPECT_EQ(file["config"]["family"], "bert");
    EXPECT_EQ(file["config"]["layers"], TinyBert::layers);
    EXPECT_EQ(file["tokenizer"]["kind"], "WordPiece");
    EXPECT_GT(file["tensors"].size(), 10u);
}

TEST(InspectCommand, SaysHowAModelInShardsIsBuilt) {
    TemporaryFolder folder;
    const TinyModel model("Qwen3ForCausalLM");
    model.write_shards(folder.path(), 2);
    const Outcome run = run_program({"inspect", folder.path()});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json json = Json::parse(run.out);
    const Json& file = json["result"]["files"][0];
    EXPECT_EQ(file["kind"], "model");
    EXPECT_EQ(file["format"], "safetensors");
    EXPECT_EQ(file["config"]["architecture"], "Qwen3ForCausalLM");
    EXPECT_EQ(file["config"]["key_value_heads"], TinySizes::key_value_heads);
    EXPECT_EQ(file["config"]["rotary"]["dimensions"], TinySizes::head_dim);
    EXPECT_EQ(file["weights"].size(), 2u);
    EXPECT_EQ(file["tensors"].size(), model.weights.size());
    EXPECT_EQ(file["storage"][0]["dtype"], "float32");
    EXPECT_EQ(file["storage"][0]["elements"], file["parameters"]);
    EXPECT_TRUE(file["tokenizer"].is_null());
    EXPECT_EQ(file["sha256"], json["recipe"]["inputs"][0]["sha256"]);
    const Outcome text = run_program({"inspect", folder.path(), "--format", "text"});
    EXPECT_NE(text.out.find("qwen3 · 2 layers · 4 heads (2 KV) · hidden 32 · float32"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("2 files"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("model.layers.1.self_attn.q_norm.weight  float32  8"), std::string::npos) << text.out;
}

TEST(InspectCommand, SaysHowAGgufIsBuilt) {
    TemporaryFolder folder;
    TinyGguf model = tiny_gguf_model();
    model.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "smollm");
    model.tensor({"extra", {2, 32}, 8, std::string(68, '\0')});
    const std::string path = folder.put("tiny.gguf", model.str());
    const Outcome run = run_program({"inspect", path});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json file = Json::parse(run.out)["result"]["files"][0];
    EXPECT_EQ(file["name"], "tiny.gguf");
    EXPECT_EQ(file["format"], "gguf");
    EXPECT_EQ(file["config"]["family"], "llama");
    EXPECT_EQ(file["config"]["rotary"]["interleaved"], true);
    EXPECT_EQ(file["tokenizer"], Json({{"kind", "gpt2"}, {"pre_tokenizer", "smollm"}}));
    EXPECT_EQ(file["storage"][1], Json({{"dtype", "Q8_0"}, {"tensors", 1}, {"elements", 64}, {"bytes", 68}}));
    EXPECT_EQ(file["metadata"]["general.name"], "tiny");
    const Outcome table = run_program({"inspect", path, "--format", "csv"});
    EXPECT_NE(table.out.find("\"tiny.gguf\",\"extra\",Q8_0,2×32,64,68"), std::string::npos) << table.out;
    const Outcome text = run_program({"inspect", path, "--format", "text"});
    EXPECT_NE(text.out.find("tokenizer: gpt2 (smollm)"), std::string::npos) << text.out;
}

TEST(InspectCommand, ShowsTheTensorsOfAGgufItCannotRun) {
    TemporaryFolder folder;
    const std::string path = folder.put("m.gguf", tiny_gguf_model().text("general.architecture", "falcon").str());
    const Outcome run = run_program({"inspect", path});
    ASSERT_EQ(run.status, 0) << run.error;
    const Json file = Json::parse(run.out)["result"]["files"][0];
    EXPECT_EQ(file["kind"], "tensors");
    EXPECT_NE(file["problem"].get<std::string>().find("got falcon (general.architecture)"), std::string::npos);
    EXPECT_GT(file["tensors"].size(), 10u);
}

TEST(InspectCommand, NamesWhatAModelLacks) {
    TemporaryFolder folder;
    TinyModel model("LlamaForCausalLM");
    model.write_shards(folder.path(), 2);
    std::filesystem::remove(folder / "model-2.safetensors");
    Outcome run = run_program({"inspect", folder.path()});
    EXPECT_EQ(run.status, 3);
    EXPECT_NE(run.error.find("model-2.safetensors: expected a shard of the model, got nothing there"),
              std::string::npos)
        << run.error;
    model.config["architectures"] = {"FalconForCausalLM"};
    model.write(folder.path());
    run = run_program({"inspect", folder.path()});
    EXPECT_EQ(run.status, 3);
    EXPECT_NE(run.error.find("got FalconForCausalLM (architectures)"), std::string::npos) << run.error;
    const std::string broken = folder.put("m.gguf", tiny_gguf_model().str().substr(0, 900));
    run = run_program({"inspect", broken});
    EXPECT_EQ(run.status, 3);
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
}

TEST(TokenizeCommand, AgreesWithTheGoldenTokens) {
    const std::filesystem::path golden = golden_folder();
    const std::filesystem::path encoder = find_samples().encoder;
    if (golden.empty() || encoder.empty()) GTEST_SKIP() << "no golden results or no sample encoder";
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
    EXPECT_EQ(folder.files(), 3u); // no partial file
    const Outcome quiet =
        run_program({"embed", "--encoder", folder / "encoder", "--texts", texts, "--out", out, "--quiet"});
    EXPECT_EQ(quiet.status, 0);
    EXPECT_EQ(quiet.error, "");
}

TEST(EmbedCommand, TakesAGgufOfBert) {
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    TinyBert().write(folder / "encoder");
    const std::string file = folder.put("tiny-bert.gguf", TinyBert().gguf().str());
    const std::string texts = folder.put("t.txt", "a\nb A\nab, zzz\n");
    const std::string out = folder / "b.safetensors", other = folder / "c.safetensors";
    const Outcome run = run_program({"embed", "--encoder", file, "--texts", texts, "--out", out});
    ASSERT_EQ(run.status, 0) << run.error;
    ASSERT_EQ(run_program({"embed", "--encoder", folder / "encoder", "--texts", texts, "--out", other}).status, 0);
    const auto bank = open_bank(out), expected = open_bank(other);
    EXPECT_EQ(bank->encoder, "tiny-bert.gguf");
    EXPECT_TRUE(std::equal(bank->keys.begin(), bank->keys.end(), expected->keys.begin(), expected->keys.end()));
    const Outcome tokens = run_program({"tokenize", "--model", file, "--prompt", "ab C", "--format", "csv"});
    const Outcome same =
        run_program({"tokenize", "--model", folder / "encoder", "--prompt", "ab C", "--format", "csv"});
    EXPECT_EQ(tokens.out, same.out);
    const std::string questions = folder.put("q.jsonl", "{\"question\": \"a b\"}\n");
    const std::string result = folder / "r.json";
    const Outcome asked =
        run_program({"retrieval", "--bank", out, "--questions", questions, "--encoder", file, "--out", result});
    ASSERT_EQ(asked.status, 0) << asked.error;
    const Outcome replayed = run_program({"replay", result, "--inputs", folder.path()});
    EXPECT_EQ(replayed.status, 0) << replayed.error;
    const Outcome inspected = run_program({"inspect", file});
    EXPECT_EQ(Json::parse(inspected.out)["result"]["files"][0]["kind"], "encoder");
    const Outcome attention = run_program({"attention", "--model", file, "--prompt", "a b c"});
    EXPECT_EQ(attention.status, 0) << attention.error;
}

TEST(BankCommand, PartsLabelsFromTextsAndThinsEvenly) {
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    TinyBert().write(folder / "encoder");
    std::string lines;
    for (int i = 0; i < 10; ++i) lines += "label" + std::to_string(i) + "\ta b\n";
    const std::string texts = folder.put("t.txt", lines), out = folder / "b.safetensors";
    const Outcome run =
        run_program({"bank", "--texts", texts, "--encoder", folder / "encoder", "--limit", "5", "--out", out});
    ASSERT_EQ(run.status, 0) << run.error;
    const auto bank = open_bank(out);
    ASSERT_EQ(bank->n, 5u);
    EXPECT_EQ(bank->texts.label(1), "label2");
    EXPECT_EQ(bank->texts.text(1), "a b");
}

TEST(EmbedCommand, KeepsARowForEveryLine) {
    TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    TinyBert().write(folder / "encoder");
    const std::string gap = folder.put("gap.txt", "a\n\nb\n"), end = folder.put("end.txt", "a\nb\n\n\n");
    const std::string out = folder / "b.safetensors";
    for (const char* command : {"embed", "bank"}) {
        const Outcome refused =
            run_program({command, "--encoder", folder / "encoder", "--texts", gap, "--out", out, "--progress", "none"});
        EXPECT_EQ(refused.status, 3) << command;
        EXPECT_EQ(refused.error_lines(), 1) << refused.error;
        EXPECT_NE(refused.error.find("a blank line (line 2)"), std::string::npos) << refused.error;
        EXPECT_FALSE(std::filesystem::exists(out));
        const Outcome run = run_program({command, "--encoder", folder / "encoder", "--texts", end, "--out", out});
        ASSERT_EQ(run.status, 0) << run.error;
        EXPECT_EQ(open_bank(out)->n, 2u);
        std::filesystem::remove(out);
    }
}

TEST(EmbedCommand, AgreesWithTheGoldenEmbeddings) {
    const std::filesystem::path golden = golden_folder();
    const std::filesystem::path encoder = find_samples().encoder;
    if (golden.empty() || encoder.empty()) GTEST_SKIP() << "no golden results or no sample encoder";
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
    if (encoder.empty()) GTEST_SKIP() << "no sample encoder";
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

} // namespace
} // namespace attnscope::test
