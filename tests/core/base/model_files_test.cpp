// Opening models: folders, shards and GGUF files, good and bad.
#include <attnscope/model.h>

#include "support/archives.h"
#include "support/error_of.h"
#include "support/golden.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_gguf.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TinyGguf;
using test::TinyModel;
using test::TinySizes;

class ModelFolders : public testing::Test {
protected:
    ModelFiles open(const TinyModel& model) {
        model.write(folder.path());
        return open_model_files(folder.path());
    }
    std::string refusal(const TinyModel& model) {
        return message_of([&] { open(model); });
    }
    ModelFiles open(const TinyGguf& file) { return open_model_files(folder.put("m.gguf", file.str())); }
    std::string refusal(const TinyGguf& file) {
        return message_of([&] { open(file); });
    }
    const test::TemporaryFolder folder;
};

#define EXPECT_SAYS(message, part)                                                                                     \
    do {                                                                                                               \
        const std::string said = message;                                                                              \
        EXPECT_NE(said.find(part), std::string::npos) << said;                                                         \
    } while (false)

TEST_F(ModelFolders, OpensEveryArchitecture) {
    struct Expected {
        const char* architecture;
        Family family;
        bool tied, bias, rotary;
    };
    for (const Expected& expected : {Expected{"GPT2LMHeadModel", Family::gpt2, true, true, false},
                                     Expected{"GPTNeoXForCausalLM", Family::gpt_neox, false, true, true},
                                     Expected{"LlamaForCausalLM", Family::llama, false, false, true},
                                     Expected{"MistralForCausalLM", Family::llama, false, false, true},
                                     Expected{"Qwen2ForCausalLM", Family::llama, false, true, true},
                                     Expected{"Qwen3ForCausalLM", Family::qwen3, true, false, true}}) {
        const TinyModel model(expected.architecture);
        const ModelFiles files = open(model);
        SCOPED_TRACE(expected.architecture);
        EXPECT_TRUE(is_model(folder.path()));
        EXPECT_EQ(files.format, "safetensors");
        EXPECT_EQ(files.name, folder.path().filename());
        EXPECT_FALSE(files.has_tokenizer);
        EXPECT_EQ(files.config.family, expected.family);
        EXPECT_EQ(files.config.architecture, expected.architecture);
        EXPECT_EQ(files.config.layers, TinySizes::layers);
        EXPECT_EQ(files.config.heads, TinySizes::heads);
        EXPECT_EQ(files.config.head_dim, TinySizes::head_dim);
        EXPECT_EQ(files.config.hidden, TinySizes::hidden);
        EXPECT_EQ(files.config.intermediate, TinySizes::intermediate);
        EXPECT_EQ(files.config.vocabulary, TinySizes::vocabulary);
        EXPECT_EQ(files.config.positions, TinySizes::positions);
        EXPECT_EQ(files.config.tied_head, expected.tied);
        EXPECT_EQ(files.config.attention_bias, expected.bias);
        EXPECT_EQ(files.config.rotary.dimensions > 0, expected.rotary);
        EXPECT_TRUE(files.config.causal());
        EXPECT_EQ(files.config.window(1), 0);
        std::uint64_t parameters = 0;
        for (const auto& [name, weight] : model.weights)
            parameters += weight.values.size();
        EXPECT_EQ(files.parameters, parameters);
        EXPECT_EQ(files.sha256(), sha256_file(folder / "model.safetensors"));
    }
}

TEST_F(ModelFolders, SumsAModelUpInALine) {
    EXPECT_EQ(open(TinyModel("GPT2LMHeadModel")).summary(), "gpt2 · 2 layers · 4 heads · hidden 32 · float32");
    EXPECT_EQ(open(TinyModel("Qwen3ForCausalLM")).summary(), "qwen3 · 2 layers · 4 heads (2 KV) · hidden 32 · float32");
}

