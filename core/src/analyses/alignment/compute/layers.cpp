#include "analyses/alignment/compute/layers.h"

#include "models/bert_weights.h"
#include "models/language_model.h"
#include "models/projections.h"

#include <string>
#include <utility>

namespace attnscope::compute {

namespace {

using models::LoadedModel;

/// The weight of the norm that layer `layer`'s projections read through: (hidden). Encoders norm behind each part, so
/// theirs is the norm that ends the layer before.
at::Tensor norm_gain(const LoadedModel& model, std::int64_t layer) {
    const std::vector<std::int64_t> shape{model.config().hidden};
    switch (model.config().family) {
    case Family::bert: {
        const models::BertWeights weights(*model.files().weights);
        return weights.read(layer == 0 ? "embeddings.LayerNorm.weight"
                                       : "encoder.layer." + std::to_string(layer - 1) + ".output.LayerNorm.weight",
                            shape);
    }
    case Family::gpt2: return model.weights().get({layer, "ln_1.weight"}, shape);
    case Family::gpt_neox:
    case Family::llama:
    case Family::qwen3: break;
    }
    return model.weights().get({layer, "input_layernorm.weight"}, shape);
}

/// A matrix (hidden, heads · head_dim) as (heads, head_dim, hidden).
at::Tensor columns_by_head(const at::Tensor& matrix, std::int64_t heads) {
    return matrix.t().reshape({heads, matrix.size(1) / heads, matrix.size(0)});
}

LayerFactors read_factors(const LoadedModel& model, const alignment::Request& request, int layer) {
    const models::Projections weights = models::attention_projections(model, layer);
    const bool qk = request.kind == alignment::Operator::qk;
    LayerFactors factors{qk ? weights.key : columns_by_head(weights.output, model.config().heads),
                         qk ? weights.query : weights.value};
    if (request.norm_gain) {
        // What is written goes into the residual stream as it is.
        const at::Tensor gain = norm_gain(model, layer);
        factors.right = factors.right.mul(gain);
        if (qk) factors.left = factors.left.mul(gain);
    }
    return {factors.left.contiguous(), factors.right.contiguous()};
}

} // namespace

FactorSource factors_of(const alignment::Request& request) {
    const ModelConfig& config = request.model->config();
    const auto own = std::make_shared<const LoadedModel>(request.model->files());
    own->set_memory_budget(1);
    const bool qk = request.kind == alignment::Operator::qk;
    FactorSource source;
    source.layers = static_cast<int>(config.layers);
    source.heads = static_cast<int>(config.heads);
    source.head_dim = static_cast<int>(config.head_dim);
    source.hidden = static_cast<int>(config.hidden);
    source.left_heads = static_cast<int>(qk ? config.key_value_heads : config.heads);
    source.right_heads = static_cast<int>(qk ? config.heads : config.key_value_heads);
    source.read = [own, request](int layer) { return read_factors(*own, request, layer); };
    return source;
}

double product_sum(const float* a, const float* b, std::size_t count) {
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    double sum = 0;
    for (const double lane : sums) sum += lane;
    return sum;
}

} // namespace attnscope::compute
