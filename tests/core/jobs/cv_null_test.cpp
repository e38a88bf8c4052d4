#include <attnscope/cv.h>

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace attnscope::cv {
namespace {

TEST(CvNull, HasTheTabledValues) {
    const std::pair<double, double> table[] = {{8, .609},   {16, .386},  {32, .2605}, {64, .180},
                                               {128, .126}, {256, .089}, {512, .063}, {768, .051}};
    for (const auto& [dimension, expected] : table) EXPECT_NEAR(null_cv(dimension), expected, 6e-4) << dimension;
    EXPECT_NEAR(null_cv(64), 0.1803515230623772, 2e-11);
    EXPECT_NEAR(null_cv(6), 0.7745966692414834, 1e-13);
    EXPECT_TRUE(std::isnan(null_cv(3)));
    EXPECT_TRUE(std::isnan(null_cv(6, 8)));
    EXPECT_GT(null_cv(3.001), 5);
}

TEST(CvNull, IsSmoothWhereItsSeriesBegins) {
    for (const double dimension : {60.0, 61.0, 62.0, 63.0}) {
        const double step = 1e-4, below = null_cv(dimension - step), above = null_cv(dimension + step);
        EXPECT_NEAR(null_cv(dimension), (below + above) / 2, 1e-11) << dimension;
    }
    // CV² = k/2D + …
    EXPECT_NEAR(null_cv(1e9), std::sqrt(4 / 2e9), 1e-12);
}

TEST(CvNull, InvertsToTheDimension) {
    for (const int points : {3, 4, 5, 8})
        for (const double dimension : {points - 1.99, points + 0.5, 16.0, 64.0, 100.5, 768.0, 1e6})
            EXPECT_NEAR(effective_dim(null_cv(dimension, points), points), dimension, 1e-6 * dimension) << points;
    EXPECT_TRUE(std::isnan(effective_dim(0)));
    EXPECT_TRUE(std::isnan(effective_dim(NAN)));
    EXPECT_EQ(effective_dim(1e-9), 1e12);
}

TEST(CvNull, CountsSimplices) {
    EXPECT_EQ(simplex_count(4, 5), 0u);
    EXPECT_EQ(simplex_count(5, 5), 1u);
    EXPECT_EQ(simplex_count(512, 5), 287515515392u);
    EXPECT_EQ(simplex_count(64, 5), 7'624'512u);
    EXPECT_EQ(simplex_count(4'000'000'000, 8), UINT64_MAX);
}

TEST(CvNull, NamesMatrices) {
    EXPECT_EQ(matrix_name(Kind::embedding), "embedding");
    EXPECT_EQ(matrix_name(Kind::query, 3, 2), "layers.3.Q_h2");
    EXPECT_EQ(matrix_name(Kind::act_post, 0, 8), "layers.0.act_post_h8");
    EXPECT_EQ(matrix_name(Kind::out_proj, 29), "layers.29.out_proj");
    EXPECT_TRUE(of_key_value_head(Kind::act_value));
    EXPECT_FALSE(of_key_value_head(Kind::act_query));
}

TEST(CvNull, RefusesParametersThatMakeNoSense) {
    Parameters parameters;
    parameters.points = 9;
    EXPECT_THROW(check_parameters(parameters), Error);
    parameters = {};
    parameters.samples = 0;
    EXPECT_THROW(check_parameters(parameters), Error);
    parameters = {};
    parameters.band.low = 0.3;
    EXPECT_THROW(check_parameters(parameters), Error);
}

} // namespace
} // namespace attnscope::cv