TEST_F(ModelFolders, OpensBert) {
    test::TinyBert bert;
    bert.write(folder.path());
    const ModelFiles files = open_model_files(folder.path());
    EXPECT_EQ(files.config.family, Family::bert);
    EXPECT_EQ(files.config.architecture, "bert");
    EXPECT_FALSE(files.config.causal());
    EXPECT_TRUE(files.has_tokenizer);
    EXPECT_EQ(files.config.token_types, 2);
    bert.write(folder.path(), "bert.");
    EXPECT_EQ(open_model_files(folder.path()).config, files.config);
}

TEST_F(ModelFolders, ReadsBothSpellingsOfRotaryPositions) {
    TinyModel model("LlamaForCausalLM");
    model.config["rope_theta"] = 500000;
    model.config["rope_scaling"] = {{"rope_type", "llama3"},
                                    {"factor", 8},
                                    {"low_freq_factor", 1},
                                    {"high_freq_factor", 4},
                                    {"original_max_position_embeddings", 8192}};
    const ModelConfig older = open(model).config;
    EXPECT_EQ(older.rotary.theta, 500000);
    EXPECT_EQ(older.rotary.scaling, Rotary::Scaling::llama3);
    EXPECT_EQ(older.rotary.factor, 8);
    EXPECT_EQ(older.rotary.dimensions, TinySizes::head_dim);
    EXPECT_FALSE(older.rotary.interleaved);

    TinyModel newer("LlamaForCausalLM");
    newer.config.erase("rope_theta");
    nlohmann::json parameters = model.config["rope_scaling"];
    parameters["rope_theta"] = 500000;
    newer.config["rope_parameters"] = parameters;
    EXPECT_EQ(open(newer).config, older);
    newer.config["rope_parameters"] = {{"full_attention", parameters}, {"sliding_attention", parameters}};
    EXPECT_EQ(open(newer).config, older);
    newer.config["rope_parameters"]["sliding_attention"]["rope_theta"] = 1e4;
    EXPECT_SAYS(refusal(newer), "rope_parameters.sliding_attention");
    newer.config["rope_parameters"] = {{"rope_type", "yarn"}, {"factor", 4}};
    EXPECT_SAYS(refusal(newer), "expected default, linear or llama3, got yarn (rope_parameters.rope_type)");
    newer.config["rope_parameters"] = {{"rope_type", "linear"}};
    EXPECT_SAYS(refusal(newer), "got none (rope_parameters.factor)");
    newer.config["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2}};
    EXPECT_EQ(open(newer).config.rotary.scaling, Rotary::Scaling::linear);
    newer.config["rope_parameters"] = {{"rope_theta", -1}};
    EXPECT_SAYS(refusal(newer), "rope_theta");

    TinyModel neox("GPTNeoXForCausalLM");
    neox.config["rotary_emb_base"] = 12000;
    EXPECT_EQ(open(neox).config.rotary.dimensions, TinySizes::head_dim / 4);
    EXPECT_EQ(open(neox).config.rotary.theta, 12000);
}

TEST_F(ModelFolders, ReadsWindows) {
    TinyModel mistral("MistralForCausalLM");
    mistral.config["sliding_window"] = 16;
    EXPECT_EQ(open(mistral).config.window(0), 16);
    mistral.config["sliding_window"] = nullptr;
    EXPECT_EQ(open(mistral).config.window(0), 0);
    mistral.config["sliding_window"] = 0;
    EXPECT_SAYS(refusal(mistral), "sliding_window");

    TinyModel qwen("Qwen2ForCausalLM");
    qwen.config["sliding_window"] = 16;
    qwen.config["max_window_layers"] = 1;
    EXPECT_EQ(open(qwen).config.window(1), 0) << "not in use";
    qwen.config["use_sliding_window"] = true;
    EXPECT_EQ(open(qwen).config.window(0), 0);
    EXPECT_EQ(open(qwen).config.window(1), 16);
    qwen.config["layer_types"] = {"sliding_attention", "full_attention"};
    EXPECT_EQ(open(qwen).config.window(0), 16);
    EXPECT_EQ(open(qwen).config.window(1), 0);
    qwen.config["layer_types"] = {"sliding_attention"};
    EXPECT_SAYS(refusal(qwen), "a list of 2 texts, got 1 (layer_types)");
    qwen.config["layer_types"] = {"sliding_attention", "chunked_attention"};
    EXPECT_SAYS(refusal(qwen), "got chunked_attention (layer_types)");
}

TEST_F(ModelFolders, NamesWhatItDoesNotKnow) {
    TinyModel model("LlamaForCausalLM");
    model.config["architectures"] = {"FalconForCausalLM"};
    const std::string message = refusal(model);
    EXPECT_SAYS(message, "got FalconForCausalLM (architectures)");
    for (const char* const known : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
                                    "Qwen2ForCausalLM", "Qwen3ForCausalLM", "BertModel"})
        EXPECT_SAYS(message, known);
    model.config.erase("architectures");
    EXPECT_EQ(open(model).config.architecture, "llama");
    model.config["model_type"] = "t5";
    EXPECT_SAYS(refusal(model), "got t5 (model_type)");
    model.config["model_type"] = "llama";
    model.config["quantization_config"] = {{"quant_method", "gptq"}};
    EXPECT_SAYS(refusal(model), "got gptq (quantization_config)");
    model.config.erase("quantization_config");
    model.config["mlp_bias"] = true;
    EXPECT_SAYS(refusal(model), "expected false, got true (mlp_bias)");
    TinyModel gpt2("GPT2LMHeadModel");
    gpt2.config["activation_function"] = "quick_gelu";
    EXPECT_SAYS(refusal(gpt2), "got quick_gelu (activation_function)");
    gpt2.config["activation_function"] = "gelu_new";
    gpt2.config["scale_attn_by_inverse_layer_idx"] = true;
    EXPECT_SAYS(refusal(gpt2), "scale_attn_by_inverse_layer_idx");

    fs::remove(folder / "config.json");
    EXPECT_FALSE(is_model(folder.path()));
    EXPECT_SAYS(message_of([&] { open_model_files(folder.path()); }), "a folder with config.json, or a GGUF file");
    EXPECT_SAYS(message_of([&] { open_model_files(folder / "model.safetensors"); }), "got another file");
    EXPECT_SAYS(message_of([&] { open_model_files(folder / "nowhere"); }), "got nothing there");
    EXPECT_FALSE(is_model(folder / "nowhere"));
    folder.put("config.json", "[");
    EXPECT_SAYS(message_of([&] { open_model_files(folder.path()); }), "expected JSON");
    folder.put("config.json", "[]");
    EXPECT_SAYS(message_of([&] { open_model_files(folder.path()); }), "a JSON object");
}

