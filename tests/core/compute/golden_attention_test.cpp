// Entropies and largest weights of all heads against the reference, where its results are at hand.
#include "analyses/attention/compute/entry_points.h"
#include "models/forward.h"
#include "support/golden_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace attnscope::test {
namespace {

class GoldenAttention : public testing::TestWithParam<const char*> {};

TEST_P(GoldenAttention, HasTheEntropiesAndLargestWeightsOfTheReference) {
    const auto golden = golden_model(GetParam(), "attention.json");
    if (!golden) GTEST_SKIP() << without_golden_model;
    const auto cases = nlohmann::json::parse(std::ifstream(golden->results / "attention.json"));
    ThreadPool pool(2);
    JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    attention::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(golden->model));
    double worst = 0;
    ASSERT_FALSE(cases.empty());
    for (const auto& expected : cases) {
        request.texts = {golden->first_ids(expected["tokens"])};
        request.gain = expected["beta"];
        const auto result = compute::attention_heads(request, context);
        ASSERT_EQ(result.layers, std::ssize(expected["entropy"]));
        // Scores that are scaled up in every one of many layers blow rounding up: at gain 4 this reference, float32
        // itself, lies 1.2e-4 from the same pass in float64.
        const double allowed = request.gain > 1 && result.layers > 10 ? 2.5e-4 : 1e-4;
        for (int layer = 0; layer < result.layers; ++layer)
            for (int head = 0; head < result.heads; ++head) {
                const auto i = static_cast<std::size_t>(layer * result.heads + head);
                const double entropy = expected["entropy"][layer][head], largest = expected["max_weight"][layer][head];
                EXPECT_NEAR(result.entropy.mean[i], entropy, allowed) << request.gain << ": " << layer << ", " << head;
                EXPECT_NEAR(result.max_weight.mean[i], largest, allowed)
                    << request.gain << ": " << layer << ", " << head;
                worst = std::max(
                    {worst, std::abs(result.entropy.mean[i] - entropy), std::abs(result.max_weight.mean[i] - largest)});
            }
    }
    std::printf("%s: largest difference %.2g\n", GetParam(), worst);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenAttention, golden_models(), golden_test_name);

} // namespace
} // namespace attnscope::test
