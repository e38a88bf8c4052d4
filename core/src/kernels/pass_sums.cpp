#include "kernels/pass_sums.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::kernels {

Prepared prepare(const KeyBank& bank, std::span<const Probe> probes) {
    const std::size_t d = bank.d, padded = padded_dimension(d), states = probes.size();
    Prepared out{padded,
                 states,
                 allocate_aligned<float>(padded),
                 allocate_aligned<float>(states * padded),
                 std::vector<double>(states * d),
                 std::vector<double>(states),
                 std::vector<double>(states),
                 {},
                 {},
                 {}};
    std::fill_n(out.mean.get(), padded, 0.0f);
    std::fill_n(out.queries.get(), states * padded, 0.0f);
    for (std::size_t k = 0; k < d; ++k) out.mean[k] = static_cast<float>(bank.mean[k]);
    for (std::size_t s = 0; s < states; ++s) {
        const Probe& probe = probes[s];
        ATTNSCOPE_ASSERT(probe.query.size() == d && (probe.logits.empty() || probe.logits.size() == bank.n));
        for (std::size_t k = 0; k < d; ++k) {
            const double value = probe.beta * probe.query[k];
            out.exact_queries[s * d + k] = value;
            out.queries[s * padded + k] = static_cast<float>(value);
            out.shifts[s] += value * bank.mean[k];
        }
        out.slack[s] = logit_error(bank, probe);
        out.regimes.push_back(regime_of(bank, probe));
        out.logits.push_back(probe.logits.empty() ? nullptr : probe.logits.data());
        out.update.push_back(probe.update);
    }
    return out;
}

PassResult merge(const KeyBank& bank, const Probe& probe, const Prepared& prepared, std::size_t state,
                 const ChunkSums* sums, const double* updates, std::size_t chunks) {
    const std::size_t d = bank.d, states = prepared.states;
    const double n = static_cast<double>(bank.n);
    const bool linear = prepared.regimes[state] == Regime::linear;
    double reference = linear ? 0 : -std::numeric_limits<double>::infinity();
    PassResult result;
    result.max_logit = -std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < chunks; ++c) {
        reference = std::max(reference, sums[c * states].reference);
        result.max_logit = std::max(result.max_logit, sums[c * states].max_logit);
    }
    double sum = 0, sum_logit = 0;
    if (probe.update) result.update.assign(d, 0);
    for (std::size_t c = 0; c < chunks; ++c) {
        const ChunkSums& part = sums[c * states];
        const double step = part.reference - reference, factor = std::exp(step);
        if (factor == 0) continue;
        sum += factor * part.sum;
        sum_logit += factor * (part.sum_logit + step * part.sum);
        const double* update = updates + c * states * prepared.padded;
        for (std::size_t k = 0; k < result.update.size(); ++k) result.update[k] += factor * update[k];
    }
    // A sum is at least its largest term; the float32 sums and the first step's bins may leave it just below.
    const double total = std::max(linear ? n + sum : sum, std::exp(result.max_logit - reference));
    result.shift = prepared.shifts[state];
    result.max_weight = std::exp(result.max_logit - reference) / total;
    result.log_mean_exp = linear ? std::log1p(sum / n) : reference + std::log(total / n);
    result.entropy = std::max(0.0, (linear ? std::log(n) + std::log1p(sum / n) : std::log(total)) - sum_logit / total);
    // The chunks centred with μ rounded to float32. Σα(m − μ) = Σα(m − μ32) + (μ32 − μ); in the linear regime the
    // rows' own Σ(m − μ32) = n(μ − μ32), left out of the sum, makes the same correction in proportion to Σ(e^l − 1).
    const double weight = linear ? sum / total : 1;
    for (std::size_t k = 0; k < d; ++k) {
        const double rounding = static_cast<double>(prepared.mean[k]) - bank.mean[k];
        if (probe.update) result.update[k] = result.update[k] / total + weight * rounding;
        result.log_mean_exp += prepared.exact_queries[state * d + k] * rounding;
    }
    return result;
}

} // namespace attnscope::kernels
