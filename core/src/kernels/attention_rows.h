// Rows of attention: dot products in, softmax weights out, and what is told of a row on the way.
//
// For scores s_j of one query against the keys it sees, and a factor f (gain · scale):
//   weights  w = softmax(f · s)
//   entropy  H = ln Σe^l − Σe^l·l / Σe^l  with l = f·(s − max s), in nats
// The difference is taken before it is scaled, so no factor overflows. An infinite factor is top-1: all weight on the
// largest score, shared between equals.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

struct AttentionRow {
    float entropy = 0; ///< nats
    float max_weight = 0;
};

/// Replaces `count` ≥ 1 scores by their weights. factor ≥ 0; any alignment.
AttentionRow attention_row(float* scores, std::size_t count, double factor);
/// The same without the weights: scores stay as they are.
AttentionRow attention_row_statistics(const float* scores, std::size_t count, double factor);

/// weights = softmax(factor · scores) in float64 throughout, plain loops; for tests.
AttentionRow attention_row_reference(const float* scores, std::size_t count, double factor, double* weights);

} // namespace attnscope::kernels
