#include "models/pass.h"

#include "models/attention_gradient.h"
#include "models/packed_linear.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <cmath>

namespace attnscope::models {
namespace {

// About what two cores do in 50 ms; fewer rows than these would read a weight too often.
constexpr double operations_per_chunk = 4e9;
constexpr std::int64_t fewest_rows_per_chunk = 64;

/// Whether the CPU multiplies bfloat16 itself; LibTorch is very slow at it otherwise.
bool multiplies_bfloat16() {
#if defined(__x86_64__)
    static const bool supported = __builtin_cpu_supports("avx512bf16") != 0;
    return supported;
#else
    return false;
#endif
}

/// Products of bfloat16 as hardware makes them, summed in float32, also where there is no such hardware.
bool widen_products(const at::Tensor& input) {
    return input.scalar_type() == at::kBFloat16 && input.is_cpu() && !multiplies_bfloat16();
}

} // namespace

at::Tensor product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
    if (!widen_products(input))
        return at::linear(input, weight, bias);
    const at::Tensor wide_bias = bias.defined() ? bias.to(at::kFloat) : bias;
    return at::linear(input.to(at::kFloat), weight.to(at::kFloat), wide_bias).to(at::kBFloat16);
}

at::Tensor in_row_chunks(const Pass& pass, const at::Tensor& input, double operations_per_row, std::int64_t outputs,
                         const std::function<at::Tensor(const at::Tensor& rows)>& work) {
    const std::int64_t width = input.size(-1), rows = input.numel() / width;
    const auto wanted = static_cast<std::int64_t>(operations_per_chunk / operations_per_row);
    // Chunks of about one size: a small rest would cost nearly as much as a whole one.
    const std::int64_t most = std::max(wanted, fewest_rows_per_chunk), chunks = (rows + most - 1) / most;
    std::vector<std::int64_t> shape = input.sizes().vec();
    shape.back() = outputs;
    const at::Tensor flat = input.reshape({rows, width});
    if (chunks <= 1) {
        pass.context.checkpoint();
        return work(flat).view(shape);
    }
    const at::Tensor result = at::empty({rows, outputs}, input.options());
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        pass.context.checkpoint();
        const std::int64_t first = rows * chunk / chunks, count = rows * (chunk + 1) / chunks - first;
        result.narrow(0, first, count).copy_(work(flat.narrow(0, first, count)));
    }
    return result.view(shape);
}

at::Tensor Block::weight(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return pass_.weights.get({layer_, name}, shape, pass_.type, pass_.device);
}

at::Tensor Block::bias_of(const std::string& name, std::int64_t outputs, bool bias) const {
    return bias ? weight(name + ".bias", {outputs}) : at::Tensor();
}

at::Tensor Block::unpacked_linear(const at::Tensor& input, const std::string& name, std::int64_t outputs,
                                  const at::Tensor& bias) const {
    const std::int64_t inputs = input.size(-1);
    const std::string full = name + ".weight";
    const at::Tensor weights =
        pass_.weights.columns({layer_, full}) ? weight(full, {inputs, outputs}).t() : weight(full, {outputs, inputs});
    if (input.requires_grad())
        return differentiable_linear(input, weights, bias, pass_.context);
    return in_row_chunks(pass_, input, 2.0 * static_cast<double>(inputs) * static_cast<double>(outputs), outputs,
                         [&](const at::Tensor& rows) { return product(rows, weights, bias); });
}

at::Tensor Block::linear(const at::Tensor& input, const std::string& name, std::int64_t outputs, bool bias) const {
    const at::Tensor biases = bias_of(name, outputs, bias);
    if (pass_.differentiable || !takes_packed_weights(input))
        return unpacked_linear(input, name, outputs, biases);
    const auto weights = pass_.weights.packed({layer_, name + ".weight"}, outputs, input.size(-1));
    return models::linear(input, *weights, biases, pass_.context);
}

void Block::add_linear(at::Tensor& result, const at::Tensor& input, const std::string& name, bool bias) const {
    const std::int64_t outputs = result.size(-1);
    const at::Tensor biases = bias_of(name, outputs, bias);
    if (pass_.differentiable) {
        result = result.add(unpacked_linear(input, name, outputs, biases));
        return;
    }
    if (!takes_packed_weights(input)) {
        result.add_(unpacked_linear(input, name, outputs, biases));
        return;
    }
    const auto weights = pass_.weights.packed({layer_, name + ".weight"}, outputs, input.size(-1));
    result = result.contiguous();
    models::add_linear(result, input, *weights, biases, pass_.context);
}

at::Tensor Block::embedding(const std::string& name, const at::Tensor& ids) const {
    const ModelConfig& config = pass_.config;
    const WeightName full{layer_, name + ".weight"};
    if (!config.tied_head || pass_.differentiable || pass_.type != at::kFloat || !pass_.device.is_cpu())
        return at::embedding(weight(full.part, {config.vocabulary, config.hidden}), ids);
    // The head's product wants this matrix packed; it is not held twice.
    return packed_rows(*pass_.weights.packed(full, config.vocabulary, config.hidden), ids);
}

at::Tensor Block::layer_norm(const at::Tensor& input, const std::string& name) const {
    const std::vector<std::int64_t> shape{input.size(-1)};
    return at::layer_norm(input, shape, weight(name + ".weight", shape), weight(name + ".bias", shape),
                          pass_.config.norm_epsilon);
}

at::Tensor Block::rms_norm(const at::Tensor& input, const std::string& name) const {
    const std::vector<std::int64_t> shape{input.size(-1)};
    return at::rms_norm(input, shape, weight(name + ".weight", shape), pass_.config.norm_epsilon);
}

namespace {

/// (texts, heads, T, width) as (texts, T, heads · width).
at::Tensor merge_heads(const at::Tensor& context) {
    return context.transpose(1, 2).reshape({context.size(0), context.size(2), -1});
}

} // namespace

at::Tensor Block::attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values) const {
    const AttentionPoint point{.layer = static_cast<int>(layer_),
                               .queries = queries,
                               .keys = keys,
                               .values = values,
                               .scale = 1 / std::sqrt(static_cast<double>(queries.size(-1))),
                               .causal = pass_.config.causal(),
                               .window = pass_.config.window(layer_)};
    return merge_heads(attend(point, pass_.observer, pass_.context));
}

at::Tensor Block::known_attention() const {
    const at::Tensor context =
        pass_.observer ? pass_.observer->known_context(static_cast<int>(layer_)) : at::Tensor();
    return context.defined() ? merge_heads(context) : context;
}

at::Tensor split_heads(const at::Tensor& projected, std::int64_t heads) {
    return projected.view({projected.size(0), projected.size(1), heads, -1}).transpose(1, 2);
}

void activate(at::Tensor& values, Activation activation) {
    if (values.requires_grad()) {
        switch (activation) {
        case Activation::gelu: values = at::gelu(values); break;
        case Activation::gelu_tanh: values = at::gelu(values, "tanh"); break;
        case Activation::silu: values = at::silu(values); break;
        case Activation::relu: values = at::relu(values); break;
        }
        return;
    }
    switch (activation) {
    case Activation::gelu: at::gelu_(values); break;
    case Activation::gelu_tanh: at::gelu_(values, "tanh"); break;
    case Activation::silu: at::silu_(values); break;
    case Activation::relu: at::relu_(values); break;
    }
}

} // namespace attnscope::models
