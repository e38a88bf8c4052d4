#include "models/char_gpt_functions.h"

#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

namespace attnscope::models {
namespace {

using jacobian::SoftmaxGradient;
using torch::autograd::variable_list;

/// What `compute` makes of the inputs, with `node` as its backward function; gradients that the node returns belong to
/// the inputs in order.
template <class Compute>
at::Tensor with_backward(const std::shared_ptr<torch::autograd::Node>& node, const variable_list& inputs,
                         const Compute& compute) {
    at::Tensor output;
    {
        const c10::NoGradGuard no_gradients;
        output = compute();
    }
    if (!c10::GradMode::is_enabled()) return output;
    torch::autograd::edge_list edges;
    for (const at::Tensor& input : inputs)
        edges.push_back(input.defined() ? torch::autograd::impl::gradient_edge(input) : torch::autograd::Edge());
    node->set_next_edges(std::move(edges));
    torch::autograd::create_gradient_edge(output, node);
    return output;
}

/// (…, n) as (rows, n).
at::Tensor as_rows(const at::Tensor& tensor) {
    return tensor.reshape({-1, tensor.size(-1)});
}

struct LinearBackward final : torch::autograd::Node {
    at::Tensor input, feedback;

    variable_list apply(variable_list&& errors) override {
        const at::Tensor rows = as_rows(errors[0]);
        variable_list gradients(3);
        if (task_should_compute_output(0)) gradients[0] = at::mm(rows, feedback).view(input.sizes());
        gradients[1] = at::mm(rows.t(), as_rows(input));
        if (next_edge(2).is_valid()) gradients[2] = rows.sum(0);
        return gradients;
    }
    void release_variables() override {
        input.reset();
        feedback.reset();
    }
};

struct AttentionBackward final : torch::autograd::Node {
    AttentionSettings settings;
    at::Tensor split;         // (3, windows, heads, T, head_dim): queries, keys, values
    at::Tensor probabilities; // (windows·heads, T, T)
    at::Tensor context;       // (windows·heads, T, head_dim)
    double scale = 1;

    /// One of queries, keys and values as (windows·heads, T, head_dim).
    at::Tensor part(const at::Tensor& tensor, std::int64_t which) const {
        return tensor.select(0, which).view({-1, tensor.size(3), tensor.size(4)});
    }

    at::Tensor forward(const at::Tensor& packed) {
        const std::int64_t windows = packed.size(0), length = packed.size(1), width = packed.size(2) / 3;
        const std::int64_t heads = settings.heads, head_dim = width / heads;
        scale = 1 / std::sqrt(static_cast<double>(head_dim));
        split = packed.view({windows, length, 3, heads, head_dim}).permute({2, 0, 3, 1, 4}).contiguous();
        const at::Tensor hidden =
            at::full({length, length}, -std::numeric_limits<double>::infinity(), packed.options()).triu(1);
        const at::Tensor scores = at::baddbmm(hidden, part(split, 0), part(split, 1).transpose(1, 2), 1, scale);
        probabilities = at::_softmax(scores, -1, false);
        context = at::bmm(probabilities, part(split, 2));
        return context.view({windows, heads, length, head_dim}).transpose(1, 2).reshape({windows, length, width});
    }

    at::Tensor score_gradients(const at::Tensor& gradients, const at::Tensor& context_errors) const {
        const at::Tensor& a = probabilities;
        switch (settings.gradient) {
        case SoftmaxGradient::full: return at::_softmax_backward_data(gradients, a, -1, a.scalar_type());
        case SoftmaxGradient::diagonal: return gradients.mul(a).sub_(gradients.mul(a).mul_(a));
        case SoftmaxGradient::straight_through: return gradients.tril(); // what is hidden has no score
        case SoftmaxGradient::surrogate: break;
        }
        return gradients.sub(context_errors.mul(context).sum(-1, true)).mul_(a);
    }

    variable_list apply(variable_list&& errors) override {
        const std::int64_t windows = split.size(1), heads = split.size(2), length = split.size(3),
                           head_dim = split.size(4);
        const at::Tensor context_errors = errors[0]
                                              .view({windows, length, heads, head_dim})
                                              .transpose(1, 2)
                                              .reshape({windows * heads, length, head_dim});
        const at::Tensor gradients = at::bmm(context_errors, part(split, 2).transpose(1, 2));
        if (settings.tap)
            settings.tap(settings.layer, probabilities.view({windows, heads, length, length}),
                         gradients.view({windows, heads, length, length}));
        const at::Tensor of_scores = score_gradients(gradients, context_errors).mul_(scale);
        const at::Tensor of_split = at::empty(split.sizes(), split.options());
        at::Tensor of_queries = part(of_split, 0), of_keys = part(of_split, 1), of_values = part(of_split, 2);
        at::bmm_out(of_queries, of_scores, part(split, 1));
        at::bmm_out(of_keys, of_scores.transpose(1, 2), part(split, 0));
        at::bmm_out(of_values, probabilities.transpose(1, 2), context_errors);
        return {of_split.permute({1, 3, 0, 2, 4}).reshape({windows, length, 3 * heads * head_dim})};
    }
    void release_variables() override {
        split.reset();
        probabilities.reset();
        context.reset();
    }
};

struct DirectFeedbackBackward final : torch::autograd::Node {
    std::vector<at::Tensor> feedback;

    variable_list apply(variable_list&& errors) override {
        variable_list gradients{errors[0]};
        for (const at::Tensor& matrix : feedback) gradients.push_back(at::matmul(errors[0], matrix));
        return gradients;
    }
};

} // namespace

at::Tensor feedback_linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                           const at::Tensor& feedback) {
    const auto node = std::make_shared<LinearBackward>();
    node->input = input.detach();
    node->feedback = feedback.detach();
    return with_backward(node, {input, weight, bias}, [&] {
        return at::linear(input, weight, bias.defined() ? std::optional(bias) : std::nullopt);
    });
}

at::Tensor causal_attention(const at::Tensor& packed, const AttentionSettings& settings) {
    const auto node = std::make_shared<AttentionBackward>();
    node->settings = settings;
    return with_backward(node, {packed}, [&] { return node->forward(packed); });
}

at::Tensor direct_feedback(const at::Tensor& logits, const std::vector<at::Tensor>& outputs,
                           std::vector<at::Tensor> feedback) {
    const auto node = std::make_shared<DirectFeedbackBackward>();
    node->feedback = std::move(feedback);
    variable_list inputs{logits};
    inputs.insert(inputs.end(), outputs.begin(), outputs.end());
    return with_backward(node, inputs, [&] { return logits.clone(); });
}

} // namespace attnscope::models
