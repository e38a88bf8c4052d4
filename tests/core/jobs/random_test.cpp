#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace attnscope {
namespace {

// Vectors published with the generator (counter, key → first two words).
TEST(Random, AgreesWithPublishedPhiloxVectors) {
    EXPECT_EQ(random_bits(0, 0, 0), 0xe169c58d'6627e8d5u);
    EXPECT_EQ(random_bits(~0ull, ~0ull, ~0ull), 0x41c83b0e'408f276du);
    EXPECT_EQ(random_bits(0x299f31d0'a4093822u, 0x03707344'13198a2eu, 0x85a308d3'243f6a88u), 0x94fdcceb'd16cfe09u);
}

TEST(Random, UniformStaysBelowOneAndHasTheRightMoments) {
    constexpr int count = 100000;
    double sum = 0, squares = 0;
    for (int i = 0; i < count; ++i) {
        const double value = random_uniform(7, 3, static_cast<std::uint64_t>(i));
        ASSERT_GE(value, 0);
        ASSERT_LT(value, 1);
        sum += value;
        squares += value * value;
    }
    EXPECT_NEAR(sum / count, 0.5, 0.005);
    EXPECT_NEAR(squares / count, 1.0 / 3, 0.005);
}

TEST(Random, NormalHasTheRightMoments) {
    constexpr int count = 100000;
    double sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < count; ++i) {
        const double value = random_normal(7, 3, static_cast<std::uint64_t>(i));
        sum += value;
        squares += value * value;
        fourth += value * value * value * value;
    }
    EXPECT_NEAR(sum / count, 0, 0.02);
    EXPECT_NEAR(squares / count, 1, 0.03);
    EXPECT_NEAR(fourth / count, 3, 0.2);
}

TEST(Random, SubsetIsIncreasingDistinctAndReproducible) {
    const auto subset = random_subset(1, 2, 1000, 50);
    ASSERT_EQ(subset.size(), 50u);
    for (std::size_t i = 1; i < subset.size(); ++i) EXPECT_LT(subset[i - 1], subset[i]);
    EXPECT_LT(subset.back(), 1000u);
    EXPECT_EQ(subset, random_subset(1, 2, 1000, 50));
    EXPECT_NE(subset, random_subset(2, 2, 1000, 50));
}

TEST(Random, SubsetTakesEverythingWhenAskedForMore) {
    EXPECT_EQ(random_subset(1, 2, 3, 3), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(random_subset(1, 2, 3, 9), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_TRUE(random_subset(1, 2, 0, 9).empty());
    EXPECT_TRUE(random_subset(1, 2, 9, 0).empty());
}

TEST(Random, SubsetChoosesEveryNumberEquallyOften) {
    std::vector<int> hits(10);
    for (std::uint64_t stream = 0; stream < 10000; ++stream) {
        for (const std::size_t i : random_subset(5, stream, 10, 3)) ++hits[i];
    }
    for (const int hit : hits) EXPECT_NEAR(hit, 3000, 250);
}

} // namespace
} // namespace attnscope
