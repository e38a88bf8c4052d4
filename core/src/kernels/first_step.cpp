#include "kernels/first_step.h"

#include "kernels/pass_sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace attnscope::kernels {

namespace {

constexpr std::size_t orders = retrieval::FirstStep::orders;
/// (βh)⁴/24 below 2·10⁻⁷: what a weight may be wrong by.
constexpr double largest_reach = 0.045;
constexpr std::size_t most_bytes = std::size_t{64} << 20;
/// Weights this far below the largest add nothing to a float64 sum.
constexpr double negligible = -60;

std::size_t bin_count(double range, double largest_beta, std::size_t padded) {
    const std::size_t most = std::max<std::size_t>(1, most_bytes / (orders * padded * sizeof(float)));
    const double wanted = std::ceil(range * largest_beta / (2 * largest_reach));
    return wanted < static_cast<double>(most) ? std::max<std::size_t>(1, static_cast<std::size_t>(wanted)) : most;
}

/// Row numbers ordered by bin, and where each bin begins in them.
struct Sorted {
    std::vector<std::uint32_t> rows, begin;
};

Sorted sort_by_bin(std::span<const double> products, const retrieval::FirstStep& table) {
    Sorted sorted;
    sorted.begin.assign(table.bins + 1, 0);
    std::vector<std::uint32_t> bin(products.size());
    for (std::size_t i = 0; i < products.size(); ++i) {
        bin[i] = static_cast<std::uint32_t>(table.bin_of(products[i]));
        ++sorted.begin[bin[i] + 1];
    }
    std::partial_sum(sorted.begin.begin(), sorted.begin.end(), sorted.begin.begin());
    std::vector<std::uint32_t> place(sorted.begin.begin(), sorted.begin.end() - 1);
    sorted.rows.resize(products.size());
    for (std::size_t i = 0; i < products.size(); ++i) sorted.rows[place[bin[i]]++] = static_cast<std::uint32_t>(i);
    return sorted;
}

/// sums (orders, padded) += u^k (row − mean).
void add_row(const float* row, const float* mean, std::size_t d, std::size_t padded, float u, float* sums) {
    const float square = u * u, cube = square * u;
    float* const first = sums + padded;
    float* const second = first + padded;
    float* const third = second + padded;
    for (std::size_t k = 0; k < d; ++k) {
        const float value = row[k] - mean[k];
        sums[k] += value;
        first[k] += u * value;
        second[k] += square * value;
        third[k] += cube * value;
    }
}

} // namespace

retrieval::FirstStep first_step_table(const KeyBank& bank, std::span<const double> query, double largest_beta,
                                      JobContext& context) {
    retrieval::FirstStep table;
    table.products.resize(bank.n);
    // float64: at 8 β_c the rounding of float32 products would be most of what the weights are wrong by.
    const std::span<const double> mean = bank.mean;
    const double shift = std::inner_product(mean.begin(), mean.end(), query.begin(), 0.0);
    const std::size_t rows_a_task = 2048;
    context.parallel_for((bank.n + rows_a_task - 1) / rows_a_task, [&](std::size_t task, int) {
        for (std::size_t i = task * rows_a_task; i < std::min(bank.n, (task + 1) * rows_a_task); ++i)
            table.products[i] = exact_dot(bank.keys + i * bank.d, query.data(), bank.d) - shift;
    });
    const auto [low, high] = std::minmax_element(table.products.begin(), table.products.end());
    table.low = *low;
    table.high = *high;
    table.padded = padded_dimension(bank.d);
    table.bins = bin_count(table.high - table.low, largest_beta, table.padded);
    table.half_width = std::max((table.high - table.low) / (2 * static_cast<double>(table.bins)), 1e-30);
    table.counts.assign(table.bins * orders, 0);
    table.sums.assign(table.bins * orders * table.padded, 0);

    const Sorted sorted = sort_by_bin(table.products, table);
    const Probe probe{query, 1, {}, false};
    const Prepared prepared = prepare(bank, std::span(&probe, 1));
    // A task is a run of whole bins: nobody else adds to them, and rows follow in order.
    std::vector<std::size_t> starts{0};
    for (std::size_t b = 1; b <= table.bins; ++b)
        if (b == table.bins || sorted.begin[b] - sorted.begin[starts.back()] >= rows_a_task) starts.push_back(b);
    context.parallel_for(starts.size() - 1, [&](std::size_t task, int) {
        for (std::size_t b = starts[task]; b < starts[task + 1]; ++b) {
            const double middle = table.middle(b);
            float* const sums = &table.sums[b * orders * table.padded];
            for (std::uint32_t at = sorted.begin[b]; at < sorted.begin[b + 1]; ++at) {
                if (at % 1024 == 1023) context.checkpoint();
                const std::uint32_t row = sorted.rows[at];
                const double u = (table.products[row] - middle) / table.half_width;
                double power = 1;
                for (std::size_t k = 0; k < orders; ++k, power *= u) table.counts[b * orders + k] += power;
                add_row(bank.keys + row * bank.d, prepared.mean.get(), bank.d, table.padded, static_cast<float>(u),
                        sums);
            }
        }
    });
    return table;
}

