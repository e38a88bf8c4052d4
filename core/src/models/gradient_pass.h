// The gradient of a language model's loss with respect to the attention probabilities of its layers.
//
// A forward pass keeps what enters each layer. Then, from the top down, each layer is run once more with autograd on,
// its vector–Jacobian product is taken, and its graph is gone before the next one's is made: memory holds the inputs of
// all layers and the inner life of one. Nothing has the size heads × T × T but the tiles that are looked at.
#pragma once

#include "models/attention_gradient.h"
#include "models/language_model.h"

#include <attnscope/job.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace attnscope::models {

struct GradientPassOptions {
    std::int64_t first_layer = 0;     ///< layers below are run, but have no gradient
    double prediction_weight = 1;     ///< of −ln p of every prediction in the loss: one by their number for the mean
    AttentionGradientVisitor visitor; ///< `text` counts within the texts
    std::function<void(std::int64_t)> after_layer; ///< when the visitor has seen all of it; or none
};

/// Σ −ln p over the predictions of texts: `texts` (of one length T + 1) give T inputs and T predictions each. Float32,
/// on the job's device; a decoder. Progress under the stages "forward", "loss" and "gradients"; a checkpoint before
/// every part of a layer. Throws Error{input} as Weights::get(), and for a loss that is not finite.
double gradient_pass(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                     const GradientPassOptions& options, JobContext& context);

/// Bytes that gradient_pass() keeps for one text of T inputs, beside the weights and the layer under way.
std::uint64_t gradient_pass_bytes(const ModelConfig& config, std::int64_t first_layer, std::int64_t length);

} // namespace attnscope::models
