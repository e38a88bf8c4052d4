// CV of one matrix: what must not change it, what is drawn, what is said where there is none, and how far its errors
// reach.
#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/matrix.h"
#include "analyses/cv/compute/tuples.h"
#include "support/error_of.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

namespace attnscope::test {
namespace {

using cv::Matrix;

using Values = std::vector<float>;

Values gaussian(std::size_t n, std::size_t d, std::uint64_t seed = 1) {
    Values values(n * d);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random_normal(seed, d, i));
    return values;
}

struct Measured {
    Matrix operator()(std::size_t n, std::size_t d, Values values, cv::TuplesPtr tuples = {}) {
        ThreadPool pool(threads);
        JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .seed = seed, .stop = {}});
        return compute::cv_matrix({make_bank("rows", n, d, std::move(values)), {}, parameters, std::move(tuples)},
                                  context);
    }
    cv::Parameters parameters;
    std::uint64_t seed = 0;
    int threads = 2;
};

TEST(CvMatrix, ParticipationRatioOfWideRowsIsThatOfTheirSpectrum) {
    // Unit vectors less their mean spread alike in all directions but one. The products are cut at these widths, by
    // columns where there are more rows than columns, else by rows.
    constexpr std::size_t side = 1500;
    Measured measure;
    measure.parameters.pool = 0;
    measure.parameters.samples = 50;
    Values twice(2 * side * side);
    for (std::size_t i = 0; i < 2 * side; ++i) twice[i * side + i % side] = 1;
    EXPECT_NEAR(measure(2 * side, side, twice).participation_ratio, side - 1, 1e-6);
    constexpr std::size_t wide = side + 100;
    Values once(side * wide);
    for (std::size_t i = 0; i < side; ++i) once[i * wide + i] = 1;
    EXPECT_NEAR(measure(side, wide, once).participation_ratio, side - 1, 1e-6);
}

TEST(CvMatrix, NamesTheFirstValueThatIsNotFinite) {
    constexpr std::size_t n = 900, d = 3000; // several parts
    Values rows = gaussian(n, d);
    rows[700 * d + 5] = INFINITY;
    rows[650 * d + 7] = NAN;
    rows[880 * d] = NAN;
    Measured measure;
    measure.parameters.pool = 0;
    for (const int threads : {1, 2, 3}) {
        measure.threads = threads;
        EXPECT_NE(message_of([&] { measure(n, d, rows); }).find("row 650, column 7"), std::string::npos);
    }
}

TEST(CvMatrix, DoesNotChangeWithScaleRotationShiftOrUnits) {
    const std::size_t n = 60, d = 16;
    const Values rows = gaussian(n, d);
    Measured measure;
    measure.parameters.samples = 2000;
    const Matrix plain = measure(n, d, rows);
    ASSERT_TRUE(plain.has_cv()) << plain.reason;

    Values scaled = rows, shifted = rows, turned = rows;
    for (float& value : scaled) value *= 0x1p-60f;
    for (std::size_t i = 0; i < rows.size(); ++i) shifted[i] += 100;
    for (std::size_t i = 0; i < n; ++i) { // a rotation in every pair of coordinates
        for (std::size_t k = 0; k < d; k += 2) {
            const float x = rows[i * d + k], y = rows[i * d + k + 1];
            turned[i * d + k] = 0.6f * x - 0.8f * y;
            turned[i * d + k + 1] = 0.8f * x + 0.6f * y;
        }
    }
    const Matrix small = measure(n, d, scaled);
    EXPECT_DOUBLE_EQ(small.cv, plain.cv);
    EXPECT_NEAR(small.mean_volume, std::ldexp(plain.mean_volume, -240), 1e-12 * small.mean_volume);
    EXPECT_NEAR(measure(n, d, turned).cv, plain.cv, 1e-6);
    EXPECT_NEAR(measure(n, d, shifted).cv, plain.cv, 1e-4); // float32 keeps 1e-5 of a row there
    for (float& value : scaled) value *= 0x1p+100f;
    for (float& value : scaled) value *= 0x1p+79f;
    EXPECT_DOUBLE_EQ(measure(n, d, scaled).cv, plain.cv);
}

