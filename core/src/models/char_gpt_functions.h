// The parts of the character model whose gradient is not always the derivative, as functions of LibTorch's autograd.
#pragma once

#include <attnscope/jacobian_experiment.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace attnscope::models {

/// input·weightᵀ + bias, whose errors go back through `feedback` instead of the weight: input (…, inputs), weight and
/// feedback (outputs, inputs), bias (outputs) or undefined. With feedback = weight this is a linear layer.
at::Tensor feedback_linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                           const at::Tensor& feedback);

/// Sees A and g = ∂L/∂A of a layer in the backward pass; both (windows, heads, T, T), contiguous.
using AttentionTap = std::function<void(int layer, const at::Tensor& probabilities, const at::Tensor& gradients)>;

struct AttentionSettings {
    int heads = 1, layer = 0;
    jacobian::SoftmaxGradient gradient = jacobian::SoftmaxGradient::full;
    AttentionTap tap; ///< or none
};
/// Causal self-attention with scores ⟨q, k⟩/√head_dim: packed (windows, T, 3·width), queries, keys and values one
/// behind the other, each head by head → (windows, T, width).
at::Tensor causal_attention(const at::Tensor& packed, const AttentionSettings& settings);

/// The logits as they are; in the backward pass their gradient e (windows, T, V) goes on as it is, and to each of
/// `outputs` (windows, T, width) as e·feedback (V, width).
at::Tensor direct_feedback(const at::Tensor& logits, const std::vector<at::Tensor>& outputs,
                           std::vector<at::Tensor> feedback);

} // namespace attnscope::models
