// Hugging Face folders with language models of a few thousand numbers, one of every family.
#pragma once

#include "support/tiny_gguf.h"

#include <attnscope/job.h>
#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace attnscope::test {

class TinyModel {
public:
    struct Weight {
        std::vector<std::int64_t> shape;
        std::vector<float> values;
    };
    nlohmann::json config;
    std::map<std::string, Weight> weights;

    /// `architecture` is GPT2LMHeadModel, GPTNeoXForCausalLM, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM or
    /// Qwen3ForCausalLM. GPT-2 and Qwen3 have tied heads.
    explicit TinyModel(const std::string& architecture) {
        if (architecture == "GPT2LMHeadModel") {
            make_gpt2();
        } else if (architecture == "GPTNeoXForCausalLM") {
            make_gpt_neox();
        } else {
            make_llama(architecture);
        }
        config["architectures"] = {architecture};
        config["vocab_size"] = S::vocabulary;
    }

    /// Of a llama: as many tokens, and as long a context.
    void resize(std::int64_t vocabulary, std::int64_t positions) {
        config["vocab_size"] = vocabulary;
        config["max_position_embeddings"] = positions;
        for (const char* name : {"model.embed_tokens.weight", "lm_head.weight"}) {
            weights.erase(name);
            add(name, {vocabulary, S::hidden});
        }
    }

    /// config.json and model.safetensors.
    void write(const std::filesystem::path& folder) const {
        write_file(folder / "config.json", config.dump());
        write_safetensors(folder / "model.safetensors", tensors(), {});
    }
    /// config.json, `count` shards and their index.
    void write_shards(const std::filesystem::path& folder, std::size_t count) const {
        write_file(folder / "config.json", config.dump());
        const std::vector<TensorToWrite> all = tensors();
        nlohmann::json map;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string name = "model-" + std::to_string(i + 1) + ".safetensors";
            std::vector<TensorToWrite> own;
            for (std::size_t k = i; k < all.size(); k += count) {
                own.push_back(all[k]);
                map[all[k].name] = name;
            }
            write_safetensors(folder / name, own, {});
        }
        write_file(folder / "model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
    }

private:
    using S = TinySizes;

    std::vector<TensorToWrite> tensors() const {
        std::vector<TensorToWrite> result;
        for (const auto& [name, weight] : weights)
            result.push_back({name, DType::f32, weight.shape, std::as_bytes(std::span(weight.values))});
        return result;
    }
    void add(const std::string& name, std::vector<std::int64_t> shape, double mean = 0, double deviation = .4) {
        std::size_t count = 1;
        for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
        Weight weight{std::move(shape), std::vector<float>(count)};
        for (std::size_t i = 0; i < count; ++i)
            weight.values[i] = static_cast<float>(mean + deviation * random_normal(13, weights.size(), i));
        weights.emplace(name, std::move(weight));
    }
    void add_norm(const std::string& name, std::int64_t size, bool bias) {
        add(name + ".weight", {size}, 1, .1);
        if (bias) add(name + ".bias", {size}, 0, .1);
    }
    void add_linear(const std::string& name, std::int64_t outputs, std::int64_t inputs, bool bias) {
        add(name + ".weight", {outputs, inputs});
        if (bias) add(name + ".bias", {outputs}, 0, .1);
    }