TEST(CvMatrix, IsTheSameForAllSimplicesInAnyOrderOfRows) {
    const std::size_t n = 14, d = 6;
    const Values rows = gaussian(n, d);
    Values reversed;
    for (std::size_t i = n; i-- > 0;)
        reversed.insert(reversed.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * d),
                        rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
    Measured measure;
    measure.parameters.exact = true;
    const Matrix plain = measure(n, d, rows);
    EXPECT_TRUE(plain.exact);
    EXPECT_EQ(plain.n_valid, 2002u);
    EXPECT_EQ(plain.ci95.low, plain.cv);
    EXPECT_NEAR(measure(n, d, reversed).cv, plain.cv, 1e-12);
    // A sample as large as what there is takes what there is.
    measure.parameters.exact = false;
    measure.parameters.samples = 2002;
    EXPECT_EQ(measure(n, d, rows).cv, plain.cv);
}

TEST(CvMatrix, DoesNotDependOnThreads) {
    const Values rows = gaussian(300, 40);
    Measured measure;
    measure.parameters.samples = 100'000;
    const Matrix two = measure(300, 40, rows);
    measure.threads = 1;
    const Matrix one = measure(300, 40, rows);
    EXPECT_EQ(one.cv, two.cv);
    EXPECT_EQ(one.ci95.low, two.ci95.low);
    EXPECT_EQ(one.row_error, two.row_error);
    EXPECT_EQ(one.participation_ratio, two.participation_ratio);
    EXPECT_EQ(one.histogram, two.histogram);
    measure.seed = 1;
    EXPECT_NE(measure(300, 40, rows).cv, two.cv);
}

TEST(CvMatrix, CountsDuplicatesAndRanksThatAreMissing) {
    Measured measure;
    measure.parameters.samples = 500;
    Values rows = gaussian(40, 12);
    std::copy(rows.begin(), rows.begin() + 20 * 12, rows.begin() + 20 * 12);
    const Matrix half = measure(40, 12, rows);
    EXPECT_GT(half.n_degenerate, 50u);
    EXPECT_EQ(half.n_valid + half.n_degenerate, 500u);
    EXPECT_TRUE(half.has_cv());

    Values plane = gaussian(40, 12); // three dimensions hold no 4-simplex
    for (std::size_t i = 0; i < 40; ++i)
        for (std::size_t k = 3; k < 12; ++k) plane[i * 12 + k] = plane[i * 12] * static_cast<float>(k);
    const Matrix flat = measure(40, 12, plane);
    EXPECT_EQ(flat.n_degenerate, 500u);
    EXPECT_TRUE(std::isnan(flat.cv));
    EXPECT_EQ(flat.reason, "expected at least 10 simplices with a volume, got 0 (500 have none)");
    EXPECT_NEAR(flat.participation_ratio, 1, 1); // one direction holds nearly all
}

TEST(CvMatrix, AgreesWithTheReferenceOnGivenTuples) {
    const auto json = nlohmann::json::parse(std::ifstream(std::string(ATTNSCOPE_TEST_DATA) + "/cv_small.json"));
    Values rows;
    for (const auto& row : json["rows"])
        for (const float value : row) rows.push_back(value);
    const std::size_t n = json["rows"].size();
    for (const auto& expected : json["expected"]) {
        auto tuples = std::make_shared<cv::Tuples>();
        tuples->points = expected["points"];
        for (const auto& tuple : json["tuples"])
            for (int corner = 0; corner < tuples->points; ++corner)
                tuples->rows.push_back(tuple[static_cast<std::size_t>(corner)]);
        const Matrix matrix = Measured()(n, rows.size() / n, rows, tuples);
        EXPECT_EQ(matrix.n_valid, expected["n_valid"]) << expected;
        EXPECT_EQ(matrix.n_degenerate, expected["n_degenerate"]) << expected;
        EXPECT_NEAR(matrix.cv, expected["cv"], 1e-9) << expected;
        EXPECT_NEAR(matrix.mean_volume / expected["mean_volume"].get<double>(), 1, 1e-9) << expected;
    }
}

TEST(CvMatrix, SaysWhyThereIsNone) {
    Measured measure;
    EXPECT_EQ(measure(4, 3, gaussian(4, 3)).reason, "expected at least 5 rows, got 4");
    EXPECT_EQ(measure(6, 8, gaussian(6, 8)).reason, "expected at least 10 simplices with a volume, got 6");
    EXPECT_EQ(measure(20, 8, Values(160, 0.1f)).reason, "all rows of the pool are equal");
    Values rows = gaussian(20, 8);
    rows[8 * 7 + 3] = NAN;
    EXPECT_EQ(message_of([&] { measure(20, 8, rows); }), "rows: expected finite numbers, got NaN (row 7, column 3)");
    measure.parameters.pool = 7; // what is not looked at does not matter
    EXPECT_TRUE(measure(20, 8, rows).has_cv());
    const auto tuples = std::make_shared<cv::Tuples>(cv::Tuples{"t.npy", 5, {0, 1, 2, 3, 4, 5, 6, 20, 1, 2}});
    EXPECT_EQ(message_of([&] { measure(20, 8, gaussian(20, 8), tuples); }),
              "t.npy: expected rows below 20, got 20 (tuple 1)");
}

