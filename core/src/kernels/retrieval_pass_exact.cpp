// The pass over one chunk of a small bank in float64.
#include "kernels/retrieval_pass.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace attnscope::kernels {

void pass_chunk_exactly(const ChunkInput& input, std::size_t state, ChunkSums& sums, double* update) {
    const std::size_t d = input.d;
    const bool linear = input.regimes[state] == Regime::linear;
    std::vector<double> logits(input.count);
    for (std::size_t r = 0; r < input.count; ++r)
        logits[r] = exact_dot(input.rows + r * d, input.exact_queries + state * d, d) - input.shifts[state];
    if (float* const out = input.logits[state])
        std::transform(logits.begin(), logits.end(), out + input.first, [](double l) { return static_cast<float>(l); });

    sums = {};
    sums.max_logit = *std::max_element(logits.begin(), logits.end());
    sums.reference = linear ? 0 : sums.max_logit;
    std::fill(update, update + input.padded, 0.0);
    for (std::size_t r = 0; r < input.count; ++r) {
        const double logit = logits[r] - sums.reference;
        const double weight = linear ? std::expm1(logit) : std::exp(logit);
        sums.sum += weight;
        sums.sum_logit += linear ? (weight + 1) * logit : weight * logit;
        if (!input.update[state]) continue;
        const float* const row = input.rows + r * d;
        for (std::size_t k = 0; k < d; ++k)
            update[k] += weight * (static_cast<double>(row[k]) - static_cast<double>(input.mean[k]));
    }
}

} // namespace attnscope::kernels
