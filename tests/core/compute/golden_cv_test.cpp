// CV bands against the reference, where its results are at hand.
#include "analyses/cv/compute/entry_points.h"
#include "models/language_model.h"
#include "support/golden_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

namespace attnscope::test {
namespace {

TEST(GoldenCv, AgreesOnGivenTuples) {
    const auto golden = golden_folder();
    if (golden.empty()) GTEST_SKIP() << without_golden;
    ThreadPool pool(2);
    JobContext context(pool);
    double worst = 0;
    const auto cases = nlohmann::json::parse(std::ifstream(golden / "cv" / "expected.json"));
    ASSERT_FALSE(cases.empty());
    for (const auto& [name, expected] : cases.items()) {
        const cv::Request request{open_bank(golden / "cv" / (name + ".npy")),
                                  name,
                                  {},
                                  cv::open_tuples(golden / "cv" / (name + ".tuples.npy"))};
        const cv::Matrix matrix = compute::cv_matrix(request, context);
        EXPECT_EQ(matrix.n_valid, expected["n_valid"]) << name;
        EXPECT_EQ(matrix.n_degenerate, expected["n_degenerate"]) << name;
        const auto close = [&, &name = name, &expected = expected](double value, const char* field) {
            const double wanted = expected[field];
            EXPECT_NEAR(value, wanted, 1e-9 * wanted) << name << " " << field;
            worst = std::max(worst, std::abs(value / wanted - 1));
        };
        close(matrix.cv, "cv");
        close(matrix.mean_volume, "mean_volume");
        close(matrix.null_cv, "null_cv");
    }
    std::printf("largest relative difference %.2g\n", worst);
}

class GoldenCvWeights : public testing::TestWithParam<const char*> {};

TEST_P(GoldenCvWeights, AgreesWithinTheSamplingError) {
    const auto golden = golden_model(GetParam(), "cv_weights.json");
    if (!golden) GTEST_SKIP() << without_golden_model;
    ThreadPool pool(2);
    JobContext context(pool);
    cv::ModelRequest request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(golden->model));
    request.parameters.samples = 20'000;
    const cv::ModelResult result = compute::cv_model(request, context);
    double worst = 0;
    const auto cases = nlohmann::json::parse(std::ifstream(golden->results / "cv_weights.json"));
    ASSERT_FALSE(cases.empty());
    for (const auto& expected : cases) {
        const auto kind = expected["which"] == "Q" ? cv::Kind::query : cv::Kind::key;
        const std::string name = cv::matrix_name(kind, expected["layer"], expected["head"]);
        const auto matrix = std::find_if(result.matrices.begin(), result.matrices.end(),
                                         [&](const cv::Matrix& candidate) { return candidate.name == name; });
        ASSERT_NE(matrix, result.matrices.end()) << name;
        EXPECT_EQ(matrix->rows, expected["rows"]);
        const double error = (matrix->ci95.high - matrix->ci95.low) / 3.92 * std::sqrt(2); // of a difference
        const double off = std::abs(matrix->cv - expected["cv"].get<double>()) / error;
        EXPECT_LT(off, 4) << name << ": " << matrix->cv << " for " << expected["cv"];
        EXPECT_NEAR(matrix->mean_volume, expected["mean_volume"].get<double>(), 0.03 * matrix->mean_volume) << name;
        worst = std::max(worst, off);
    }
    std::printf("%s: at most %.1f standard errors, %zu matrices in %.2f s\n", GetParam(), worst, result.matrices.size(),
                result.seconds);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenCvWeights, golden_models_with_text(), golden_test_name);

} // namespace
} // namespace attnscope::test
