// Attention and linear maps whose gradient can be asked for, by LibTorch's autograd: what a forward pass is made of
// where it is differentiated. Neither keeps probabilities: the backward pass makes them again, some rows of a head at a
// time, and that is where they can be looked at together with their gradient.
//
// Products are made in parts. A job that is no longer wanted leaves the rest undone: nothing is thrown through
// autograd, so whoever differentiates looks at the job afterwards.
#pragma once

#include "models/attention_point.h"

#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace attnscope::models {

/// Query rows first_row … first_row + rows of one head of one text. The memory is used again for the next.
struct AttentionGradientTile {
    int layer = 0;
    std::int64_t text = 0, head = 0;
    std::int64_t first_row = 0, rows = 0, keys = 0;
    const float* probabilities = nullptr; ///< (rows, keys), 0 where a query may not look
    const float* gradients = nullptr;     ///< (rows, keys), dO·Vᵀ: of all keys, those a query may not see included
};
/// Called from several threads at once, but for the rows of one head of one text in order and from one thread.
using AttentionGradientVisitor = std::function<void(const AttentionGradientTile&)>;

/// What attend() computes of a causal point, in float32 on any device. `visitor` and `context` outlive the graph.
at::Tensor differentiable_attention(const AttentionPoint& point, const AttentionGradientVisitor& visitor,
                                    JobContext& context);

/// input (…, inputs) · Wᵀ + bias of weight (outputs, inputs), which has no gradient here, nor has `bias` (outputs),
/// which may be undefined. `context` outlives the graph.
at::Tensor differentiable_linear(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                 JobContext& context);

} // namespace attnscope::models
