// The weights of a layer's attention, head by head, in one form for all families.
#pragma once

#include "models/language_model.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <stop_token>

namespace attnscope::models {

/// Views where the file allows it, float32 on the CPU; a row is what one output is made with. Without biases.
struct Projections {
    at::Tensor query;      ///< (heads, head_dim, hidden)
    at::Tensor key, value; ///< (key_value_heads, head_dim, hidden)
    at::Tensor output;     ///< (hidden, heads · head_dim)
};
/// Throws Error{input} as Weights::get() does.
Projections attention_projections(const LoadedModel& model, std::int64_t layer);

/// The token embedding (vocabulary, hidden), float32 on the CPU. Throws Cancelled once `stop` is requested.
at::Tensor token_embedding(const LoadedModel& model, const std::stop_token& stop = {});

} // namespace attnscope::models