TEST_F(ModelFolders, NamesSizesThatContradictEachOther) {
    const TinyModel good("LlamaForCausalLM");
    const auto says = [&](const char* member, const nlohmann::json& value, const char* expected) {
        TinyModel model = good;
        model.config[member] = value;
        EXPECT_SAYS(refusal(model), expected);
    };
    says("vocab_size", 41,
         "expected 41 × 32 (vocabulary × hidden size), got 40 × 32 (tensor model.embed_tokens.weight)");
    says("num_key_value_heads", 3, "a divisor of num_attention_heads 4, got 3");
    says("num_key_value_heads", 4, "expected 32 × 32 (key-value heads · head_dim × hidden size), got 16 × 32");
    says("head_dim", 16, "expected 64 × 32 (heads · head_dim × hidden size), got 32 × 32");
    says("head_dim", 7, "an even number of rotary dimensions, got 7");
    says("num_hidden_layers", 3, "expected tensor model.layers.2.self_attn.q_proj.weight, got none");
    says("num_hidden_layers", 0, "an integer from 1 to 1024, got 0 (num_hidden_layers)");
    says("num_hidden_layers", "two", "got two (num_hidden_layers)");
    says("hidden_size", 1e300, "hidden_size");
    says("hidden_size", -1, "hidden_size");
    TinyModel odd = good;
    odd.config.erase("head_dim");
    odd.config["num_attention_heads"] = 5;
    odd.config.erase("num_key_value_heads");
    EXPECT_SAYS(refusal(odd), "a divisor of the hidden size 32, got 5 (num_attention_heads)");
    TinyModel gpt2("GPT2LMHeadModel");
    gpt2.config["n_head"] = 3;
    EXPECT_SAYS(refusal(gpt2), "a divisor of the hidden size 32, got 3 (n_head)");
    gpt2 = TinyModel("GPT2LMHeadModel");
    gpt2.weights.erase("transformer.h.1.attn.c_attn.weight");
    EXPECT_SAYS(refusal(gpt2), "expected tensor transformer.h.1.attn.c_attn.weight, got none");
}

