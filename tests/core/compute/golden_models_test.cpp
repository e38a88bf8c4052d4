// Logits and losses of whole models against the reference, where its results are at hand.
#include "models/forward.h"

#include "support/golden_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace attnscope::test {
namespace {

using Ids = std::vector<std::int64_t>;

/// Mean loss over disjoint blocks.
double block_loss(const models::LoadedModel& model, const Ids& ids, std::size_t length, std::size_t blocks,
                  JobContext& context) {
    double sum = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
        const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(b * length);
        const Ids block(begin, begin + static_cast<std::ptrdiff_t>(length));
        sum += models::loss_sum(model, models::hidden_states(model, {block}, {}, context)[0], block, {}, context);
    }
    return sum / static_cast<double>(blocks * (length - 1));
}

class GoldenLogits : public testing::TestWithParam<const char*> {};

TEST_P(GoldenLogits, GivesTheLogitsAndTheLossOfTheReference) {
    const auto golden = golden_model(GetParam(), "logits.json");
    if (!golden) GTEST_SKIP() << without_golden_model;
    const nlohmann::json expected = nlohmann::json::parse(std::ifstream(golden->results / "logits.json"));
    ThreadPool pool(2);
    JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    const auto model = std::make_shared<const models::LoadedModel>(open_model_files(golden->model));
    LogitsRequest request;
    request.model = model;
    request.ids = golden->first_ids(expected["tokens"]);
    const LogitsResult result = compute::logits(request, context);
    for (std::size_t i = 0; i < expected["top_ids"].size(); ++i) {
        EXPECT_EQ(result.top.at(i).id, expected["top_ids"][i].get<std::int64_t>());
        EXPECT_NEAR(result.top.at(i).logit, expected["top_logits"][i].get<double>(), 1e-3);
    }
    EXPECT_NEAR(result.log_sum_exp, expected["logsumexp"].get<double>(), 1e-3);
    if (!expected.contains("nll")) return;
    const auto& nll = expected["nll"];
    EXPECT_NEAR(block_loss(*model, golden->ids, nll["seq_len"], nll["blocks"], context), nll["value"].get<double>(),
                1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLogits, golden_models(), golden_test_name);

} // namespace
} // namespace attnscope::test
