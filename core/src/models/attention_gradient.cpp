#include "models/attention_gradient.h"

#include "kernels/attention_rows.h"
#include "models/fixed_product.h"
#include "module/compute/thread_guard.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace attnscope::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Of the probabilities a thread makes at a time, and as much again of their gradient.
constexpr std::int64_t tile_elements = std::int64_t{1} << 20;

/// What a backward pass needs beside the tensors.
struct Attending {
    AttentionPoint point; // without its tensors
    const AttentionGradientVisitor* visitor;
    JobContext* context;
};

/// Gradients of one text's queries, keys and values of the heads that share keys.
class GroupBackward {
public:
    /// queries, context_gradient, query_gradient (group, T, width); keys, values and theirs (T, width)
    struct Tensors {
        at::Tensor queries, keys, values, context_gradient, query_gradient, key_gradient, value_gradient;
    };
    GroupBackward(const Attending& attending, Tensors tensors) : attending_(attending), tensors_(std::move(tensors)) {
        const std::int64_t keys = tensors_.keys.size(0);
        rows_ = std::clamp<std::int64_t>(tile_elements / keys, 1, keys);
        scores_ = at::empty({rows_, keys}, tensors_.queries.options());
        gradients_ = at::empty({rows_, keys}, tensors_.queries.options());
    }

    void run(std::int64_t text, std::int64_t first_head) {
        const std::int64_t length = tensors_.keys.size(0);
        for (std::int64_t head = 0; head < tensors_.queries.size(0); ++head)
            for (std::int64_t first = 0; first < length && !attending_.context->stopping(); first += rows_)
                tile(text, first_head, head, first, std::min(rows_, length - first));
    }

private:
    void tile(std::int64_t text, std::int64_t first_head, std::int64_t head, std::int64_t first, std::int64_t rows) {
        const auto part = [&](const at::Tensor& heads) { return heads[head].narrow(0, first, rows); };
        const at::Tensor queries = part(tensors_.queries), context_gradient = part(tensors_.context_gradient);
        at::Tensor scores = scores_.narrow(0, 0, rows), gradients = gradients_.narrow(0, 0, rows);
        at::mm_out(scores, queries, tensors_.keys.t());
        at::mm_out(gradients, context_gradient, tensors_.values.t());
        // On another device the rows come here to be looked at: they are few.
        at::Tensor probabilities = scores.cpu(), seen = gradients.cpu();
        normalise(probabilities, first);
        if (*attending_.visitor)
            (*attending_.visitor)({.layer = attending_.point.layer,
                                   .text = text,
                                   .head = first_head + head,
                                   .first_row = first,
                                   .rows = rows,
                                   .keys = scores.size(1),
                                   .probabilities = probabilities.const_data_ptr<float>(),
                                   .gradients = seen.const_data_ptr<float>()});
        const at::Tensor here = probabilities.to(queries.device());
        tensors_.value_gradient.addmm_(here.t(), context_gradient);
        through_softmax(probabilities, seen);
        const at::Tensor score_gradients = seen.to(queries.device());
        at::Tensor query_gradient = part(tensors_.query_gradient);
        at::mm_out(query_gradient, score_gradients, tensors_.keys);
        tensors_.key_gradient.addmm_(score_gradients.t(), queries);
    }

    /// Scores become probabilities.
    void normalise(const at::Tensor& scores, std::int64_t first) const {
        const std::int64_t keys = scores.size(1);
        float* row = scores.mutable_data_ptr<float>();
        for (std::int64_t r = 0; r < scores.size(0); ++r, row += keys) {
            const std::int64_t begin = attending_.point.first_key(first + r), end = first + r + 1;
            kernels::attention_row(row + begin, static_cast<std::size_t>(end - begin), attending_.point.scale);
            std::fill(row, row + begin, 0.0f);
            std::fill(row + end, row + keys, 0.0f);
        }
    }

    /// Gradients of probabilities become those of the products of queries and keys.
    void through_softmax(const at::Tensor& probabilities, const at::Tensor& gradients) const {
        const std::int64_t keys = probabilities.size(1);
        const float* p = probabilities.const_data_ptr<float>();
        float* g = gradients.mutable_data_ptr<float>();
        const auto scale = static_cast<float>(attending_.point.scale);
        for (std::int64_t r = 0; r < probabilities.size(0); ++r, p += keys, g += keys) {
            double inner = 0;
            for (std::int64_t key = 0; key < keys; ++key)
                inner += static_cast<double>(p[key]) * static_cast<double>(g[key]);
            const auto mean = static_cast<float>(inner);
            for (std::int64_t key = 0; key < keys; ++key) g[key] = p[key] * (g[key] - mean) * scale;
        }
    }