/// Some of a model's weights as torch.save writes them, all views of one storage.
std::string pytorch_file(const TinyModel& model, std::size_t first, std::size_t step) {
    test::Pickle pickle;
    pickle.op("}(");
    std::string storage;
    std::size_t count = 0, i = 0;
    for (const auto& [name, weight] : model.weights)
        count += i++ % step == first ? weight.values.size() : 0;
    const auto size = [](auto number) { return static_cast<std::int32_t>(number); };
    i = 0;
    for (const auto& [name, weight] : model.weights) {
        if (i++ % step != first)
            continue;
        const std::int32_t offset = size(storage.size() / sizeof(float));
        pickle.text(name);
        if (weight.shape.size() == 1)
            pickle.tensor("0", size(count), offset, {size(weight.shape[0])}, {1});
        else
            pickle.tensor("0", size(count), offset, {size(weight.shape[0]), size(weight.shape[1])},
                          {size(weight.shape[1]), 1});
        storage += TinyGguf::bytes_of(weight.values);
    }
    return test::pytorch(pickle.op("u").str(), {storage});
}

TEST_F(ModelFolders, OpensPyTorchFilesAndTheirShards) {
    const TinyModel model("GPT2LMHeadModel");
    const ModelFiles reference = open(model);
    fs::remove(folder / "model.safetensors");
    folder.put("pytorch_model.bin", pytorch_file(model, 0, 1));
    const ModelFiles whole = open_model_files(folder.path());
    EXPECT_EQ(whole.format, "pytorch");
    EXPECT_EQ(whole.config, reference.config);
    EXPECT_EQ(whole.parameters, reference.parameters);

    fs::remove(folder / "pytorch_model.bin");
    nlohmann::json map;
    std::size_t i = 0;
    for (const auto& [name, weight] : model.weights)
        map[name] = i++ % 2 == 0 ? "a.bin" : "b.bin";
    folder.put("a.bin", pytorch_file(model, 0, 2));
    folder.put("b.bin", pytorch_file(model, 1, 2));
    folder.put("pytorch_model.bin.index.json", nlohmann::json{{"weight_map", map}}.dump());
    const ModelFiles shards = open_model_files(folder.path());
    EXPECT_EQ(shards.weight_files.size(), 2u);
    EXPECT_EQ(shards.parameters, reference.parameters);
    for (const auto& [name, weight] : model.weights) {
        const FloatTensor read = shards.weights->read(*shards.weights->find(name));
        EXPECT_EQ(std::vector<float>(read.values.begin(), read.values.end()), weight.values) << name;
    }
}

class Shards : public ModelFolders {
protected:
    void SetUp() override { model.write_shards(folder.path(), 3); }
    std::string refusal() {
        return message_of([&] { open_model_files(folder.path()); });
    }
    void write_index(const std::string& text) { folder.put("model.safetensors.index.json", text); }
    nlohmann::json index() const { return nlohmann::json::parse(read_file(folder / "model.safetensors.index.json")); }
    const TinyModel model{"Qwen3ForCausalLM"};
};

