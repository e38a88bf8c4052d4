#include "kernels/softmax_jacobian.h"

#include <algorithm>
#include <cmath>

namespace attnscope::kernels {

std::size_t jacobian_block_rows(std::size_t keys) noexcept {
    // About a millisecond of work.
    constexpr std::size_t entries_per_block = std::size_t{1} << 19;
    return std::max<std::size_t>(1, entries_per_block / std::max<std::size_t>(keys, 1));
}

JacobianSums softmax_jacobian_map(const float* probabilities, const float* gradients, std::size_t length, bool causal) {
    JacobianSums total;
    const std::size_t most = jacobian_block_rows(length);
    for (std::size_t first = 0; first < length; first += most)
        total += softmax_jacobian({.probabilities = probabilities + first * length,
                                   .gradients = gradients + first * length,
                                   .rows = std::min(most, length - first),
                                   .keys = length,
                                   .stride = length,
                                   .first_row = first,
                                   .causal = causal});
    return total;
}

void HeadTotals::MeanCosine::add(double inner, double first_squared, double second_squared) {
    // Roots first: the product of two squares of small gradients leaves float64.
    const double norms = std::sqrt(first_squared) * std::sqrt(second_squared);
    if (!(norms > 0)) return;
    sum += inner / std::max(norms, cosine_floor);
    ++count;
    floored += norms < cosine_floor ? 1 : 0;
}

double HeadTotals::MeanCosine::value() const {
    return count > 0 ? sum / static_cast<double>(count) : std::nan("");
}

void HeadTotals::add(const JacobianSums& sequence) {
    total_ += sequence;
    ++sequences_;
    diagonal_.add(sequence.diagonal + sequence.cross, sequence.diagonal, sequence.full); // full = diagonal + lateral
    straight_.add(sequence.straight, sequence.gradient, sequence.full);
    visible_straight_.add(sequence.visible_straight, sequence.visible_gradient, sequence.full);
}

jacobian::HeadMetrics HeadTotals::metrics(int layer, int head) const {
    const auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : std::nan(""); };
    jacobian::HeadMetrics metrics;
    metrics.layer = layer;
    metrics.head = head;
    metrics.a_mean = ratio(total_.mass, total_.positive);
    metrics.entropy = ratio(total_.entropy, total_.rows);
    metrics.r_diag = ratio(total_.diagonal, total_.full);
    metrics.r_offdiag = 1 - metrics.r_diag;
    metrics.energy_off = ratio(total_.lateral, total_.full);
    metrics.energy_cross = ratio(2 * total_.cross, total_.full);
    metrics.cos_diag = diagonal_.value();
    metrics.cos_ste = straight_.value();
    metrics.cos_ste_unmasked = visible_straight_.value();
    metrics.sequences = sequences_;
    metrics.undefined = sequences_ - std::min(diagonal_.count, straight_.count);
    metrics.undefined_unmasked = sequences_ - visible_straight_.count;
    metrics.floored = std::max({diagonal_.floored, straight_.floored, visible_straight_.floored});
    return metrics;
}

jacobian::HeadMetrics head_metrics(int layer, int head, std::span<const JacobianSums> sequences) {
    HeadTotals totals;
    for (const JacobianSums& sums : sequences) totals.add(sums);
    return totals.metrics(layer, head);
}

} // namespace attnscope::kernels
