// Scores of a head against their float64 reference, on every instruction set this machine has.
#include "core/compute/support.h"
#include "kernels/head_scores.h"
#include "support/every_target.h"

#include <algorithm>
#include <limits>

namespace attnscope::test {
namespace {

using namespace kernels;

struct Sizes {
    std::size_t keys, head_dim, rows;
};

std::vector<float> normal(std::size_t count, std::uint64_t seed, double spread, double offset = 0) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = static_cast<float>(offset + spread * random_normal(seed, count, i));
    return values;
}

/// Rows that see ranges of all kinds; differences within a row are what softmax sees.
void check(const Sizes& sizes, double spread, double largest_factor, double allowed) {
    SCOPED_TRACE(std::to_string(sizes.keys) + " keys of " + std::to_string(sizes.head_dim) + ", " +
                 std::to_string(sizes.rows) + " rows, factor " + std::to_string(largest_factor));
    const auto rows_of_keys = normal(sizes.keys * sizes.head_dim, 1, spread, 5);
    const auto queries = normal(sizes.rows * sizes.head_dim, 2, spread);
    const HeadKeys keys = pack_keys(rows_of_keys.data(), sizes.keys, sizes.head_dim);
    std::vector<HeadRow> rows(sizes.rows);
    for (std::size_t r = 0; r < sizes.rows; ++r) {
        rows[r].begin = r % 3 == 0 ? 0 : std::min(sizes.keys - 1, r * 5 % sizes.keys);
        rows[r].end = r % 2 == 0 ? sizes.keys : std::min(sizes.keys, rows[r].begin + 1 + r * 7);
    }
    const auto scratch = hwy::AllocateAligned<float>(block_scratch_floats(sizes.rows, sizes.keys));
    head_scores(keys, queries.data(), largest_factor, rows, scratch.get());
    for (std::size_t r = 0; r < sizes.rows; ++r) {
        const HeadRow& row = rows[r];
        const auto expected = head_scores_reference(keys, queries.data() + r * sizes.head_dim, row.begin, row.end);
        const auto best =
            static_cast<std::size_t>(std::max_element(expected.begin(), expected.end()) - expected.begin());
        EXPECT_EQ(largest_score(row.scores, row.keys()), best) << r;
        for (std::size_t j = 0; j < row.keys(); ++j) {
            const double below = expected[best] - expected[j];
            const bool matters = std::isinf(largest_factor) ? below == 0 : largest_factor * below < 60;
            if (matters) {
                ASSERT_NEAR(row.scores[j] - row.scores[best], -below, allowed * (1 + below)) << r << ", key " << j;
            }
        }
    }
}

TEST(HeadScores, AgreeWithTheReference) {
    on_every_target([] {
        for (const Sizes& sizes : {Sizes{1, 1, 1}, {2, 3, 2}, {16, 8, 7}, {17, 64, 6}, {100, 64, 24}, {333, 80, 13}})
            check(sizes, 1, 1, 1e-5);
    });
}

TEST(HeadScores, AreExactNearTheMaximumWhereAFactorBlowsUpTheirRounding) {
    on_every_target([] {
        check({400, 64, 12}, 4, 1e4, 1e-6);
        check({400, 64, 12}, 4, std::numeric_limits<double>::infinity(), 1e-6);
    });
}

TEST(HeadScores, OfEqualKeysAreEqual) {
    on_every_target([] {
        auto rows_of_keys = normal(40 * 24, 4, 3);
        for (const std::size_t copy : {7, 16, 39})
            std::copy_n(rows_of_keys.begin() + 2 * 24, 24,
                        rows_of_keys.begin() + static_cast<std::ptrdiff_t>(copy * 24));
        const HeadKeys keys = pack_keys(rows_of_keys.data(), 40, 24);
        const auto scratch = hwy::AllocateAligned<float>(block_scratch_floats(1, 40));
        for (const double factor : {1.0, 1e6, std::numeric_limits<double>::infinity()}) {
            std::vector<HeadRow> rows{{0, 40, nullptr}};
            head_scores(keys, rows_of_keys.data() + 2 * 24, factor, rows, scratch.get());
            for (const std::size_t copy : {7, 16, 39}) EXPECT_EQ(rows[0].scores[copy], rows[0].scores[2]);
            EXPECT_EQ(largest_score(rows[0].scores, 40), 2u);
        }
    });
}

} // namespace
} // namespace attnscope::test