TEST_F(Shards, AreOneFile) {
    const ModelFiles files = open_model_files(folder.path());
    EXPECT_EQ(files.format, "safetensors");
    EXPECT_EQ(files.weight_files.size(), 3u);
    EXPECT_EQ(files.weights->tensors().size(), model.weights.size());
    std::uint64_t bytes = 0;
    for (const auto& path : files.weight_files)
        bytes += fs::file_size(path);
    EXPECT_EQ(files.bytes, bytes);
    for (const auto& [name, weight] : model.weights) {
        const TensorInfo* const tensor = files.weights->find(name);
        ASSERT_NE(tensor, nullptr) << name;
        const FloatTensor read = files.weights->read(*tensor);
        EXPECT_EQ(std::vector<float>(read.values.begin(), read.values.end()), weight.values);
        EXPECT_EQ(read.shape, weight.shape);
    }
    EXPECT_EQ(files.sha256().size(), 64u);
    EXPECT_NE(files.sha256(), sha256_file(files.weight_files[0]));
}

TEST_F(Shards, NamesWhatIsMissing) {
    nlohmann::json changed = index();
    changed["weight_map"]["extra"] = "model-2.safetensors";
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "model-2.safetensors: expected tensor extra, got none (model.safetensors.index.json)");
    fs::remove(folder / "model-2.safetensors");
    EXPECT_SAYS(refusal(), "model-2.safetensors: expected a shard of the model, got nothing there");
    fs::remove(folder / "model.safetensors.index.json");
    EXPECT_SAYS(refusal(),
                "expected model.safetensors, pytorch_model.bin or the index of its shards, got none of them");
}

TEST_F(Shards, StayBesideTheirIndex) {
    for (const char* const name : {"../model-1.safetensors", "/etc/passwd", "", ".", "..", "a/b", "a\\b"}) {
        nlohmann::json changed = index();
        changed["weight_map"]["model.norm.weight"] = name;
        write_index(changed.dump());
        EXPECT_SAYS(refusal(), "expected the name of a file beside it, got '" + std::string(name) + "'");
    }
    nlohmann::json changed = index();
    changed["weight_map"]["model.norm.weight"] = std::string("a\0b", 3);
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "expected the name of a file beside it");
}

TEST_F(Shards, RefusesIndicesThatLie) {
    write_index("{}");
    EXPECT_SAYS(refusal(), "weight_map");
    write_index(R"({"weight_map": {}})");
    EXPECT_SAYS(refusal(), "expected a shard for every tensor, got none (weight_map)");
    write_index(R"({"weight_map": []})");
    EXPECT_SAYS(refusal(), "got a list (weight_map)");
    write_index(R"({"weight_map": {"a": 3}})");
    EXPECT_SAYS(refusal(), "the name of a file, got 3 (weight_map, tensor a)");
    write_index(R"({"weight_map": {"a": "model-1.safetensors", "a": "model-2.safetensors"}})");
    EXPECT_SAYS(refusal(), "tensors once, got the same twice (tensor a)");
    write_index("{");
    EXPECT_SAYS(refusal(), "expected JSON");
    model.write_shards(folder.path(), 3);
    fs::copy_file(folder / "model-1.safetensors", folder / "copy.safetensors");
    nlohmann::json changed = index();
    changed["weight_map"][model.weights.begin()->first] = "copy.safetensors";
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "tensors of its own, got one of another shard");
}

