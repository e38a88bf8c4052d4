// GPT-NeoX (Black et al. 2022; Pythia): rotary positions on part of a head, attention and feed-forward side by side or
// one after the other, and queries, keys and values in one projection: in files of the Hugging Face library those of a
// head next to each other, in GGUF the queries of all heads, then all keys, then all values.
#include "models/families.h"

#include <array>
#include <utility>

namespace attnscope::models {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> gguf_names{{
    {"embed_in", "token_embd"},
    {"input_layernorm", "attn_norm"},
    {"attention.query_key_value", "attn_qkv"},
    {"attention.dense", "attn_output"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.dense_h_to_4h", "ffn_up"},
    {"mlp.dense_4h_to_h", "ffn_down"},
    {"final_layer_norm", "output_norm"},
    {"embed_out", "output"},
}};

at::Tensor embed(const Pass& pass, const at::Tensor& ids) {
    return Block(pass, -1).embedding("embed_in", ids);
}

/// Of `hidden`, the heads of a token side by side.
at::Tensor attention(const Block& block, const Pass& pass, const at::Tensor& hidden) {
    const ModelConfig& config = pass.config;
    const at::Tensor input = block.layer_norm(hidden, "input_layernorm");
    const at::Tensor projected =
        block.linear(input, "attention.query_key_value", 3 * config.hidden, config.attention_bias);
    // (3, texts, heads, T, head_dim)
    const std::int64_t texts = input.size(0), length = input.size(1);
    const at::Tensor parts =
        pass.weights.is_gguf()
            ? projected.view({texts, length, 3, config.heads, config.head_dim}).permute({2, 0, 3, 1, 4})
            : projected.view({texts, length, config.heads, 3, config.head_dim}).permute({3, 0, 2, 1, 4});
    at::Tensor queries = parts[0], keys = parts[1];
    rotate(queries, pass.rotary);
    rotate(keys, pass.rotary);
    return block.attention(queries, keys, parts[2]);
}

/// Added to `hidden`.
void feed_forward(const Block& block, const Pass& pass, const at::Tensor& input, at::Tensor& hidden) {
    at::Tensor inner = block.linear(input, "mlp.dense_h_to_4h", pass.config.intermediate, true);
    activate(inner, pass.config.activation);
    block.add_linear(hidden, inner, "mlp.dense_4h_to_h", true);
}

at::Tensor layer(const Pass& pass, std::int64_t index, at::Tensor hidden) {
    const Block block(pass, index);
    const auto norm = [&] { return block.layer_norm(hidden, "post_attention_layernorm"); };
    const at::Tensor before = pass.config.parallel_residual ? norm() : at::Tensor();
    if (!block.add_attention(hidden, "attention.dense", pass.config.attention_bias,
                             [&] { return attention(block, pass, hidden); }))
        return {};
    feed_forward(block, pass, before.defined() ? before : norm(), hidden);
    return hidden;
}

at::Tensor finish(const Pass& pass, const at::Tensor& hidden) {
    return Block(pass, -1).layer_norm(hidden, "final_layer_norm");
}

} // namespace

const FamilyForward gpt_neox{
    .family = Family::gpt_neox,
    .names = {.prefix = "gpt_neox.", .layers = "layers.", .columns = false, .gguf = gguf_names},
    .embedding = "embed_in",
    .head = "embed_out",
    .embed = embed,
    .layer = layer,
    .finish = finish};

} // namespace attnscope::models