    const Attending& attending_;
    Tensors tensors_;
    std::int64_t rows_;
    at::Tensor scores_, gradients_;
};

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
    static at::Tensor forward(AutogradContext* ctx, const at::Tensor& queries, const at::Tensor& keys,
                              const at::Tensor& values, const Attending& attending) {
        ctx->save_for_backward({queries, keys, values});
        ctx->saved_data["layer"] = static_cast<std::int64_t>(attending.point.layer);
        ctx->saved_data["scale"] = attending.point.scale;
        ctx->saved_data["window"] = attending.point.window;
        ctx->saved_data["visitor"] = reinterpret_cast<std::int64_t>(attending.visitor);
        ctx->saved_data["context"] = reinterpret_cast<std::int64_t>(attending.context);
        AttentionPoint point = attending.point;
        point.queries = queries;
        point.keys = keys;
        point.values = values;
        return attend(point, nullptr, *attending.context);
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        Attending attending{};
        attending.point.layer = static_cast<int>(ctx->saved_data["layer"].toInt());
        attending.point.scale = ctx->saved_data["scale"].toDouble();
        attending.point.window = ctx->saved_data["window"].toInt();
        attending.point.causal = true;
        attending.visitor = reinterpret_cast<const AttentionGradientVisitor*>(ctx->saved_data["visitor"].toInt());
        attending.context = reinterpret_cast<JobContext*>(ctx->saved_data["context"].toInt());
        const auto saved = ctx->get_saved_variables();
        const at::Tensor queries = saved[0].contiguous(), keys = saved[1].contiguous(), values = saved[2].contiguous();
        const at::Tensor context_gradient = gradients[0].contiguous();
        const at::Tensor query_gradient = at::zeros(queries.sizes(), queries.options());
        const at::Tensor key_gradient = at::zeros(keys.sizes(), keys.options());
        const at::Tensor value_gradient = at::zeros(values.sizes(), values.options());

        const std::int64_t shared = keys.size(1), group = queries.size(1) / shared;
        const auto of_group = [&](const at::Tensor& heads, std::int64_t task) {
            return heads[task / shared].narrow(0, task % shared * group, group);
        };
        // On LibTorch's own threads: others would wait for the cores that those keep busy while they wait.
        at::parallel_for(0, queries.size(0) * shared, 1, [&](std::int64_t first, std::int64_t end) {
            const c10::AutoGradMode no_graph(false);
            const ThreadGuard one(1); // a product's rounding must not depend on the number of threads
            for (std::int64_t task = first; task < end && !attending.context->stopping(); ++task) {
                const std::int64_t text = task / shared, head = task % shared;
                GroupBackward(attending, {of_group(queries, task), keys[text][head], values[text][head],
                                          of_group(context_gradient, task), of_group(query_gradient, task),
                                          key_gradient[text][head], value_gradient[text][head]})
                    .run(text, head * group);
            }
        });
        return {query_gradient, key_gradient, value_gradient, at::Tensor()};
    }
};

struct LinearMap {
    const at::Tensor& weight;
    const at::Tensor& bias;
    JobContext& context;
};

struct LinearFunction : torch::autograd::Function<LinearFunction> {
    static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const LinearMap& map) {
        ctx->saved_data["weight"] = map.weight;
        ctx->saved_data["context"] = reinterpret_cast<std::int64_t>(&map.context);
        std::vector<std::int64_t> shape = input.sizes().vec();
        shape.back() = map.weight.size(0);
        const at::Tensor out = at::empty(shape, input.options());
        multiply_in_blocks(out.view({-1, out.size(-1)}), input.reshape({-1, input.size(-1)}), map.weight.t(), map.bias,
                           map.context);
        map.context.checkpoint();
        return out;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        const at::Tensor weight = ctx->saved_data["weight"].toTensor();
        const auto* context = reinterpret_cast<const JobContext*>(ctx->saved_data["context"].toInt());
        std::vector<std::int64_t> shape = gradients[0].sizes().vec();
        shape.back() = weight.size(1);
        const at::Tensor out = at::empty(shape, gradients[0].options());
        multiply_in_blocks(out.view({-1, out.size(-1)}), gradients[0].reshape({-1, gradients[0].size(-1)}), weight, {},
                           *context);
        return {out, at::Tensor()};
    }
};

} // namespace

at::Tensor differentiable_attention(const AttentionPoint& point, const AttentionGradientVisitor& visitor,
                                    JobContext& context) {
    ATTNSCOPE_ASSERT(point.causal);
    Attending attending{.point = point, .visitor = &visitor, .context = &context};
    attending.point.queries = attending.point.keys = attending.point.values = at::Tensor();
    return AttentionFunction::apply(point.queries, point.keys, point.values, attending);
}

at::Tensor differentiable_linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                 JobContext& context) {
    return LinearFunction::apply(input, LinearMap{weight, bias, context});
}

} // namespace attnscope::models