TEST_F(ModelFolders, OpensGguf) {
    struct Expected {
        const char* architecture;
        Family family;
        bool interleaved, bias;
    };
    for (const Expected& expected :
         {Expected{"llama", Family::llama, true, false}, Expected{"qwen2", Family::llama, false, true},
          Expected{"qwen3", Family::qwen3, false, false}}) {
        SCOPED_TRACE(expected.architecture);
        const ModelFiles files = open(test::tiny_gguf_model(expected.architecture));
        EXPECT_TRUE(is_model(folder / "m.gguf"));
        EXPECT_EQ(files.name, "m.gguf");
        EXPECT_EQ(files.format, "gguf");
        EXPECT_EQ(files.config.family, expected.family);
        EXPECT_EQ(files.config.architecture, expected.architecture);
        EXPECT_EQ(files.config.layers, TinySizes::layers);
        EXPECT_EQ(files.config.key_value_heads, TinySizes::key_value_heads);
        EXPECT_EQ(files.config.head_dim, TinySizes::head_dim);
        EXPECT_EQ(files.config.intermediate, TinySizes::intermediate);
        EXPECT_EQ(files.config.vocabulary, TinySizes::vocabulary);
        EXPECT_EQ(files.config.rotary.interleaved, expected.interleaved);
        EXPECT_EQ(files.config.rotary.dimensions, TinySizes::head_dim);
        EXPECT_EQ(files.config.attention_bias, expected.bias);
        EXPECT_TRUE(files.config.tied_head);
        EXPECT_FALSE(files.has_tokenizer);
        EXPECT_EQ(files.bytes, fs::file_size(folder / "m.gguf"));
    }
    TinyGguf file = test::tiny_gguf_model();
    file.random("output.weight", {TinySizes::vocabulary, TinySizes::hidden}).text("tokenizer.ggml.model", "gpt2");
    file.integer("llama.attention.sliding_window", 8).text("llama.rope.scaling.type", "linear");
    file.number("llama.rope.scaling.factor", 4);
    const ModelFiles files = open(file);
    EXPECT_FALSE(files.config.tied_head);
    EXPECT_TRUE(files.has_tokenizer);
    EXPECT_EQ(files.config.window(1), 8);
    EXPECT_EQ(files.config.rotary.scaling, Rotary::Scaling::linear);
    EXPECT_EQ(files.config.rotary.factor, 4);
}

TEST_F(ModelFolders, RecognisesTheScalingOfLlama3InDivisors) {
    TinyGguf file = test::tiny_gguf_model();
    file.number("llama.rope.freq_base", 500000);
    // Wavelengths of 6, 167, 4443 and 118143 positions: two short ones, one between, a long one. The rule by hand.
    const std::vector<float> divisors{1, 1, 2.6945297f, 8};
    file.tensor("rope_freqs.weight", {4}, divisors);
    const Rotary rotary = open(file).config.rotary;
    EXPECT_EQ(rotary.scaling, Rotary::Scaling::llama3);
    EXPECT_EQ(rotary.factor, 8);
    EXPECT_EQ(rotary.original_positions, 8192);

    file.drop("rope_freqs.weight").tensor("rope_freqs.weight", {4}, {1, 5, 1, 8});
    EXPECT_SAYS(refusal(file), "divisors by the rule of Llama 3.1, got 5.000000 for pair 1 (tensor rope_freqs.weight)");
    file.drop("rope_freqs.weight").tensor("rope_freqs.weight", {3}, {1, 1, 1});
    EXPECT_SAYS(refusal(file), "4 divisors of rotary frequencies, got 3");
    file.drop("rope_freqs.weight").tensor("rope_freqs.weight", {4}, {1, 1, 1, NAN});
    EXPECT_SAYS(refusal(file), "rope_freqs.weight");
    file.drop("rope_freqs.weight").tensor("rope_freqs.weight", {4}, {1, 1, 1, 1});
    EXPECT_EQ(open(file).config.rotary.scaling, Rotary::Scaling::none);
}

