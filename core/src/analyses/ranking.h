// The largest of a bank's logits, and its sorted weights at chosen ranks.
#pragma once

#include <attnscope/retrieval.h>

#include "kernels/retrieval_pass.h"

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::compute {

/// The `count` memories with the largest logits, largest first, ties to the lower index. `logits` (n) are float32 and
/// choose the candidates; the order and the weights come from float64 dot products. `pass` is of the same probe.
std::vector<retrieval::Ranked> largest_weights(const kernels::KeyBank& bank, const kernels::Probe& probe,
                                               const kernels::PassResult& pass, std::size_t count);

/// 1-based ranks 1 … n, about `per_decade` a decade, first and last included.
std::vector<std::uint32_t> logarithmic_ranks(std::size_t n, int per_decade = 24);

/// The values that stand at the given (increasing, 1-based) ranks when `values` is sorted in descending order.
std::vector<float> values_at_ranks(std::span<const float> values, std::span<const std::uint32_t> ranks);

}  // namespace attnscope::compute
