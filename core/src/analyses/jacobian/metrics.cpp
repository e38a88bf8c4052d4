// Names of the metrics of a head, and a row in full.
#include "base/none.h"

#include <attnscope/error.h>
#include <attnscope/jacobian.h>

#include <algorithm>
#include <cstdlib>

namespace attnscope::jacobian {

double HeadMetrics::value(Metric metric) const noexcept {
    switch (metric) {
    case Metric::a_mean: return a_mean;
    case Metric::entropy: return entropy;
    case Metric::r_diag: return r_diag;
    case Metric::r_offdiag: return r_offdiag;
    case Metric::energy_off: return energy_off;
    case Metric::energy_cross: return energy_cross;
    case Metric::cos_diag: return cos_diag;
    case Metric::cos_ste: return cos_ste;
    case Metric::cos_ste_unmasked: return cos_ste_unmasked;
    }
    return none;
}

std::size_t HeadMetrics::left_out(Metric metric) const noexcept {
    switch (metric) {
    case Metric::cos_diag:
    case Metric::cos_ste: return undefined;
    case Metric::cos_ste_unmasked: return undefined_unmasked;
    default: return 0;
    }
}

std::size_t nearest_layer(const std::vector<Captures::Layer>& layers, int number) noexcept {
    const auto nearest = std::ranges::min_element(
        layers, {}, [number](const Captures::Layer& layer) { return std::abs(layer.layer - number); });
    return static_cast<std::size_t>(nearest - layers.begin());
}

std::size_t sequences_in(std::size_t ids, std::size_t length) noexcept {
    return ids == 0 || length == 0 ? 0 : (ids - 1) / length;
}

Row softmax_row(std::span<const float> probabilities, std::span<const float> gradient) {
    Row row;
    row.probabilities.assign(probabilities.begin(), probabilities.end());
    row.gradient.assign(gradient.begin(), gradient.end());
    const std::size_t keys = row.probabilities.size();
    ATTNSCOPE_ASSERT(keys == row.gradient.size());
    for (std::size_t key = 0; key < keys; ++key) row.inner += row.probabilities[key] * row.gradient[key];
    for (std::vector<double>* part : {&row.full, &row.diagonal, &row.lateral}) part->resize(keys);
    for (std::size_t key = 0; key < keys; ++key) {
        const double p = row.probabilities[key], g = row.gradient[key];
        row.full[key] = p * (g - row.inner);
        row.diagonal[key] = p * (1 - p) * g;
        row.lateral[key] = p * (p * g - row.inner);
    }
    return row;
}

} // namespace attnscope::jacobian