    void make_gpt2() {
        config = {{"model_type", "gpt2"},
                  {"n_layer", S::layers},
                  {"n_head", S::heads},
                  {"n_embd", S::hidden},
                  {"n_inner", S::intermediate},
                  {"n_positions", S::positions},
                  {"activation_function", "gelu_new"}};
        // Its projections are stored (in, out).
        const auto projection = [&](const std::string& name, std::int64_t inputs, std::int64_t outputs) {
            add(name + ".weight", {inputs, outputs});
            add(name + ".bias", {outputs}, 0, .1);
        };
        add("transformer.wte.weight", {S::vocabulary, S::hidden});
        add("transformer.wpe.weight", {S::positions, S::hidden});
        add_norm("transformer.ln_f", S::hidden, true);
        for (int i = 0; i < S::layers; ++i) {
            const std::string layer = "transformer.h." + std::to_string(i) + ".";
            add_norm(layer + "ln_1", S::hidden, true);
            projection(layer + "attn.c_attn", S::hidden, 3 * S::hidden);
            projection(layer + "attn.c_proj", S::hidden, S::hidden);
            add_norm(layer + "ln_2", S::hidden, true);
            projection(layer + "mlp.c_fc", S::hidden, S::intermediate);
            projection(layer + "mlp.c_proj", S::intermediate, S::hidden);
        }
    }
    nlohmann::json common() const {
        return {{"num_hidden_layers", S::layers},
                {"num_attention_heads", S::heads},
                {"hidden_size", S::hidden},
                {"intermediate_size", S::intermediate},
                {"max_position_embeddings", S::positions}};
    }
    void make_gpt_neox() {
        config = common();
        config["model_type"] = "gpt_neox";
        config["hidden_act"] = "gelu";
        config["rotary_pct"] = .25;
        config["rotary_emb_base"] = 10000;
        config["use_parallel_residual"] = true;
        add("gpt_neox.embed_in.weight", {S::vocabulary, S::hidden});
        add("embed_out.weight", {S::vocabulary, S::hidden});
        add_norm("gpt_neox.final_layer_norm", S::hidden, true);
        for (int i = 0; i < S::layers; ++i) {
            const std::string layer = "gpt_neox.layers." + std::to_string(i) + ".";
            add_norm(layer + "input_layernorm", S::hidden, true);
            add_linear(layer + "attention.query_key_value", 3 * S::hidden, S::hidden, true);
            add_linear(layer + "attention.dense", S::hidden, S::hidden, true);
            add_norm(layer + "post_attention_layernorm", S::hidden, true);
            add_linear(layer + "mlp.dense_h_to_4h", S::intermediate, S::hidden, true);
            add_linear(layer + "mlp.dense_4h_to_h", S::hidden, S::intermediate, true);
        }
    }
    void make_llama(const std::string& architecture) {
        const bool qwen2 = architecture == "Qwen2ForCausalLM", qwen3 = architecture == "Qwen3ForCausalLM";
        config = common();
        config["model_type"] = qwen2                                  ? "qwen2"
                               : qwen3                                ? "qwen3"
                               : architecture == "MistralForCausalLM" ? "mistral"
                                                                      : "llama";
        config["num_key_value_heads"] = S::key_value_heads;
        config["head_dim"] = S::head_dim;
        config["hidden_act"] = "silu";
        config["rms_norm_eps"] = 1e-5;
        config["rope_theta"] = 10000;
        config["tie_word_embeddings"] = qwen3;
        add("model.embed_tokens.weight", {S::vocabulary, S::hidden});
        if (!qwen3) add("lm_head.weight", {S::vocabulary, S::hidden});
        add_norm("model.norm", S::hidden, false);
        for (int i = 0; i < S::layers; ++i) {
            const std::string layer = "model.layers." + std::to_string(i) + ".";
            constexpr int queries = S::heads * S::head_dim, keys = S::key_value_heads * S::head_dim;
            add_norm(layer + "input_layernorm", S::hidden, false);
            add_linear(layer + "self_attn.q_proj", queries, S::hidden, qwen2);
            add_linear(layer + "self_attn.k_proj", keys, S::hidden, qwen2);
            add_linear(layer + "self_attn.v_proj", keys, S::hidden, qwen2);
            add_linear(layer + "self_attn.o_proj", S::hidden, queries, false);
            if (qwen3) {
                add_norm(layer + "self_attn.q_norm", S::head_dim, false);
                add_norm(layer + "self_attn.k_norm", S::head_dim, false);
            }
            add_norm(layer + "post_attention_layernorm", S::hidden, false);
            add_linear(layer + "mlp.gate_proj", S::intermediate, S::hidden, false);
            add_linear(layer + "mlp.up_proj", S::intermediate, S::hidden, false);
            add_linear(layer + "mlp.down_proj", S::hidden, S::intermediate, false);
        }
    }
};

} // namespace attnscope::test
