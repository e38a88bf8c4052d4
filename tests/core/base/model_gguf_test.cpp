// Models in GGUF files, good and bad.
#include "support/model_folder.h"
#include "support/tiny_bert.h"

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TinyGguf;
using test::TinySizes;

class GgufModels : public test::ModelFolder {};

TEST_F(GgufModels, OpensGguf) {
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

/// Of GPT-NeoX, as far as opening looks at it.
TinyGguf tiny_neox() {
    using S = TinySizes;
    TinyGguf file = test::tiny_neox_header();
    file.random("token_embd.weight", {S::vocabulary, S::hidden}).random("output.weight", {S::vocabulary, S::hidden});
    for (int i = 0; i < S::layers; ++i) {
        const std::string layer = "blk." + std::to_string(i) + ".";
        file.random(layer + "attn_qkv.weight", {3 * S::hidden, S::hidden})
            .random(layer + "attn_qkv.bias", {3 * S::hidden});
    }
    return file;
}

TEST_F(GgufModels, OpensGptNeoX) {
    TinyGguf file = tiny_neox();
    const ModelConfig config = open(file).config;
    EXPECT_EQ(config.family, Family::gpt_neox);
    EXPECT_EQ(config.architecture, "gptneox");
    EXPECT_EQ(config.activation, Activation::gelu);
    EXPECT_EQ(config.rotary.dimensions, TinySizes::head_dim / 4);
    EXPECT_EQ(config.rotary.theta, 10000);
    EXPECT_FALSE(config.rotary.interleaved);
    EXPECT_TRUE(config.parallel_residual);
    EXPECT_TRUE(config.attention_bias);
    EXPECT_FALSE(config.tied_head);
    EXPECT_FLOAT_EQ(static_cast<float>(config.norm_epsilon), 1e-5f);

    file.flag("gptneox.use_parallel_residual", false).number("gptneox.rope.freq_base", 500);
    for (int i = 0; i < TinySizes::layers; ++i) file.drop("blk." + std::to_string(i) + ".attn_qkv.bias");
    EXPECT_FALSE(open(file).config.parallel_residual);
    EXPECT_EQ(open(file).config.rotary.theta, 500);
    EXPECT_FALSE(open(file).config.attention_bias);
    file.random("blk.1.attn_output.bias", {TinySizes::hidden});
    EXPECT_TRUE(open(file).config.attention_bias) << "a bias is not passed over";
}

TEST_F(GgufModels, OpensBert) {
    const test::TinyBert bert;
    TinyGguf file = bert.gguf();
    const ModelFiles files = open(file);
    EXPECT_EQ(files.summary(), "bert · 2 layers · 2 heads · hidden 8 · float32");
    EXPECT_TRUE(files.has_tokenizer);
    EXPECT_FALSE(files.config.causal());
    EXPECT_EQ(files.config.positions, test::TinyBert::positions);
    EXPECT_EQ(files.config.intermediate, test::TinyBert::intermediate);
    EXPECT_EQ(files.config.token_types, 2);
    EXPECT_EQ(files.config.activation, Activation::gelu);
    EXPECT_TRUE(files.config.attention_bias);
    EXPECT_FLOAT_EQ(static_cast<float>(files.config.norm_epsilon), 1e-12f);
    file.drop("tokenizer.ggml.token_type_count")
        .drop("bert.attention.layer_norm_epsilon")
        .drop("bert.attention.causal");
    EXPECT_EQ(open(file).config, [&] {
        ModelConfig same = files.config;
        same.norm_epsilon = 1e-12;
        return same;
    }());
}

TEST_F(GgufModels, RecognisesTheScalingOfLlama3InDivisors) {
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

TEST_F(GgufModels, NamesWhatAGgufLacks) {
    const TinyGguf good = test::tiny_gguf_model();
    const auto says = [&](auto change, const char* expected) {
        TinyGguf file = good;
        change(file);
        EXPECT_SAYS(refusal(file), expected);
    };
    says([](TinyGguf& f) { f.text("general.architecture", "falcon"); },
         "expected an architecture of llama, qwen2, qwen3, gpt2, gptneox, bert, got falcon (general.architecture)");
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

    const auto neox_says = [&](auto change, const char* expected) {
        TinyGguf file = tiny_neox();
        change(file);
        EXPECT_SAYS(refusal(file), expected);
    };
    neox_says([](TinyGguf& f) { f.drop("gptneox.embedding_length"); }, "got none (gptneox.embedding_length)");
    neox_says([](TinyGguf& f) { f.drop("blk.1.attn_qkv.weight"); }, "expected tensor blk.1.attn_qkv.weight, got none");
    neox_says(
        [](TinyGguf& f) {
            f.drop("blk.1.attn_qkv.weight").random("blk.1.attn_qkv.weight", {64, 32});
        },
        "expected 96 × 32 (3 · heads · head_dim × hidden size), got 64 × 32 (tensor blk.1.attn_qkv.weight)");
    neox_says([](TinyGguf& f) { f.integer("gptneox.attention.head_count_kv", 2); },
              "expected the 4 of head_count, got 2 (gptneox.attention.head_count_kv)");
    neox_says(
        [](TinyGguf& f) {
            f.integer("gptneox.attention.key_length", 16).integer("gptneox.attention.value_length", 16);
        },
        "expected embedding_length 32 over 4 heads, got 16 (gptneox.attention.key_length)");
    neox_says([](TinyGguf& f) { f.integer("gptneox.rope.dimension_count", 10); },
              "expected an integer from 2 to 8, got 10 (gptneox.rope.dimension_count)");
    neox_says([](TinyGguf& f) { f.integer("gptneox.rope.dimension_count", 3); }, "expected an even number, got 3");
    neox_says([](TinyGguf& f) { f.integer("gptneox.use_parallel_residual", 1); },
              "expected true or false, got 1 (gptneox.use_parallel_residual)");
    neox_says([](TinyGguf& f) { f.number("gptneox.attention.layer_norm_epsilon", 2); },
              "expected a number from 0 to 1, got 2.000000 (gptneox.attention.layer_norm_epsilon)");

    const auto bert_says = [&](auto change, const char* expected) {
        TinyGguf file = test::TinyBert().gguf();
        change(file);
        EXPECT_SAYS(refusal(file), expected);
    };
    bert_says([](TinyGguf& f) { f.flag("bert.attention.causal", true); },
              "expected false, got true (bert.attention.causal)");
    bert_says([](TinyGguf& f) { f.integer("tokenizer.ggml.token_type_count", 0); },
              "got 0 (tokenizer.ggml.token_type_count)");
    bert_says([](TinyGguf& f) { f.integer("bert.attention.head_count_kv", 1); },
              "got 1 (bert.attention.head_count_kv)");
    bert_says([](TinyGguf& f) { f.integer("bert.block_count", 3); }, "expected tensor blk.2.attn_q.weight, got none");
    TinyGguf lists = good;
    lists.integers("llama.attention.head_count_kv", {2, 2});
    EXPECT_EQ(open(lists).config.key_value_heads, 2);
}

} // namespace
} // namespace attnscope