TEST_F(ModelFolders, NamesWhatAGgufLacks) {
    const TinyGguf good = test::tiny_gguf_model();
    const auto says = [&](auto change, const char* expected) {
        TinyGguf file = good;
        change(file);
        EXPECT_SAYS(refusal(file), expected);
    };
    says([](TinyGguf& f) { f.text("general.architecture", "falcon"); },
         "expected an architecture of llama, qwen2, qwen3, gpt2, got falcon (general.architecture)");
    says([](TinyGguf& f) { f.drop("general.architecture"); }, "got none (general.architecture)");
    says([](TinyGguf& f) { f.drop("llama.block_count"); }, "got none (llama.block_count)");
    says([](TinyGguf& f) { f.integer("llama.block_count", 3); }, "expected tensor blk.2.attn_q.weight, got none");
    says([](TinyGguf& f) { f.drop("token_embd.weight"); }, "tensor token_embd.weight");
    says([](TinyGguf& f) { f.integer("llama.vocab_size", 41); }, "expected 41 × 32 (vocabulary × hidden size)");
    says([](TinyGguf& f) { f.integer("llama.attention.head_count", 8); },
         "expected 8 × 32 (key-value heads · head_dim × hidden size), got 16 × 32 (tensor blk.0.attn_k.weight)");
    says([](TinyGguf& f) { f.integer("llama.attention.head_count", 5); }, "llama.attention.head_count");
    says(
        [](TinyGguf& f) {
            f.integers("llama.attention.head_count_kv", {2, 4});
        },
        "the same number for every layer, got different ones (llama.attention.head_count_kv)");
    says([](TinyGguf& f) { f.integer("llama.expert_count", 8); }, "a model without experts, got 8");
    says([](TinyGguf& f) { f.integer("llama.attention.value_length", 4); }, "the 8 of keys, got 4");
    says([](TinyGguf& f) { f.text("llama.rope.scaling.type", "yarn"); }, "expected none or linear, got yarn");
    says([](TinyGguf& f) { f.number("llama.attention.layer_norm_rms_epsilon", -1); }, "layer_norm_rms_epsilon");
    TinyGguf lists = good;
    lists.integers("llama.attention.head_count_kv", {2, 2});
    EXPECT_EQ(open(lists).config.key_value_heads, 2);
}

// ------------------------------------------------------------------ large models, of which only the header is there
/// Names and shapes of a Llama of 6.7 billion parameters; a function because names depend on the format.
struct LargeTensor {
    std::string name;
    std::vector<std::uint64_t> shape;
};
struct LargeNames {
    const char *embedding, *norm, *head, *layer, *queries, *keys, *values, *output, *gate, *up, *down, *first, *second;
};
std::vector<LargeTensor> large_llama(const LargeNames& names) {
    constexpr std::uint64_t hidden = 4096, intermediate = 11008, vocabulary = 32000;
    std::vector<LargeTensor> tensors{
        {names.embedding, {vocabulary, hidden}}, {names.head, {vocabulary, hidden}}, {names.norm, {hidden}}};
    for (int i = 0; i < 32; ++i) {
        const std::string layer = names.layer + std::to_string(i) + ".";
        for (const char* const square : {names.queries, names.keys, names.values, names.output})
            tensors.push_back({layer + square, {hidden, hidden}});
        for (const char* const wide : {names.gate, names.up})
            tensors.push_back({layer + wide, {intermediate, hidden}});
        tensors.push_back({layer + names.down, {hidden, intermediate}});
        for (const char* const norm : {names.first, names.second})
            tensors.push_back({layer + norm, {hidden}});
    }
    return tensors;
}
std::uint64_t elements(const LargeTensor& tensor) {
    return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::uint64_t{1}, std::multiplies<>());
}
double seconds_to_open(const fs::path& path) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(open_model_files(path).parameters, 6738415616u);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_F(ModelFolders, OpensAGgufOfSevenBillionByItsHeader) {
    TinyGguf file;
    file.text("general.architecture", "llama").integer("llama.block_count", 32).integer("llama.context_length", 4096);
    file.integer("llama.embedding_length", 4096).integer("llama.feed_forward_length", 11008);
    file.integer("llama.attention.head_count", 32);
    std::vector<std::string> tokens;
    for (int i = 0; i < 32000; ++i)
        tokens.push_back("token " + std::to_string(i));
    file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens);
    std::uint64_t offset = 0;
    for (const LargeTensor& tensor :
         large_llama({"token_embd.weight", "output_norm.weight", "output.weight", "blk.", "attn_q.weight",
                      "attn_k.weight", "attn_v.weight", "attn_output.weight", "ffn_gate.weight", "ffn_up.weight",
                      "ffn_down.weight", "attn_norm.weight", "ffn_norm.weight"})) {
        const bool norm = tensor.shape.size() == 1;
        file.tensor({tensor.name, tensor.shape, norm ? 0u : 12u, {}, static_cast<std::int64_t>(offset)});
        offset += norm ? elements(tensor) * 4 : elements(tensor) / 256 * block_size(DType::q4_k);
    }
    const fs::path path = folder.put("large.gguf", file.header());
    fs::resize_file(path, fs::file_size(path) / 32 * 32 + 32 + offset);
    EXPECT_LT(seconds_to_open(path), 3);
}

