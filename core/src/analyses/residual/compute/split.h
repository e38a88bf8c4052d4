// A layer's attention output, split at its largest weights: the leading value V*, and what the others add.
#pragma once

#include "models/attention_point.h"

#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace attnscope::compute {

struct SplitOptions {
    int top_k = 1;             ///< weights that count as leading
    bool exclude_sink = false; ///< token 0 leads its own row alone
    bool with_tail = false;
};

/// Of all rows of a layer; float32 but for the context.
struct AttentionSplit {
    at::Tensor context;     ///< (texts, heads, T, value_dim) Σ p_i V_i, as attend() gives it
    at::Tensor leading;     ///< (texts, heads, T, value_dim) V*
    at::Tensor tail;        ///< (texts, heads, T, value_dim) Σ p_i V_i over the weights that do not lead; if asked for
    at::Tensor tail_weight; ///< (texts, heads, T, 1) their sum; if asked for
};
/// At gain 1. Sums of the tail are taken over it, not as a difference, so that a small one keeps its digits.
AttentionSplit split_attention(const models::AttentionPoint& point, const SplitOptions& options, JobContext& context);

/// Where the keys begin that may lead row t.
std::int64_t first_leader(const models::AttentionPoint& point, std::int64_t t, const SplitOptions& options);
/// Rows whose residual says something of them, increasing. That of a row that leads with every key it sees is 0 by
/// construction, and where token 0 alone does not lead, what is left is its value once weights are `normalized`; what
/// float32 makes differ there is rounding.
std::vector<std::int64_t> rows_with_residual(const models::AttentionPoint& point, const SplitOptions& options,
                                             bool normalized);

/// Indices within [begin, end) of the `count` largest weights, largest first, ties to the lower.
void largest_weights(const float* weights, std::int64_t begin, std::int64_t end, int count,
                     std::vector<std::int64_t>& found);

} // namespace attnscope::compute
