// Simplex volumes against both determinant forms, on every instruction set this machine has.
#include "kernels/cayley_menger.h"
#include "kernels/resampled_sums.h"
#include "support/every_target.h"

#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace attnscope::test {
namespace {

using kernels::RowView;

struct Rows {
    std::size_t n, d;
    std::vector<float> values;
    RowView view() const { return {values.data(), n, d, d}; }
};

Rows gaussian(std::size_t n, std::size_t d, double scale = 1) {
    Rows rows{n, d, std::vector<float>(n * d)};
    for (std::size_t i = 0; i < n * d; ++i) rows.values[i] = static_cast<float>(scale * random_normal(3, n, i));
    return rows;
}

std::vector<std::uint32_t> draws(std::size_t rows, int corners, std::size_t count) {
    std::vector<std::uint32_t> tuples;
    for (std::size_t s = 0; s < count; ++s)
        for (const std::size_t row : random_subset(7, s, rows, static_cast<std::size_t>(corners)))
            tuples.push_back(static_cast<std::uint32_t>(row));
    return tuples;
}

kernels::DistanceTable table_of(const Rows& rows) {
    kernels::DistanceTable table{rows.n, {}};
    for (std::size_t i = 1; i < rows.n; ++i)
        for (std::size_t j = 0; j < i; ++j)
            table.values.push_back(kernels::squared_distance(rows.view().row(i), rows.view().row(j), rows.d));
    return table;
}

TEST(SimplexVolumes, AgreeWithBothDeterminants) {
    on_every_target([] {
        for (int corners = 3; corners <= 8; ++corners) {
            for (const std::size_t d : {7, 8, 21, 64}) {
                const Rows rows = gaussian(20, d);
                const auto tuples = draws(rows.n, corners, 131); // two blocks and part of a third
                const std::size_t count = tuples.size() / static_cast<std::size_t>(corners);
                std::vector<double> tabled(count), direct(count);
                kernels::simplex_volumes(table_of(rows), tuples.data(), corners, count, tabled.data());
                kernels::simplex_volumes(rows.view(), 0.25, tuples.data(), corners, count, direct.data());
                for (std::size_t s = 0; s < count; ++s) {
                    const std::string what = std::to_string(corners) + " corners, simplex " + std::to_string(s);
                    const auto* tuple = tuples.data() + s * static_cast<std::size_t>(corners);
                    const double gram = kernels::squared_volume_gram(rows.view(), tuple, corners);
                    const double bordered = kernels::squared_volume_bordered(rows.view(), tuple, corners);
                    ASSERT_NEAR(bordered, gram, 1e-8 * gram) << what;
                    ASSERT_NEAR(tabled[s], std::sqrt(gram), 1e-8 * std::sqrt(gram)) << what;
                    ASSERT_NEAR(direct[s] * std::pow(2, corners - 1), tabled[s], 1e-9 * tabled[s]) << what;
                }
            }
        }
    });
}

TEST(SimplexVolumes, AreNoneWhereRowsSpanNone) {
    on_every_target([] {
        for (int corners = 3; corners <= 8; ++corners) {
            Rows rows = gaussian(8, 30, 1e3);
            const auto row = [&](std::size_t i) { return rows.values.begin() + static_cast<std::ptrdiff_t>(i * 30); };
            const std::vector<std::uint32_t> tuple{0, 1, 2, 3, 4, 5, 6, 7};
            double volume = 0;
            const auto measure = [&] {
                kernels::simplex_volumes(rows.view(), 1, tuple.data(), corners, 1, &volume);
                return volume;
            };
            EXPECT_GT(measure(), 0);
            std::copy(row(0), row(1), row(1)); // a row twice
            EXPECT_EQ(measure(), 0) << corners;
            for (std::size_t k = 0; k < 30; ++k) // a row between two others
                row(1)[static_cast<std::ptrdiff_t>(k)] =
                    0.5f * (row(0)[static_cast<std::ptrdiff_t>(k)] + row(2)[static_cast<std::ptrdiff_t>(k)]);
            EXPECT_EQ(measure(), 0) << corners;
            std::fill(rows.values.begin(), rows.values.end(), 2.5f); // one point
            EXPECT_EQ(measure(), 0) << corners;
        }
    });
}

TEST(SimplexVolumes, TheCutIsAHeightOfOneHundredThousandthOfAnEdge) {
    on_every_target([] {
        // Corners of a regular simplex but for the last, which stands at a height over the first.
        for (int corners = 3; corners <= 8; ++corners) {
            for (const double height : {3e-6, 3e-4}) {
                Rows rows{static_cast<std::size_t>(corners), 9,
                          std::vector<float>(static_cast<std::size_t>(corners) * 9)};
                std::vector<std::uint32_t> tuple;
                for (std::size_t i = 0; i < rows.n; ++i) {
                    tuple.push_back(static_cast<std::uint32_t>(i));
                    rows.values[i * 9 + (i + 1 < rows.n ? i : 0)] = 1;
                }
                rows.values[(rows.n - 1) * 9 + 8] = static_cast<float>(height);
                double volume = -1;
                kernels::simplex_volumes(rows.view(), 1, tuple.data(), corners, 1, &volume);
                EXPECT_EQ(volume > 0, height > 1e-4) << corners << " corners, height " << height;
                const double squared = kernels::squared_volume_gram(rows.view(), tuple.data(), corners);
                const double factorial = std::tgamma(corners);
                const double edge = kernels::mean_squared_edge(rows.view(), tuple.data(), corners);
                EXPECT_EQ(volume > 0,
                          squared > kernels::degenerate_cut * std::pow(edge, corners - 1) / (factorial * factorial));
            }
        }
    });
}

TEST(ResampledSums, AgreeWithAPlainLoop) {
    constexpr std::size_t groups = 37, blocks = 3, block = kernels::resample_block;
    std::vector<std::uint8_t> times(blocks * groups * block);
    for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::uint8_t>(random_bits(1, 2, i) % 256);
    std::vector<double> values(3 * groups);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = random_normal(1, 3, i);
    on_every_target([&] {
        std::vector<double> sums(3 * blocks * block);
        kernels::resampled_sums(times.data(), values.data(), groups, blocks, sums.data());
        for (std::size_t v = 0; v < 3; ++v)
            for (std::size_t r = 0; r < blocks * block; ++r) {
                double expected = 0;
                for (std::size_t g = 0; g < groups; ++g)
                    expected += times[(r / block * groups + g) * block + r % block] * values[3 * g + v];
                ASSERT_NEAR(sums[v * blocks * block + r], expected, 1e-9);
            }
    });
}

} // namespace
} // namespace attnscope::test
