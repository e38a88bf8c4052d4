// Opening the folders of models, good and bad.
#include "support/model_folder.h"
#include "support/tiny_bert.h"

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TinyModel;
using test::TinySizes;

class ModelFolders : public test::ModelFolder {};

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
        for (const auto& [name, weight] : model.weights) parameters += weight.values.size();
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

} // namespace
} // namespace attnscope
