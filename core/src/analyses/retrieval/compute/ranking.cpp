#include "analyses/retrieval/compute/ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace attnscope::compute {
namespace {

/// The `count`-th largest of the values, in one walk; count ≤ values.size().
float nth_largest(std::span<const float> values, std::size_t count) {
    std::vector<float> kept(values.begin(),
                            values.begin() + static_cast<std::ptrdiff_t>(count)); // a heap, smallest on top
    std::make_heap(kept.begin(), kept.end(), std::greater<>());
    for (std::size_t i = count; i < values.size(); ++i) {
        if (values[i] <= kept.front()) continue;
        std::pop_heap(kept.begin(), kept.end(), std::greater<>());
        kept.back() = values[i];
        std::push_heap(kept.begin(), kept.end(), std::greater<>());
    }
    return kept.front();
}

} // namespace

std::vector<RankedLogit> largest_logits(const kernels::KeyBank& bank, std::span<const double> query, double beta,
                                        double shift, std::span<const float> logits, double error, std::size_t count) {
    count = std::min(count, bank.n);
    std::vector<RankedLogit> candidates;
    if (count == 0) return candidates;
    if (error == 0) {
        // All products are exactly 0.
        for (std::uint32_t i = 0; i < count; ++i) candidates.push_back({i, 0});
        return candidates;
    }
    // Rounding to float32 moves the cut by less than the error leaves room for.
    const auto cut = static_cast<float>(static_cast<double>(nth_largest(logits, count)) - 2.5 * error);
    for (std::size_t i = 0; i < bank.n; ++i) {
        if (logits[i] < cut) continue;
        const double product = kernels::exact_dot(bank.keys + i * bank.d, query.data(), bank.d);
        candidates.push_back({static_cast<std::uint32_t>(i), beta * product - shift});
    }
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end(),
                      [](const RankedLogit& a, const RankedLogit& b) {
                          return a.logit != b.logit ? a.logit > b.logit : a.index < b.index;
                      });
    candidates.resize(count);
    return candidates;
}

std::vector<retrieval::Ranked> largest_weights(const kernels::KeyBank& bank, const kernels::Probe& probe,
                                               const kernels::PassResult& pass, std::size_t count) {
    const double error = kernels::logit_error(bank, probe);
    const std::vector<RankedLogit> ranked =
        largest_logits(bank, probe.query, probe.beta, pass.shift, probe.logits, error, count);
    std::vector<retrieval::Ranked> out;
    if (ranked.empty()) return out;
    // The pass's sum has float32 logits. The sum over all memories is at least the exact one over these.
    double listed = 0;
    for (const RankedLogit& each : ranked) listed += std::exp(each.logit - ranked.front().logit);
    const double log_sum =
        std::max(pass.log_mean_exp + std::log(static_cast<double>(bank.n)), ranked.front().logit + std::log(listed));
    for (const RankedLogit& each : ranked) out.push_back({each.index, std::exp(each.logit - log_sum)});
    return out;
}

std::vector<std::uint32_t> logarithmic_ranks(std::size_t n, int per_decade) {
    std::vector<std::uint32_t> ranks;
    for (int step = 0;; ++step) {
        const double rank = std::floor(std::pow(10.0, static_cast<double>(step) / per_decade));
        if (rank >= static_cast<double>(n)) break;
        if (ranks.empty() || rank > ranks.back()) ranks.push_back(static_cast<std::uint32_t>(rank));
    }
    ranks.push_back(static_cast<std::uint32_t>(n));
    return ranks;
}

std::vector<float> values_at_ranks(std::span<const float> values, std::span<const std::uint32_t> ranks) {
    // A histogram finds the bins the ranks fall in; only those are sorted.
    constexpr std::size_t bins = 8192;
    float low = values[0], top = values[0];
    for (const float value : values) {
        low = std::min(low, value);
        top = std::max(top, value);
    }
    const float range = top - low;
    if (!(range > 0)) return std::vector<float>(ranks.size(), top);
    const float scale = static_cast<float>(bins - 1) / range;
    std::vector<std::uint16_t> bin(values.size());
    std::vector<std::uint32_t> begin(bins + 1);
    for (std::size_t i = 0; i < values.size(); ++i)
        bin[i] = static_cast<std::uint16_t>(static_cast<std::int32_t>((top - values[i]) * scale));
    for (const std::uint16_t b : bin) ++begin[b + 1u];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());

    std::vector<std::int32_t> slot(bins, -1); // of the bins somebody asks for
    std::vector<std::vector<float>> members;
    std::vector<std::size_t> rank_bin;
    std::size_t b = 0;
    for (const std::uint32_t rank : ranks) {
        while (begin[b + 1] < rank) ++b;
        if (slot[b] < 0) {
            slot[b] = static_cast<std::int32_t>(members.size());
            members.emplace_back().reserve(begin[b + 1] - begin[b]);
        }
        rank_bin.push_back(b);
    }
    for (std::size_t i = 0; i < values.size(); ++i)
        if (slot[bin[i]] >= 0) members[static_cast<std::size_t>(slot[bin[i]])].push_back(values[i]);
    for (std::vector<float>& group : members) std::sort(group.begin(), group.end(), std::greater<>());
    std::vector<float> out;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        const auto& group = members[static_cast<std::size_t>(slot[rank_bin[i]])];
        out.push_back(group[ranks[i] - 1 - begin[rank_bin[i]]]);
    }
    return out;
}

} // namespace attnscope::compute