TEST(CvMatrix, LiesOnTheNullForGaussianRows) {
    Measured measure;
    measure.parameters.samples = 20'000;
    measure.parameters.pool = 0;
    for (const int points : {3, 5, 8}) {
        measure.parameters.points = points;
        for (const std::size_t d : {8, 16, 64}) {
            const Matrix matrix = measure(2000, d, gaussian(2000, d, 5));
            const double null = cv::null_cv(static_cast<double>(d), points);
            EXPECT_NEAR(matrix.cv, null, 4 * matrix.row_error + 0.02 * null) << points << " points in " << d;
            EXPECT_LT(matrix.ci95.low, matrix.cv);
            EXPECT_GT(matrix.ci95.high, matrix.cv);
        }
    }
}

/// The error bars of 64 Gaussian rows in 64 dimensions, against how far the CVs of many such matrices lie apart.
TEST(CvMatrix, ErrorsAreThoseOfManyMatrices) {
    constexpr int matrices = 120;
    const std::size_t n = 64, d = 64;
    Measured measure;
    measure.parameters.samples = 3000;
    double sum = 0, squares = 0, corrected = 0, error = 0, sampling = 0;
    int covered = 0;
    const double null = cv::null_cv(d);
    for (int i = 0; i < matrices; ++i) {
        measure.seed = static_cast<std::uint64_t>(i);
        const Matrix matrix = measure(n, d, gaussian(n, d, 100 + static_cast<std::uint64_t>(i)));
        sum += matrix.cv / matrices;
        squares += matrix.cv * matrix.cv / matrices;
        corrected += matrix.cv_corrected / matrices;
        error += matrix.row_error / matrices;
        sampling += (matrix.ci95.high - matrix.ci95.low) / 3.92 / matrices;
        covered += matrix.row_ci95.low < null && null < matrix.row_ci95.high;
    }
    const double scatter = std::sqrt((squares - sum * sum) * matrices / (matrices - 1));
    std::printf("64 x 64 Gaussian: scatter %.4f, jackknife %.4f, bootstrap %.4f, mean %.4f, corrected %.4f, null %.4f, "
                "%d of %d cover the null\n",
                scatter, error, sampling, sum, corrected, null, covered, matrices);
    EXPECT_NEAR(error, scatter, 0.25 * scatter);
    EXPECT_NEAR(sampling, sum / std::sqrt(2.0 * 3000), 0.2 * sampling);
    EXPECT_NEAR(corrected, null, 3 * scatter / std::sqrt(matrices) + 5e-4);
    EXPECT_GE(covered, matrices * 85 / 100);
}

/// How often row_ci95 holds the null, over Gaussian matrices of one shape, at the default 300 simplices.
class CvRowInterval : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(CvRowInterval, HoldsTheNullInNineteenOfTwentyMatrices) {
    constexpr std::size_t matrices = 800;
    const auto [n, d] = GetParam();
    const compute::CvMeasurer measurer({}, 7);
    const double null = cv::null_cv(static_cast<double>(d));
    std::vector<Matrix> measured(matrices);
    ThreadPool pool(2);
    JobContext context(pool);
    context.parallel_for(matrices, [&, rows = n, columns = d](std::size_t i, int) {
        const Values values = gaussian(rows, columns, 5000 + i);
        measured[i] = measurer.measure({values.data(), rows, columns, columns}, std::to_string(i), context);
    });
    int covered = 0, below = 0;
    double width = 0;
    for (const Matrix& matrix : measured) {
        ASSERT_TRUE(std::isfinite(matrix.row_ci95.low));
        EXPECT_EQ(matrix.row_simplices, std::min<std::uint64_t>(cv::jackknife_simplices, cv::simplex_count(n, 5)));
        covered += matrix.row_ci95.low < null && null < matrix.row_ci95.high;
        below += matrix.row_ci95.high <= null;
        width += (matrix.row_ci95.high - matrix.row_ci95.low) / matrices;
    }
    std::printf("%zu x %zu: %.1f %% hold the null, %.1f %% lie below it, mean width %.4f\n", n, d,
                100.0 * covered / matrices, 100.0 * below / matrices, width);
    EXPECT_GE(covered, matrices * 93 / 100);
    EXPECT_LE(covered, matrices * 97 / 100);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CvRowInterval,
                         testing::Values(std::pair{16, 64}, std::pair{64, 32}, std::pair{64, 64}, std::pair{512, 64}),
                         [](const auto& shape) {
                             return std::to_string(shape.param.first) + "x" + std::to_string(shape.param.second);
                         });

