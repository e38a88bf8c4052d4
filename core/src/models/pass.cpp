#include "models/pass.h"

#include "kernels/layer_rows.h"
#include "models/activations.h"
#include "models/attention_gradient.h"
#include "models/fixed_product.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

/// Whether a function of rows reads this tensor as it lies, and nobody asks for gradients.
bool goes_by_rows(const at::Tensor& tensor) {
    return takes_packed_weights(tensor) && tensor.is_contiguous() && !tensor.requires_grad();
}

/// Rows of a task that is worth a thread.
std::int64_t rows_per_task(std::int64_t width) {
    constexpr std::int64_t numbers = 8192;
    return std::max<std::int64_t>(1, numbers / width);
}

} // namespace

at::Tensor product(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                   const JobContext& context) {
    if (!input.is_cpu()) return at::linear(input, weight, bias);
    const auto widened = [widen = widen_products(input)](const at::Tensor& tensor) {
        return widen && tensor.defined() ? tensor.to(at::kFloat) : tensor;
    };
    const at::Tensor rows = widened(input);
    const at::Tensor result = at::empty({rows.size(0), weight.size(0)}, rows.options());
    multiply_in_blocks(result, rows, widened(weight).t(), widened(bias), context);
    // Blocks are left out once the job is cancelled: what is missing must not be taken for a product.
    context.checkpoint();
    return result.to(input.scalar_type());
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
    return pass_.weights.get({layer_, name}, shape, pass_.type, pass_.device, pass_.context.stop());
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
    if (input.requires_grad()) return differentiable_linear(input, weights, bias, pass_.context);
    return in_row_chunks(pass_, input, 2.0 * static_cast<double>(inputs) * static_cast<double>(outputs), outputs,
                         [&](const at::Tensor& rows) { return product(rows, weights, bias, pass_.context); });
}

at::Tensor Block::linear(const at::Tensor& input, const std::string& name, std::int64_t outputs, bool bias) const {
    return std::move(linears(input, {{name, outputs, bias}}).front());
}

LinearMap Block::packed_map(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                            const at::Tensor& bias) const {
    return {pass_.weights.packed({layer_, name + ".weight"}, outputs, inputs, pass_.context.stop()), bias};
}

std::vector<at::Tensor> Block::linears(const at::Tensor& input, const std::vector<Map>& maps) const {
    const bool packed = !pass_.differentiable && takes_packed_weights(input);
    std::vector<at::Tensor> results;
    std::vector<LinearMap> packed_maps;
    for (const auto& [name, outputs, bias] : maps) {
        const at::Tensor biases = bias_of(name, outputs, bias);
        if (packed)
            packed_maps.push_back(packed_map(name, outputs, input.size(-1), biases));
        else
            results.push_back(unpacked_linear(input, name, outputs, biases));
    }
    return packed ? models::linears(input, packed_maps, pass_.context) : results;
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
    result = result.contiguous();
    models::add_linear(result, input, packed_map(name, outputs, input.size(-1), biases), pass_.context);
}

at::Tensor Block::embedding(const std::string& name, const at::Tensor& ids) const {
    const ModelConfig& config = pass_.config;
    return pass_.weights.rows({layer_, name + ".weight"}, config.vocabulary, config.hidden, ids.cpu())
        .to(pass_.device, pass_.type);
}

at::Tensor Block::layer_norm(const at::Tensor& input, const std::string& name) const {
    const std::vector<std::int64_t> shape{input.size(-1)};
    return at::layer_norm(input, shape, weight(name + ".weight", shape), weight(name + ".bias", shape),
                          pass_.config.norm_epsilon);
}

at::Tensor Block::rms_norm(const at::Tensor& input, const std::string& name) const {
    const std::int64_t width = input.size(-1);
    const at::Tensor weights = weight(name + ".weight", {width});
    if (!goes_by_rows(input)) return at::rms_norm(input, {width}, weights, pass_.config.norm_epsilon);
    at::Tensor result = at::empty_like(input);
    const float* const from = input.const_data_ptr<float>();
    const float* const factors = weights.const_data_ptr<float>();
    float* const to = result.mutable_data_ptr<float>();
    at::parallel_for(0, input.numel() / width, rows_per_task(width), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t row = first; row < last; ++row)
            kernels::rms_norm_row(from + row * width, factors, static_cast<std::size_t>(width),
                                  pass_.config.norm_epsilon, to + row * width);
    });
    return result;
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
    const at::Tensor context = attend(point, pass_.observer, pass_.context);
    return layer_ == pass_.attention_only ? at::Tensor() : merge_heads(context);
}

bool Block::add_attention(at::Tensor& hidden, const std::string& name, bool bias,
                          const std::function<at::Tensor()>& compute) const {
    const at::Tensor known = pass_.observer ? pass_.observer->known_context(static_cast<int>(layer_)) : at::Tensor();
    const at::Tensor attended = known.defined() ? merge_heads(known) : compute();
    if (attended.defined()) add_linear(hidden, attended, name, bias);
    return attended.defined();
}

at::Tensor split_heads(const at::Tensor& projected, std::int64_t heads) {
    return projected.view({projected.size(0), projected.size(1), heads, -1}).transpose(1, 2);
}

void activate(at::Tensor& values, Activation activation) {
    if (values.requires_grad()) {
        values = differentiable_activation(values, activation);
        return;
    }
    values = values.contiguous();
    activate_in_place(values, activation);
}

void gate(at::Tensor& values, const at::Tensor& by, Activation activation) {
    if (activation != Activation::silu || !goes_by_rows(values) || !goes_by_rows(by)) {
        activate(values, activation);
        values.mul_(by);
        return;
    }
    ATTNSCOPE_ASSERT(values.sizes() == by.sizes());
    float* const to = values.mutable_data_ptr<float>();
    const float* const factors = by.const_data_ptr<float>();
    at::parallel_for(0, values.numel(), rows_per_task(1), [&](std::int64_t first, std::int64_t last) {
        kernels::silu_gate(to + first, factors + first, static_cast<std::size_t>(last - first));
    });
}

} // namespace attnscope::models