std::optional<PassResult> first_step_pass(const retrieval::FirstStep& table, const KeyBank& bank, const Probe& probe,
                                          JobContext& context) {
    const Regime regime = regime_of(bank, probe);
    const double reach = probe.beta * table.half_width;
    if (regime == Regime::refined || reach > largest_reach) return std::nullopt;
    const bool linear = regime == Regime::linear;
    const double reference = linear ? 0 : probe.beta * table.high;
    const std::array<double, orders> powers{1, reach, reach * reach / 2, reach * reach * reach / 6};

    ChunkSums whole;
    whole.reference = reference;
    whole.max_logit = probe.beta * table.high;
    // Bins in groups of fixed size, merged in order: the same bits at any number of threads.
    const std::size_t group = 64, groups = (table.bins + group - 1) / group, padded = table.padded;
    std::vector<ChunkSums> sums(groups);
    std::vector<double> updates(groups * padded);
    context.parallel_for(groups, [&](std::size_t g, int) {
        double* const update = &updates[g * padded];
        for (std::size_t b = g * group; b < std::min(table.bins, (g + 1) * group); ++b) {
            const double* const c = &table.counts[b * orders];
            const double logit = probe.beta * table.middle(b) - reference;
            if (c[0] == 0 || logit < negligible) continue;
            const double scale = std::exp(logit);
            // e^x − 1 of the linear regime leaves the flat part out of the sums.
            const double flat = linear ? std::expm1(logit) : scale;
            const double higher = powers[1] * c[1] + powers[2] * c[2] + powers[3] * c[3];
            const double x_sum = powers[1] * c[1] + 2 * powers[2] * c[2] + 3 * powers[3] * c[3]; // Σ x e^x
            sums[g].sum += flat * c[0] + scale * higher;
            sums[g].sum_logit += scale * (logit * (c[0] + higher) + x_sum);
            if (!probe.update) continue;
            const float* const moments = &table.sums[b * orders * padded];
            const auto m0 = static_cast<float>(flat), m1 = static_cast<float>(scale * powers[1]),
                       m2 = static_cast<float>(scale * powers[2]), m3 = static_cast<float>(scale * powers[3]);
            for (std::size_t k = 0; k < bank.d; ++k)
                update[k] += static_cast<double>((m0 * moments[k] + m1 * moments[padded + k]) +
                                                 (m2 * moments[2 * padded + k] + m3 * moments[3 * padded + k]));
        }
    });
    std::vector<double> update(padded);
    for (std::size_t g = 0; g < groups; ++g) {
        whole.sum += sums[g].sum;
        whole.sum_logit += sums[g].sum_logit;
        for (std::size_t k = 0; k < padded; ++k) update[k] += updates[g * padded + k];
    }
    if (!probe.logits.empty()) {
        std::transform(table.products.begin(), table.products.end(), probe.logits.begin(),
                       [&](double product) { return static_cast<float>(probe.beta * product); });
    }
    return merge(bank, probe, prepare(bank, std::span(&probe, 1)), 0, &whole, update.data(), 1);
}

} // namespace attnscope::kernels
