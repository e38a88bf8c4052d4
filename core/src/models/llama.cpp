// Llama (Touvron et al. 2023) and what follows it: Mistral with a sliding window, SmolLM, Qwen2 with biases on queries,
// keys and values, Qwen3 with norms of every query and key. Rotary positions, root-mean-square norms, gated
// feed-forward, grouped key-value heads.
#include "models/families.h"

#include <array>
#include <utility>

namespace attnscope::models {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> gguf_names{{
    {"embed_tokens", "token_embd"},
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"norm", "output_norm"},
    {"lm_head", "output"},
}};

at::Tensor embed(const Pass& pass, const at::Tensor& ids) {
    return Block(pass, -1).embedding("embed_tokens", ids);
}

/// Of `hidden`, the heads of a token side by side.
at::Tensor attention(const Block& block, const Pass& pass, const at::Tensor& hidden) {
    const ModelConfig& config = pass.config;
    const at::Tensor input = block.rms_norm(hidden, "input_layernorm");
    const auto project = [&](const char* name, std::int64_t heads) {
        return split_heads(block.linear(input, name, heads * config.head_dim, config.attention_bias), heads);
    };
    at::Tensor queries = project("self_attn.q_proj", config.heads);
    at::Tensor keys = project("self_attn.k_proj", config.key_value_heads);
    if (config.family == Family::qwen3) {
        queries = block.rms_norm(queries, "self_attn.q_norm");
        keys = block.rms_norm(keys, "self_attn.k_norm");
    }
    rotate(queries, pass.rotary);
    rotate(keys, pass.rotary);
    return block.attention(queries, keys, project("self_attn.v_proj", config.key_value_heads));
}

at::Tensor layer(const Pass& pass, std::int64_t index, at::Tensor hidden) {
    const Block block(pass, index);
    const at::Tensor known = block.known_attention();
    // Llama's attention_bias is one of all four projections, Qwen2's of three.
    block.add_linear(hidden, known.defined() ? known : attention(block, pass, hidden), "self_attn.o_proj",
                     pass.config.attention_bias && block.has("self_attn.o_proj.bias"));
    const at::Tensor normed = block.rms_norm(hidden, "post_attention_layernorm");
    at::Tensor inner = block.linear(normed, "mlp.gate_proj", pass.config.intermediate, false);
    activate(inner, pass.config.activation);
    inner.mul_(block.linear(normed, "mlp.up_proj", pass.config.intermediate, false));
    block.add_linear(hidden, inner, "mlp.down_proj", false);
    return hidden;
}

at::Tensor finish(const Pass& pass, const at::Tensor& hidden) {
    return Block(pass, -1).rms_norm(hidden, "norm");
}

constexpr FamilyForward forward_of(Family family) {
    return {.family = family,
            .names = {.prefix = "model.", .layers = "layers.", .columns = false, .gguf = gguf_names},
            .embedding = "embed_tokens",
            .head = "lm_head",
            .embed = embed,
            .layer = layer,
            .finish = finish};
}

} // namespace

const FamilyForward llama = forward_of(Family::llama);
const FamilyForward qwen3 = forward_of(Family::qwen3);

} // namespace attnscope::models
