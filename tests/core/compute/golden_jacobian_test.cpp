// The softmax Jacobian against the reference, where its results are at hand.
#include "analyses/jacobian/compute/entry_points.h"
#include "models/language_model.h"
#include "support/golden_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace attnscope::test {
namespace {

using nlohmann::json;

/// Largest difference, as a part of what is allowed: relative 1e-4, or absolute 1e-6 where the value is below 1e-2.
double compare_heads(const std::vector<jacobian::HeadMetrics>& heads, const json& expected) {
    EXPECT_EQ(heads.size(), expected.size());
    EXPECT_FALSE(heads.empty());
    double worst = 0;
    for (std::size_t i = 0; i < std::min(heads.size(), expected.size()); ++i) {
        EXPECT_EQ(heads[i].head, expected[i]["head"]);
        EXPECT_EQ(heads[i].layer, expected[i].value("layer", 0));
        for (const jacobian::Metric metric : jacobian::metrics) {
            const double value = heads[i].value(metric), wanted = expected[i][choice_name(metric)];
            // What is left over of sums that nearly cancel is as exact as the sums, in the reference too.
            const bool left_over = metric == jacobian::Metric::r_offdiag || metric == jacobian::Metric::energy_cross;
            const double size = left_over ? 1 + std::abs(wanted) : std::abs(wanted);
            const double allowed = size < 1e-2 ? 1e-6 : 1e-4 * size;
            EXPECT_NEAR(value, wanted, allowed) << "row " << i << " " << choice_name(metric);
            worst = std::max(worst, std::abs(value - wanted) / allowed);
        }
    }
    return worst;
}

/// NAME.npz with NAME.expected.json.
void compare_captures(const std::filesystem::path& name) {
    ThreadPool pool(2);
    JobContext context(pool);
    const auto captures = jacobian::open_captures(name.string() + ".npz");
    const jacobian::Result result = compute::jacobian_captures({captures}, context);
    const auto expected = json::parse(std::ifstream(name.string() + ".expected.json"));
    std::printf("%s: %.2g of what is allowed\n", name.filename().c_str(), compare_heads(result.heads, expected));
}

TEST(GoldenJacobian, AgreesOnCaptures) {
    const auto golden = golden_folder();
    if (golden.empty()) GTEST_SKIP() << without_golden;
    for (const std::string name : {"gpt2-tiny", "neox-tiny", "qwen3-tiny"})
        compare_captures(golden / "jacobian" / name);
}

TEST(GoldenJacobian, AgreesOnCapturesOfOneHeadOfGpt2) {
    compare_captures(std::filesystem::path(ATTNSCOPE_TEST_DATA) / "jacobian_gpt2_head");
}

class GoldenJacobianModel : public testing::TestWithParam<const char*> {};

TEST_P(GoldenJacobianModel, Agrees) {
    const auto golden = golden_model(GetParam(), "jacobian.json");
    if (!golden) GTEST_SKIP() << without_golden_model;
    ThreadPool pool(2);
    JobContext context(pool);
    const auto expected = json::parse(std::ifstream(golden->results / "jacobian.json"));
    jacobian::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(golden->model));
    request.length = expected["seq_len"];
    request.blocks = expected["blocks"];
    request.ids = golden->first_ids(request.length * request.blocks + 1);
    const jacobian::Result result = compute::jacobian_model(request, context, {});
    EXPECT_NEAR(result.loss, expected["loss"].get<double>(), 1e-4 * expected["loss"].get<double>());
    std::printf("%s: %.2g of what is allowed, %.2f s\n", GetParam(), compare_heads(result.heads, expected["heads"]),
                result.seconds);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenJacobianModel, golden_models_with_text(), golden_test_name);

} // namespace
} // namespace attnscope::test
