#include "kernels/softmax_jacobian.h"

#include <cmath>

namespace attnscope::kernels {

JacobianSums softmax_jacobian_reference(const JacobianRows& rows) {
    JacobianSums sums;
    for (std::size_t r = 0; r < rows.rows; ++r) {
        const float* const a = rows.probabilities + r * rows.stride;
        const float* const g = rows.gradients + r * rows.stride;
        const auto visible = [&](std::size_t key) { return key <= rows.first_row + r; };
        const auto weight = [&](std::size_t key) -> double { return rows.causal && !visible(key) ? 0 : a[key]; };
        double inner = 0;
        for (std::size_t key = 0; key < rows.keys; ++key) inner += weight(key) * g[key];
        sums.rows += 1;
        for (std::size_t key = 0; key < rows.keys; ++key) {
            const double p = weight(key), gradient = g[key];
            const double full = p * (gradient - inner), diagonal = p * (1 - p) * gradient, lateral = full - diagonal;
            sums.positive += p > 0 ? 1 : 0;
            sums.mass += p;
            sums.future_mass += visible(key) ? 0 : p;
            sums.entropy -= p > 0 ? p * std::log(p) : 0;
            sums.full += full * full;
            sums.diagonal += diagonal * diagonal;
            sums.lateral += lateral * lateral;
            sums.cross += diagonal * lateral;
            sums.straight += gradient * full;
            sums.visible_straight += visible(key) ? gradient * full : 0;
            sums.gradient += gradient * gradient;
            sums.visible_gradient += visible(key) ? gradient * gradient : 0;
        }
    }
    return sums;
}

} // namespace attnscope::kernels