/// The jackknife of a few simplices is that of many, and leaves what the few say of the CV alone.
TEST(CvMatrix, FewSimplicesDoNotDecideHowFarRowsReach) {
    const std::size_t n = 64, d = 64;
    const Values rows = gaussian(n, d, 3);
    Measured measure;
    const Matrix few = measure(n, d, rows);
    measure.parameters.samples = cv::jackknife_simplices;
    const Matrix many = measure(n, d, rows);
    EXPECT_EQ(few.n_valid, 300u);
    EXPECT_EQ(few.row_simplices, many.row_simplices);
    const auto variance_of_simplices = [](const Matrix& matrix) {
        return std::pow((matrix.ci95.high - matrix.ci95.low) / 3.92, 2);
    };
    const double of_rows = few.row_error * few.row_error - variance_of_simplices(few);
    EXPECT_NEAR(of_rows, many.row_error * many.row_error - variance_of_simplices(many), 0.2 * of_rows);
    EXPECT_NEAR(few.cv_corrected - few.cv, many.cv_corrected - many.cv, 1e-9);
    // Given simplices of some rows: the others are no part of it.
    auto tuples = std::make_shared<cv::Tuples>();
    tuples->rows.resize(5 * 300);
    compute::SimplexSource::drawn(40, 5, 300, 1, 2).fill(0, 300, tuples->rows.data());
    for (std::uint32_t& row : tuples->rows) row += 20;
    const Matrix given = measure(n, d, rows, tuples);
    const Values part(rows.begin() + 20 * d, rows.begin() + 60 * d);
    measure.parameters.samples = 300;
    const Matrix alone = measure(40, d, part);
    EXPECT_NEAR(given.cv_corrected - given.cv, alone.cv_corrected - alone.cv, 0.003);
    EXPECT_NEAR(given.row_error, alone.row_error, 0.15 * alone.row_error);
}

TEST(SimplexSource, DrawsEveryTupleEquallyOften) {
    const std::size_t n = 7;
    const std::uint64_t count = 210'000;
    const auto source = compute::SimplexSource::drawn(n, 5, count, 11, 0);
    std::vector<std::uint32_t> rows(count * 5);
    source.fill(0, count, rows.data());
    std::map<std::vector<std::uint32_t>, int> times;
    for (std::size_t s = 0; s < count; ++s) {
        const std::vector<std::uint32_t> tuple(rows.begin() + static_cast<std::ptrdiff_t>(5 * s),
                                               rows.begin() + static_cast<std::ptrdiff_t>(5 * s + 5));
        ASSERT_TRUE(std::is_sorted(tuple.begin(), tuple.end()));
        ++times[tuple];
    }
    ASSERT_EQ(times.size(), 21u);
    double chi_squared = 0;
    for (const auto& [tuple, seen] : times) chi_squared += std::pow(seen - 10'000.0, 2) / 10'000;
    EXPECT_LT(chi_squared, 45.3); // 20 degrees of freedom, one in a thousand
    // Any part of them is the same part.
    std::vector<std::uint32_t> part(50);
    source.fill(1234, 10, part.data());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), rows.begin() + 1234 * 5));
    source.from(1234, 20).fill(5, 10, part.data());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), rows.begin() + 1239 * 5));
    std::vector<std::uint32_t> others{3, 5, 8, 13, 21, 34, 55};
    source.among(others).fill(0, 10, part.data());
    for (std::size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i], others[rows[i]]);
}

TEST(SimplexSource, EnumeratesEverySimplexOnce) {
    for (int corners = 3; corners <= 8; ++corners) {
        const auto source = compute::SimplexSource::every(10, corners);
        const auto k = static_cast<std::size_t>(corners);
        std::vector<std::uint32_t> rows(source.count() * k), alone(k);
        source.fill(0, source.count(), rows.data());
        std::set<std::vector<std::uint32_t>> seen;
        for (std::uint64_t s = 0; s < source.count(); ++s) {
            const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(s * k);
            seen.insert({begin, begin + corners});
            source.fill(s, 1, alone.data());
            ASSERT_TRUE(std::equal(alone.begin(), alone.end(), begin)) << s;
            ASSERT_TRUE(std::is_sorted(begin, begin + corners) && alone.back() < 10);
        }
        EXPECT_EQ(seen.size(), cv::simplex_count(10, corners));
    }
}

} // namespace
} // namespace attnscope::test
