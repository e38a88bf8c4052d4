// Entropies and largest weights of all heads against the reference, where its results are at hand.
#include "analyses/attention.h"
#include "models/forward.h"
#include "support/golden.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace attnscope::test {
namespace {

class GoldenAttention : public testing::TestWithParam<const char*> {};

TEST_P(GoldenAttention, HasTheEntropiesAndLargestWeightsOfTheReference) {
    const auto golden = golden_folder();
    if (golden.empty())
        return;
    const std::string name = GetParam();
    std::filesystem::path path = golden.parent_path() / "models" / name;
    if (name == "kquant-llama")
        path += ".gguf";
    if (name == "smollm2-135m-q4_1")
        path = find_samples().model;
    if (path.empty() || !std::filesystem::exists(path)) {
        std::printf("%s is not here: nothing compared\n", name.c_str());
        return;
    }
    const auto folder = golden / "models" / name;
    const auto cases = nlohmann::json::parse(std::ifstream(folder / "attention.json"));
    ThreadPool pool(2);
    JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    attention::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(path));
    double worst = 0;
    for (const auto& expected : cases) {
        std::ifstream file(folder / "ids.txt");
        attention::Ids ids;
        for (std::int64_t id = 0; std::ssize(ids) < expected["tokens"].get<std::int64_t>() && file >> id;)
            ids.push_back(id);
        request.texts = {ids};
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
    std::printf("%s: largest difference %.2g\n", name.c_str(), worst);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenAttention,
                         testing::Values("gpt2-tiny", "neox-tiny", "qwen3-tiny", "kquant-llama", "smollm2-135m-q4_1"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
} // namespace attnscope::test
