#include "analyses/ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace attnscope::compute {
namespace {

/// The `count`-th largest of the values, in one walk; count ≤ values.size().
float nth_largest(std::span<const float> values, std::size_t count) {
    std::vector<float> kept(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));  // a heap, smallest on top
    std::make_heap(kept.begin(), kept.end(), std::greater<>());
    for (std::size_t i = count; i < values.size(); ++i) {
        if (values[i] <= kept.front()) continue;
        std::pop_heap(kept.begin(), kept.end(), std::greater<>());
        kept.back() = values[i];
        std::push_heap(kept.begin(), kept.end(), std::greater<>());
    }
    return kept.front();
}

}  // namespace

std::vector<retrieval::Ranked> largest_weights(const kernels::KeyBank& bank, const kernels::Probe& probe,
                                               const kernels::PassResult& pass, std::size_t count) {
    const std::span<const float> logits = probe.logits;
    count = std::min(count, bank.n);
    if (count == 0) return {};
    double length = 0;
    for (const double value : probe.query) length += value * value;
    const double scale = std::abs(probe.beta) * std::sqrt(length) * bank.max_centered_norm;
    const double log_sum = pass.log_mean_exp + std::log(static_cast<double>(bank.n));

    struct Candidate {
        double logit;
        std::uint32_t index;
    };
    std::vector<Candidate> candidates;
    if (scale == 0) {
        for (std::uint32_t i = 0; i < count; ++i) candidates.push_back({0, i});
    } else {
        // Two float32 logits in the wrong order differ by less than this.
        const double cut = static_cast<double>(nth_largest(logits, count)) - 1e-5 * scale;
        for (std::size_t i = 0; i < bank.n; ++i) {
            if (static_cast<double>(logits[i]) < cut) continue;
            const double product = kernels::exact_dot(bank.keys + i * bank.d, probe.query.data(), bank.d);
            candidates.push_back({probe.beta * product - pass.shift, static_cast<std::uint32_t>(i)});
        }
        std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end(),
                          [](const Candidate& a, const Candidate& b) {
                              return a.logit != b.logit ? a.logit > b.logit : a.index < b.index;
                          });
    }
    std::vector<retrieval::Ranked> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back({candidates[i].index, std::exp(candidates[i].logit - log_sum)});
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
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const float top = *high, range = top - *low;
    if (!(range > 0)) return std::vector<float>(ranks.size(), top);
    const float scale = static_cast<float>(bins - 1) / range;
    const auto bin_of = [&](float value) { return static_cast<std::uint16_t>((top - value) * scale); };

    std::vector<std::uint16_t> bin(values.size());
    std::vector<std::uint32_t> begin(bins + 1);
    for (std::size_t i = 0; i < values.size(); ++i) bin[i] = bin_of(values[i]);
    for (const std::uint16_t b : bin) ++begin[b + 1u];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());

    std::vector<std::int32_t> slot(bins, -1);  // of the bins somebody asks for
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

}  // namespace attnscope::compute
