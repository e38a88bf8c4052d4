#include "models/bert.h"

#include "models/activations.h"
#include "models/bert_weights.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/layer_norm.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

namespace attnscope::models {

at::Tensor Bert::LayerNorm::operator()(const at::Tensor& input) const {
    return at::layer_norm(input, weight.sizes(), weight, bias, epsilon);
}

Bert::Bert(const ModelConfig& config, const TensorFile& file) : config_(config) {
    const BertWeights weights(file);
    const std::int64_t hidden = config.hidden;
    const auto linear = [&](const std::string& name, std::int64_t outputs, std::int64_t inputs) {
        return LinearMap{pack_matrix(weights.read(name + ".weight", {outputs, inputs}), false),
                         weights.read(name + ".bias", {outputs})};
    };
    const auto layer_norm = [&](const std::string& name) {
        return LayerNorm{weights.read(name + ".weight", {hidden}), weights.read(name + ".bias", {hidden}),
                         config.norm_epsilon};
    };

    words_ = weights.read("embeddings.word_embeddings.weight", {config.vocabulary, hidden});
    // A text on its own is all of the first type.
    positions_ = weights.read("embeddings.position_embeddings.weight", {config.positions, hidden})
                     .add(weights.read("embeddings.token_type_embeddings.weight", {config.token_types, hidden})[0]);
    embedding_norm_ = layer_norm("embeddings.LayerNorm");
    for (std::int64_t i = 0; i < config.layers; ++i) {
        const std::string name = "encoder.layer." + std::to_string(i);
        // Queries, keys and values side by side, for one product.
        const auto all_three = [&](const char* kind, const std::vector<std::int64_t>& shape) {
            const std::string self = name + ".attention.self.";
            return at::cat({weights.read(self + "query." + kind, shape), weights.read(self + "key." + kind, shape),
                            weights.read(self + "value." + kind, shape)});
        };
        layers_.push_back({
            .attention_input = {pack_matrix(all_three("weight", {hidden, hidden}), false), all_three("bias", {hidden})},
            .attention_output = linear(name + ".attention.output.dense", hidden, hidden),
            .attention_norm = layer_norm(name + ".attention.output.LayerNorm"),
            .intermediate = linear(name + ".intermediate.dense", config.intermediate, hidden),
            .output = linear(name + ".output.dense", hidden, config.intermediate),
            .output_norm = layer_norm(name + ".output.LayerNorm"),
        });
    }
}

at::Tensor Bert::forward(const RaggedBatch& batch, JobContext& context, AttentionObserver* observer,
                         std::int64_t last_layer) const {
    std::vector<std::int64_t> places;
    places.reserve(batch.ids.size());
    for (const std::int64_t length : batch.lengths) {
        ATTNSCOPE_ASSERT(length >= 1 && length <= config_.positions);
        for (std::int64_t place = 0; place < length; ++place) places.push_back(place);
    }
    ATTNSCOPE_ASSERT(places.size() == batch.ids.size() && !places.empty());
    const auto indices = [](const std::vector<std::int64_t>& values) {
        return at::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                             at::kLong);
    };

    // (tokens, hidden) from here on.
    at::Tensor hidden =
        embedding_norm_(at::embedding(words_, indices(batch.ids)).add_(at::embedding(positions_, indices(places))));
    const std::int64_t last = last_layer < 0 ? config_.layers - 1 : last_layer;
    // Texts of one length are a stream of their own shape; others have none to show.
    const bool even =
        std::adjacent_find(batch.lengths.begin(), batch.lengths.end(), std::not_equal_to<>()) == batch.lengths.end();
    const auto show = [&](int layer) {
        if (observer && even)
            observer->observe_residual(layer, hidden.view({std::ssize(batch.lengths), batch.lengths.front(), -1}));
    };
    show(-1);
    for (std::int64_t index = 0; index <= last; ++index) {
        const Layer& layer = layers_[static_cast<std::size_t>(index)];
        const at::Tensor attended = attention(layer, static_cast<int>(index), hidden, batch, context, observer);
        add_linear(hidden, attended, layer.attention_output, context);
        hidden = layer.attention_norm(hidden);
        // (tokens, intermediate)
        at::Tensor inner = linear(hidden, layer.intermediate, context);
        activate_in_place(inner, Activation::gelu);
        add_linear(hidden, inner, layer.output, context);
        hidden = layer.output_norm(hidden);
        show(static_cast<int>(index));
    }
    return hidden;
}

std::uint64_t Bert::packed_bytes() const {
    std::uint64_t bytes = 0;
    for (const Layer& layer : layers_) {
        for (const LinearMap* const part :
             {&layer.attention_input, &layer.attention_output, &layer.intermediate, &layer.output})
            bytes += part->weights->bytes();
    }
    return bytes;
}

at::Tensor Bert::attention(const Layer& layer, int index, const at::Tensor& hidden, const RaggedBatch& batch,
                           JobContext& context, AttentionObserver* observer) const {
    const std::int64_t head_dim = config_.hidden / config_.heads;
    // (tokens, 3·hidden)
    const at::Tensor projected = linear(hidden, layer.attention_input, context);
    at::Tensor result = at::empty_like(hidden); // (tokens, hidden)
    std::int64_t row = 0;
    for (std::size_t first = 0; first < batch.lengths.size();) {
        const std::int64_t length = batch.lengths[first];
        std::size_t last = first;
        while (last < batch.lengths.size() && batch.lengths[last] == length) ++last;
        const auto texts = static_cast<std::int64_t>(last - first);

        // (3, texts, heads, T, head_dim)
        const at::Tensor group = projected.narrow(0, row, texts * length)
                                     .view({texts, length, 3, config_.heads, head_dim})
                                     .permute({2, 0, 3, 1, 4});
        const AttentionPoint point{.layer = index,
                                   .queries = group[0],
                                   .keys = group[1],
                                   .values = group[2],
                                   .scale = 1 / std::sqrt(static_cast<double>(head_dim))};
        result.narrow(0, row, texts * length)
            .view({texts, length, config_.heads, head_dim})
            .copy_(attend(point, observer, context).transpose(1, 2));
        row += texts * length;
        first = last;
    }
    return result;
}

} // namespace attnscope::models
