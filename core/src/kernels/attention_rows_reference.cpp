#include "kernels/attention_rows.h"

#include <algorithm>
#include <cmath>

namespace attnscope::kernels {

AttentionRow attention_row_reference(const float* scores, std::size_t count, double factor, double* weights) {
    const double largest = *std::max_element(scores, scores + count);
    double sum = 0, sum_logit = 0;
    for (std::size_t j = 0; j < count; ++j) {
        const double below = scores[j] - largest;
        const double logit = below == 0 ? 0 : std::max(factor * below, -1e3);
        weights[j] = std::exp(logit);
        sum += weights[j];
        sum_logit += weights[j] * logit;
    }
    for (std::size_t j = 0; j < count; ++j) weights[j] /= sum;
    return {static_cast<float>(std::log(sum) - sum_logit / sum), static_cast<float>(1 / sum)};
}

} // namespace attnscope::kernels
