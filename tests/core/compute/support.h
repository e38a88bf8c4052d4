// What the tests of the compute part share: random banks, the spectrum of one, and the agreement that is asked for.
#pragma once

#include <attnscope/retrieval.h>

#include "analyses/retrieval/compute/entry_points.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace attnscope::test {

inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// Normal values in `clusters` groups, shifted off the origin; unit rows when asked.
inline std::vector<float> random_rows(std::size_t n, std::size_t d, std::uint64_t seed, int clusters = 5,
                                      double shift = 0.3, bool unit = true) {
    std::vector<float> rows(n * d);
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<double> row(d);
        double squares = 0;
        const std::uint64_t cluster = random_bits(seed, 1, i) % static_cast<std::uint64_t>(clusters);
        for (std::size_t k = 0; k < d; ++k) {
            row[k] = shift + random_normal(seed, 2, cluster * d + k) + 0.5 * random_normal(seed, 3, i * d + k);
            squares += row[k] * row[k];
        }
        for (std::size_t k = 0; k < d; ++k)
            rows[i * d + k] = static_cast<float>(unit ? row[k] / std::sqrt(squares) : row[k]);
    }
    return rows;
}

inline retrieval::BankPtr random_bank(std::size_t n, std::size_t d, std::uint64_t seed = 1, int clusters = 5) {
    return make_bank("random", n, d, random_rows(n, d, seed, clusters));
}

/// A memory with noise on it.
inline retrieval::Query noisy_memory(const Bank& bank, std::size_t i, double noise = 0.1, std::uint64_t seed = 5) {
    retrieval::Query query(bank.row(i).begin(), bank.row(i).end());
    for (std::size_t k = 0; k < query.size(); ++k)
        query[k] += static_cast<float>(noise * random_normal(seed, 9, i * query.size() + k));
    return query;
}

/// Relative 1e-4, or absolute 1e-6 where the value is below 1e-2.
inline void expect_agreement(double value, double expected, const std::string& what) {
    const double allowed = std::abs(expected) < 1e-2 ? 1e-6 : 1e-4 * std::abs(expected);
    EXPECT_NEAR(value, expected, allowed) << what;
}

/// A pool of `threads`, a context, and the spectrum of a bank, together.
struct Workplace {
    explicit Workplace(retrieval::BankPtr bank_, int threads = 2, int directions = 16)
        : pool(threads),
          context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}}),
          bank(std::move(bank_)), spectrum(compute::spectrum({bank, directions}, context)) {}
    ThreadPool pool;
    JobContext context;
    retrieval::BankPtr bank;
    retrieval::Spectrum spectrum;
};

} // namespace attnscope::test
