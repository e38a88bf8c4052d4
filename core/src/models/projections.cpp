#include "models/projections.h"

#include "models/bert_weights.h"

#include <string>

namespace attnscope::models {
namespace {

/// (heads · head_dim, hidden) as (heads, head_dim, hidden).
at::Tensor by_head(const at::Tensor& rows, std::int64_t heads) {
    return rows.reshape({heads, rows.size(0) / heads, rows.size(1)});
}

Projections of_bert(const LoadedModel& model, std::int64_t layer) {
    const ModelConfig& config = model.config();
    const BertWeights weights(*model.files().weights);
    const std::string name = "encoder.layer." + std::to_string(layer) + ".attention.";
    const auto read = [&](const char* part) {
        return weights.read(name + part + ".weight", {config.hidden, config.hidden});
    };
    return {by_head(read("self.query"), config.heads), by_head(read("self.key"), config.heads),
            by_head(read("self.value"), config.heads), read("output.dense")};
}

Projections of_gpt2(const LoadedModel& model, std::int64_t layer) {
    const ModelConfig& config = model.config();
    const Weights& weights = model.weights();
    // The Hugging Face library keeps these two a column an output, GGUF a row.
    const bool rows = weights.is_gguf();
    const auto read = [&](const char* part, std::int64_t outputs) {
        const at::Tensor stored = rows ? weights.get({layer, part}, {outputs, config.hidden})
                                       : weights.get({layer, part}, {config.hidden, outputs});
        return rows ? stored : stored.t();
    };
    const auto parts = read("attn.c_attn.weight", 3 * config.hidden).chunk(3);
    return {by_head(parts[0], config.heads), by_head(parts[1], config.heads), by_head(parts[2], config.heads),
            read("attn.c_proj.weight", config.hidden)};
}

Projections of_gpt_neox(const LoadedModel& model, std::int64_t layer) {
    const ModelConfig& config = model.config();
    const at::Tensor fused =
        model.weights().get({layer, "attention.query_key_value.weight"}, {3 * config.hidden, config.hidden});
    // (3, heads, head_dim, hidden)
    const at::Tensor parts = model.weights().is_gguf()
                                 ? fused.view({3, config.heads, config.head_dim, config.hidden})
                                 : fused.view({config.heads, 3, config.head_dim, config.hidden}).permute({1, 0, 2, 3});
    return {parts[0], parts[1], parts[2],
            model.weights().get({layer, "attention.dense.weight"}, {config.hidden, config.hidden})};
}

Projections of_llama(const LoadedModel& model, std::int64_t layer) {
    const ModelConfig& config = model.config();
    const auto read = [&](const char* part, std::int64_t heads) {
        return by_head(model.weights().get({layer, part}, {heads * config.head_dim, config.hidden}), heads);
    };
    return {read("self_attn.q_proj.weight", config.heads), read("self_attn.k_proj.weight", config.key_value_heads),
            read("self_attn.v_proj.weight", config.key_value_heads),
            model.weights().get({layer, "self_attn.o_proj.weight"}, {config.hidden, config.heads * config.head_dim})};
}

} // namespace

Projections attention_projections(const LoadedModel& model, std::int64_t layer) {
    switch (model.config().family) {
    case Family::bert: return of_bert(model, layer);
    case Family::gpt2: return of_gpt2(model, layer);
    case Family::gpt_neox: return of_gpt_neox(model, layer);
    case Family::llama:
    case Family::qwen3: break;
    }
    return of_llama(model, layer);
}

at::Tensor token_embedding(const LoadedModel& model, const std::stop_token& stop) {
    const ModelConfig& config = model.config();
    const std::vector<std::int64_t> shape{config.vocabulary, config.hidden};
    if (model.is_encoder()) return BertWeights(*model.files().weights).read("embeddings.word_embeddings.weight", shape);
    return model.weights().get({-1, std::string(model.forward().embedding) + ".weight"}, shape, at::kFloat, at::kCPU,
                               stop);
}

} // namespace attnscope::models
