// A forward pass under way, and what every family of decoders is made of: weights of a layer applied to activations.
#pragma once

#include "models/attention_point.h"
#include "models/packed_linear.h"
#include "models/rotary.h"
#include "models/weights.h"

#include <attnscope/job.h>
#include <attnscope/model.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace attnscope::models {

struct Pass {
    const ModelConfig& config;
    const Weights& weights;
    JobContext& context;
    AttentionObserver* observer = nullptr;
    at::ScalarType type = at::kFloat;
    at::Device device = at::kCPU;
    RotaryTable rotary; ///< for all places of the texts; none without rotary positions
    /// A layer that is run up to its attention, as the last: its function gives an undefined tensor. −1: none.
    std::int64_t attention_only = -1;
    /// A layer's input may ask for gradients: weights are tensors then, and nothing is written into what a gradient
    /// needs.
    bool differentiable = false;
};

/// The weights of one layer, or with −1 those outside of layers, applied to activations (…, width).
class Block {
public:
    Block(const Pass& pass, std::int64_t layer) : pass_(pass), layer_(layer) {}

    at::Tensor weight(const std::string& name, const std::vector<std::int64_t>& shape) const;
    bool has(const std::string& name) const { return pass_.weights.has({layer_, name}); }

    /// input · Wᵀ + b with the weights `name`.weight and, with `bias`, `name`.bias.
    at::Tensor linear(const at::Tensor& input, const std::string& name, std::int64_t outputs, bool bias) const;
    /// Several of one input, in their order.
    struct Map {
        std::string name;
        std::int64_t outputs;
        bool bias;
    };
    std::vector<at::Tensor> linears(const at::Tensor& input, const std::vector<Map>& maps) const;
    /// The same, added to `result`: in place where it is contiguous, unless the pass is differentiable.
    void add_linear(at::Tensor& result, const at::Tensor& input, const std::string& name, bool bias) const;
    /// Rows `ids` of the matrix `name`.weight (vocabulary, width).
    at::Tensor embedding(const std::string& name, const at::Tensor& ids) const;
    at::Tensor layer_norm(const at::Tensor& input, const std::string& name) const;
    /// Zhang and Sennrich 2019.
    at::Tensor rms_norm(const at::Tensor& input, const std::string& name) const;
    /// Softmax attention of heads (texts, heads or key-value heads, T, head_dim) at this layer's point, the heads of a
    /// token side by side: (texts, T, heads · head_dim). Undefined where the pass ends with it.
    at::Tensor attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values) const;
    /// Adds the layer's attention to `hidden`, by the weights `name`: what `compute` gives, or what somebody knows
    /// before there are queries, keys and values. False where the pass ends with attention, and nothing is added.
    bool add_attention(at::Tensor& hidden, const std::string& name, bool bias,
                       const std::function<at::Tensor()>& compute) const;

private:
    at::Tensor unpacked_linear(const at::Tensor& input, const std::string& name, std::int64_t outputs,
                               const at::Tensor& bias) const;
    at::Tensor bias_of(const std::string& name, std::int64_t outputs, bool bias) const;
    LinearMap packed_map(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                         const at::Tensor& bias) const;

    const Pass& pass_;
    std::int64_t layer_;
};

/// input (rows, inputs) · Wᵀ + b of weight (outputs, inputs); `bias` may be undefined. bfloat16 products are summed in
/// float32. Throws Cancelled.
at::Tensor product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                   const JobContext& context);

/// (texts, T, heads · width) as (texts, heads, T, width).
at::Tensor split_heads(const at::Tensor& projected, std::int64_t heads);

/// In place where `values` are contiguous, unless a gradient is wanted.
void activate(at::Tensor& values, Activation activation);
/// values = activation(values) · by.
void gate(at::Tensor& values, const at::Tensor& by, Activation activation);

/// Puts work(rows of input) together, as many rows at a time as end well within the time between two checkpoints, with
/// a checkpoint before each. input (…, width); work gives (rows, outputs).
at::Tensor in_row_chunks(const Pass& pass, const at::Tensor& input, double operations_per_row, std::int64_t outputs,
                         const std::function<at::Tensor(const at::Tensor& rows)>& work);

} // namespace attnscope::models
