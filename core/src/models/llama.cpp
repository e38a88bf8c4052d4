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
    const std::int64_t width = config.heads * config.head_dim, shared_width = config.key_value_heads * config.head_dim;
    const bool bias = config.attention_bias;
    const auto projected =
        block.linears(block.rms_norm(hidden, "input_layernorm"), {{"self_attn.q_proj", width, bias},
                                                                  {"self_attn.k_proj", shared_width, bias},
                                                                  {"self_attn.v_proj", shared_width, bias}});
    const auto heads_of = [&](const at::Tensor& tensor, std::int64_t heads, const char* norm) {
        at::Tensor split = tensor.view({tensor.size(0), tensor.size(1), heads, config.head_dim});
        if (config.family == Family::qwen3) split = block.rms_norm(split, norm);
        split = split.transpose(1, 2);
        rotate(split, pass.rotary);
        return split;
    };
    return block.attention(heads_of(projected[0], config.heads, "self_attn.q_norm"),
                           heads_of(projected[1], config.key_value_heads, "self_attn.k_norm"),
                           split_heads(projected[2], config.key_value_heads));
}

at::Tensor layer(const Pass& pass, std::int64_t index, at::Tensor hidden) {
    const Block block(pass, index);
    // Llama's attention_bias is one of all four projections, Qwen2's of three.
    const bool bias = pass.config.attention_bias && block.has("self_attn.o_proj.bias");
    if (!block.add_attention(hidden, "self_attn.o_proj", bias, [&] { return attention(block, pass, hidden); }))
        return {};
    const std::int64_t width = pass.config.intermediate;
    auto inner = block.linears(block.rms_norm(hidden, "post_attention_layernorm"),
                               {{"mlp.gate_proj", width, false}, {"mlp.up_proj", width, false}});
    gate(inner[0], inner[1], pass.config.activation);
    block.add_linear(hidden, inner[0], "mlp.down_proj", false);
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
