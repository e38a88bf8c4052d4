// GPT-2 (Radford et al. 2019): learned positions, layer norms before attention and feed-forward, fused projections
// whose weights the Hugging Face library keeps as columns and GGUF as rows.
#include "models/families.h"

#include <ATen/ops/arange.h>

#include <array>
#include <utility>

namespace attnscope::models {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> gguf_names{{
    {"wte", "token_embd"},
    {"wpe", "position_embd"},
    {"ln_1", "attn_norm"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"ln_2", "ffn_norm"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
    {"ln_f", "output_norm"},
    {"lm_head", "output"},
}};

at::Tensor embed(const Pass& pass, const at::Tensor& ids) {
    const Block block(pass, -1);
    const ModelConfig& config = pass.config;
    const at::Tensor places = block.weight("wpe.weight", {config.positions, config.hidden});
    return block.embedding("wte", ids).add_(places.narrow(0, 0, ids.size(1)));
}

/// Of `hidden`, the heads of a token side by side.
at::Tensor attention(const Block& block, const ModelConfig& config, const at::Tensor& hidden) {
    // Queries, keys and values of all heads one after another.
    const auto projected =
        block.linear(block.layer_norm(hidden, "ln_1"), "attn.c_attn", 3 * config.hidden, true).chunk(3, -1);
    return block.attention(split_heads(projected[0], config.heads), split_heads(projected[1], config.heads),
                           split_heads(projected[2], config.heads));
}

at::Tensor layer(const Pass& pass, std::int64_t index, at::Tensor hidden) {
    const Block block(pass, index);
    const ModelConfig& config = pass.config;
    if (!block.add_attention(hidden, "attn.c_proj", true, [&] { return attention(block, config, hidden); })) return {};
    at::Tensor inner = block.linear(block.layer_norm(hidden, "ln_2"), "mlp.c_fc", config.intermediate, true);
    activate(inner, config.activation);
    block.add_linear(hidden, inner, "mlp.c_proj", true);
    return hidden;
}

at::Tensor finish(const Pass& pass, const at::Tensor& hidden) {
    return Block(pass, -1).layer_norm(hidden, "ln_f");
}

} // namespace

const FamilyForward gpt2{.family = Family::gpt2,
                         .names = {.prefix = "transformer.", .layers = "h.", .columns = true, .gguf = gguf_names},
                         .embedding = "wte",
                         .head = "lm_head",
                         .embed = embed,
                         .layer = layer,
                         .finish = finish};

} // namespace attnscope::models