TEST_F(ModelFolders, OpensAFolderOfSevenBillionByItsHeaders) {
    folder.put("config.json", R"({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 32, "hidden_size": 4096,
        "num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 32000, "max_position_embeddings": 4096})");
    const std::vector<LargeTensor> tensors = large_llama(
        {"model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "model.layers.", "self_attn.q_proj.weight",
         "self_attn.k_proj.weight", "self_attn.v_proj.weight", "self_attn.o_proj.weight", "mlp.gate_proj.weight",
         "mlp.up_proj.weight", "mlp.down_proj.weight", "input_layernorm.weight", "post_attention_layernorm.weight"});
    nlohmann::json map;
    for (std::size_t shard = 0; shard < 3; ++shard) {
        const std::string name = "model-" + std::to_string(shard) + ".safetensors";
        nlohmann::json header;
        std::uint64_t offset = 0;
        for (std::size_t k = shard; k < tensors.size(); k += 3) {
            const std::uint64_t end = offset + 2 * elements(tensors[k]);
            header[tensors[k].name] = {{"dtype", "BF16"}, {"shape", tensors[k].shape}, {"data_offsets", {offset, end}}};
            map[tensors[k].name] = name;
            offset = end;
        }
        const std::string text = header.dump();
        const fs::path path = folder.put(name, test::raw(std::uint64_t{text.size()}) + text);
        fs::resize_file(path, fs::file_size(path) + offset);
    }
    folder.put("model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
    EXPECT_LT(seconds_to_open(folder.path()), 3);
}

TEST(SampleModel, IsWhatItIs) {
    const fs::path path = find_samples().model;
    if (path.empty()) {
        std::printf("no sample model: nothing opened\n");
        return;
    }
    const auto start = std::chrono::steady_clock::now();
    const ModelFiles files = open_model_files(path);
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 1);
    EXPECT_EQ(files.summary(), "llama · 30 layers · 9 heads (3 KV) · hidden 576 · Q4_1");
    EXPECT_EQ(files.parameters, 134515008u);
    EXPECT_EQ(files.config.rotary.theta, 100000);
    EXPECT_TRUE(files.config.rotary.interleaved);
    EXPECT_TRUE(files.config.tied_head);
    EXPECT_TRUE(files.has_tokenizer);
    const FloatTensor norm = files.weights->read(*files.weights->find("output_norm.weight"));
    EXPECT_EQ(norm.values.size(), 576u);
    EXPECT_TRUE(norm.mapped);
}

TEST(GoldenModels, OpenAsTheyAreDescribed) {
    const fs::path golden = test::golden_folder();
    if (golden.empty())
        return;
    const fs::path models = golden.parent_path() / "models";
    const auto summary = [&](const char* name) { return open_model_files(models / name).summary(); };
    EXPECT_EQ(summary("gpt2-tiny"), "gpt2 · 4 layers · 4 heads · hidden 128 · float32");
    EXPECT_EQ(summary("neox-tiny"), "gpt_neox · 4 layers · 4 heads · hidden 128 · float32");
    EXPECT_EQ(summary("qwen3-tiny"), "qwen3 · 4 layers · 4 heads (2 KV) · hidden 128 · float32");
    EXPECT_EQ(summary("kquant-llama.gguf"), "llama · 3 layers · 4 heads (2 KV) · hidden 256 · Q4_K");
}

} // namespace
} // namespace attnscope
