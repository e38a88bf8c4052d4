// The softmax of a row against its float64 reference, on every instruction set this machine has.
#include "core/compute/support.h"
#include "kernels/attention_rows.h"
#include "support/every_target.h"

#include <numeric>

namespace attnscope::test {
namespace {

std::vector<float> random_scores(std::size_t count, double spread, std::uint64_t seed = 1) {
    std::vector<float> scores(count);
    for (std::size_t j = 0; j < count; ++j) scores[j] = static_cast<float>(spread * random_normal(seed, count, j));
    return scores;
}

void check_row(const std::vector<float>& scores, double factor) {
    const std::string what = std::to_string(scores.size()) + " scores, factor " + std::to_string(factor);
    std::vector<double> expected(scores.size());
    const auto slow = kernels::attention_row_reference(scores.data(), scores.size(), factor, expected.data());
    // A row lies anywhere, and what stands around it is not its own.
    for (const std::size_t offset : {0, 1, 3}) {
        std::vector<float> memory(scores.size() + 2 * offset + 2, -7);
        std::copy(scores.begin(), scores.end(), memory.begin() + static_cast<std::ptrdiff_t>(offset));
        const auto told = kernels::attention_row_statistics(memory.data() + offset, scores.size(), factor);
        EXPECT_TRUE(std::equal(scores.begin(), scores.end(), memory.begin() + static_cast<std::ptrdiff_t>(offset)));
        const auto fast = kernels::attention_row(memory.data() + offset, scores.size(), factor);
        for (const auto& row : {told, fast}) {
            expect_agreement(row.entropy, slow.entropy, what + " entropy");
            expect_agreement(row.max_weight, slow.max_weight, what + " largest weight");
        }
        for (std::size_t j = 0; j < scores.size(); ++j)
            ASSERT_NEAR(memory[offset + j], expected[j], 1e-7 + 1e-5 * expected[j]) << what << " weight " << j;
        for (std::size_t j = 0; j < memory.size(); ++j) {
            const bool own = j >= offset && j < offset + scores.size();
            ASSERT_TRUE(own || memory[j] == -7) << what << " float " << j;
        }
    }
}

TEST(AttentionRow, AgreesWithTheReference) {
    on_every_target([] {
        for (const std::size_t count : {1, 2, 3, 7, 8, 9, 16, 31, 64, 100, 1023, 5000}) {
            for (const double factor : {0.0, 1e-3, 0.125, 1.0, 8.0, 1e3, 1e6, infinite})
                check_row(random_scores(count, 3), factor);
        }
    });
}

TEST(AttentionRow, SharesTheWeightBetweenEqualsAtInfinity) {
    on_every_target([] {
        std::vector<float> scores{1, 4, -2, 4, 3.9999f, 4, 0, 1, 2, 3};
        const auto row = kernels::attention_row(scores.data(), scores.size(), infinite);
        EXPECT_EQ(scores, (std::vector<float>{0, 1 / 3.0f, 0, 1 / 3.0f, 0, 1 / 3.0f, 0, 0, 0, 0}));
        EXPECT_FLOAT_EQ(row.entropy, std::log(3.0f));
        EXPECT_FLOAT_EQ(row.max_weight, 1 / 3.0f);
    });
}

TEST(AttentionRow, StaysFiniteForScoresAndFactorsOfAnySize) {
    on_every_target([] {
        for (const double spread : {1e-30, 1e10, 1e30, 1e37}) {
            for (const double factor : {1e-30, 1.0, 1e30, 1e300}) {
                auto scores = random_scores(77, spread);
                const auto row = kernels::attention_row(scores.data(), scores.size(), factor);
                EXPECT_TRUE(std::isfinite(row.entropy) && row.entropy >= 0) << spread << " " << factor;
                EXPECT_TRUE(row.max_weight > 0 && row.max_weight <= 1.000001f) << spread << " " << factor;
                EXPECT_NEAR(std::accumulate(scores.begin(), scores.end(), 0.0), 1, 1e-5) << spread << " " << factor;
            }
        }
    });
}

} // namespace
} // namespace attnscope::test
