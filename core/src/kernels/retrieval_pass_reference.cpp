// The pass as its definition reads: float64, one row at a time, no tiles, no tricks.
#include "kernels/retrieval_pass.h"

#include <algorithm>
#include <cmath>

namespace attnscope::kernels {

std::vector<PassResult> retrieval_pass_reference(const KeyBank& bank, std::span<const Probe> probes) {
    const std::size_t n = bank.n, d = bank.d;
    std::vector<PassResult> results;
    for (const Probe& probe : probes) {
        std::vector<double> logits(n);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k)
                logits[i] += probe.beta * (bank.keys[i * d + k] - bank.mean[k]) * probe.query[k];
        PassResult result;
        result.max_logit = *std::max_element(logits.begin(), logits.end());
        double sum = 0, sum_logit = 0;
        result.update.assign(d, 0);
        for (std::size_t i = 0; i < n; ++i) {
            const double weight = std::exp(logits[i] - result.max_logit);
            sum += weight;
            sum_logit += weight * (logits[i] - result.max_logit);
            for (std::size_t k = 0; k < d; ++k) result.update[k] += weight * (bank.keys[i * d + k] - bank.mean[k]);
        }
        for (double& value : result.update) value /= sum;
        result.entropy = std::log(sum) - sum_logit / sum;
        result.max_weight = 1 / sum;
        result.log_mean_exp = result.max_logit + std::log(sum / static_cast<double>(n));
        for (std::size_t k = 0; k < d; ++k) result.shift += probe.beta * bank.mean[k] * probe.query[k];
        if (!probe.logits.empty()) std::copy(logits.begin(), logits.end(), probe.logits.begin());
        if (!probe.update) result.update.clear();
        results.push_back(std::move(result));
    }
    return results;
}

} // namespace attnscope::kernels
