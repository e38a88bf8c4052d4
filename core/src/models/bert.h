// The BERT family (Devlin et al. 2018): an encoder with learned positions and layer norms behind every residual.
//
// A batch is *ragged*: texts of any length lie one after another, without a pad token between them, and everything but
// attention works on rows of tokens. Attention runs over groups of neighbouring texts of equal length.
#pragma once

#include "models/attention_point.h"
#include "models/packed_linear.h"

#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace attnscope::models {

/// Texts of a batch: the token ids of all of them, and the number of tokens of each.
struct RaggedBatch {
    std::vector<std::int64_t> ids;
    std::vector<std::int64_t> lengths; ///< each ≥ 1 and at most the model's positions
};

class Bert {
public:
    /// Matrices are packed for products; all else is a view of the file where that holds float32. Throws Error{input}:
    /// a tensor missing (named) or of another shape.
    Bert(const ModelConfig& config, const TensorFile& weights);

    /// Hidden states (tokens, hidden) behind `last_layer`, −1 for the last there is. A checkpoint before every half of
    /// a layer. `observer` may be null; it is called once a layer and group of texts of equal length.
    at::Tensor forward(const RaggedBatch& batch, JobContext& context, AttentionObserver* observer = nullptr,
                       std::int64_t last_layer = -1) const;

    const ModelConfig& config() const noexcept { return config_; }
    /// Bytes of the packed matrices.
    std::uint64_t packed_bytes() const;

private:
    struct LayerNorm {
        at::Tensor weight, bias;
        double epsilon = 0;
        at::Tensor operator()(const at::Tensor& input) const;
    };
    struct Layer {
        LinearMap attention_input; // queries, keys, values: (3·hidden, hidden)
        LinearMap attention_output;
        LayerNorm attention_norm;
        LinearMap intermediate, output;
        LayerNorm output_norm;
    };

    at::Tensor attention(const Layer& layer, int index, const at::Tensor& hidden, const RaggedBatch& batch,
                         JobContext& context, AttentionObserver* observer) const;

    ModelConfig config_;
    at::Tensor words_;     // (vocabulary, hidden)
    at::Tensor positions_; // (positions, hidden), the first token type added
    LayerNorm embedding_norm_;
    std::vector<Layer> layers_;
};

} // namespace attnscope::models
