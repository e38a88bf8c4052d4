// Logits and losses of whole models against the reference, where its results are at hand.
#include "models/forward.h"

#include "support/golden.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace attnscope::test {
namespace {

using Ids = std::vector<std::int64_t>;

Ids read_ids(const std::filesystem::path& path) {
    std::ifstream file(path);
    Ids ids;
    for (std::int64_t id = 0; file >> id;)
        ids.push_back(id);
    return ids;
}

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

class GoldenModel : public testing::TestWithParam<const char*> {};

TEST_P(GoldenModel, GivesTheLogitsAndTheLossOfTheReference) {
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
    const nlohmann::json expected = nlohmann::json::parse(std::ifstream(folder / "logits.json"));
    const Ids ids = read_ids(folder / "ids.txt");
    ThreadPool pool(2);
    JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    const auto model = std::make_shared<const models::LoadedModel>(open_model_files(path));
    LogitsRequest request;
    request.model = model;
    request.ids.assign(ids.begin(), ids.begin() + expected["tokens"].get<std::ptrdiff_t>());
    const LogitsResult result = compute::logits(request, context);
    for (std::size_t i = 0; i < expected["top_ids"].size(); ++i) {
        EXPECT_EQ(result.top.at(i).id, expected["top_ids"][i].get<std::int64_t>());
        EXPECT_NEAR(result.top.at(i).logit, expected["top_logits"][i].get<double>(), 1e-3);
    }
    EXPECT_NEAR(result.log_sum_exp, expected["logsumexp"].get<double>(), 1e-3);
    if (!expected.contains("nll"))
        return;
    const auto& nll = expected["nll"];
    EXPECT_NEAR(block_loss(*model, ids, nll["seq_len"], nll["blocks"], context), nll["value"].get<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenModel,
                         testing::Values("gpt2-tiny", "neox-tiny", "qwen3-tiny", "kquant-llama", "smollm2-135m-q4_1"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
} // namespace attnscope::test
