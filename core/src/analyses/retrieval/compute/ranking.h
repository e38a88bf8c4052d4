// The largest of a bank's logits, and its sorted weights at chosen ranks.
#pragma once

#include <attnscope/retrieval.h>

#include "kernels/retrieval_pass.h"

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::compute {

/// The `count` memories with the largest β⟨m, query⟩, largest first, ties to the lower index, and their logits
/// β⟨m − μ, query⟩ as weights' logarithms up to a constant. `logits` (n) float32, wrong by `error` at most, choose the
/// candidates; the order comes from float64 dot products.
struct RankedLogit {
    std::uint32_t index;
    double logit;
};
std::vector<RankedLogit> largest_logits(const kernels::KeyBank& bank, std::span<const double> query, double beta,
                                        double shift, std::span<const float> logits, double error, std::size_t count);

/// The `count` largest weights of a pass, from the logits it wrote; they add up to 1 at most, but for float64 rounding.
std::vector<retrieval::Ranked> largest_weights(const kernels::KeyBank& bank, const kernels::Probe& probe,
                                               const kernels::PassResult& pass, std::size_t count);

/// 1-based ranks 1 … n, about `per_decade` a decade, first and last included.
std::vector<std::uint32_t> logarithmic_ranks(std::size_t n, int per_decade = 24);

/// The values that stand at the given (increasing, 1-based) ranks when `values` is sorted in descending order.
std::vector<float> values_at_ranks(std::span<const float> values, std::span<const std::uint32_t> ranks);

} // namespace attnscope::compute
