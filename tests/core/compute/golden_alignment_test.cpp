// Layer alignment against the reference, where its results are at hand: from files of grams and from weights.
#include "analyses/alignment/compute/entry_points.h"
#include "models/language_model.h"
#include "support/golden_models.h"

#include <attnscope/alignment_recipe.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <fstream>

namespace attnscope::test {
namespace {

using Json = nlohmann::json;

/// Relative 1e-4, absolute 1e-6 below 1e-2; returns the largest difference.
class Agreement {
public:
    void compare(const Json& expected, const Json& got, const std::string& path) {
        if (expected.is_object()) {
            for (const auto& [key, value] : expected.items()) {
                ASSERT_TRUE(got.contains(key)) << path << "." << key;
                compare(value, got[key], path + "." + key);
            }
        } else if (expected.is_array()) {
            ASSERT_EQ(expected.size(), got.size()) << path;
            for (std::size_t i = 0; i < expected.size(); ++i)
                compare(expected[i], got[i], path + "[" + std::to_string(i) + "]");
        } else if (expected.is_number_float()) {
            ASSERT_TRUE(got.is_number()) << path;
            const double wanted = expected, value = got, off = std::abs(wanted - value);
            EXPECT_TRUE(off <= 1e-4 * std::abs(wanted) || (std::abs(wanted) < 1e-2 && off <= 1e-6))
                << path << ": " << value << " for " << wanted;
            worst = std::max(worst, off);
        } else {
            EXPECT_EQ(expected, got) << path;
        }
    }
    double worst = 0;
};

Json result_of(AlignmentJob job, const alignment::Operators& operators, JobContext& context) {
    AlignmentResult result;
    result.operators = std::make_shared<const alignment::Operators>(operators);
    result.comparison = compute::alignment_angles(operators, context);
    // What the public compare() adds.
    const std::size_t layers = static_cast<std::size_t>(operators.layers);
    for (int head = 0; head < operators.heads; ++head)
        for (std::size_t a = 0; a < layers; ++a)
            for (std::size_t b = 0; b < layers; ++b) {
                const auto at = [&](std::size_t i, std::size_t j) {
                    return operators.at(static_cast<int>(i), static_cast<int>(j), head);
                };
                result.comparison.cos.push_back(at(a, b) / std::sqrt(at(a, a) * at(b, b)));
            }
    result.profile = alignment::profile(operators, result.comparison, job.anchor);
    return Json::parse(alignment_result_json(job, result));
}

TEST(GoldenAlignment, AgreesOnFilesOfGrams) {
    const auto golden = golden_folder();
    if (golden.empty()) GTEST_SKIP() << without_golden;
    ThreadPool pool(2);
    JobContext context(pool);
    for (const char* const name : {"gpt2-tiny", "neox-tiny", "qwen3-tiny"}) {
        std::vector<Warning> warnings;
        const GramFiles files = open_grams(golden / "alignment" / (std::string(name) + "-grams.json"), {}, warnings);
        EXPECT_TRUE(warnings.empty()) << name;
        Agreement agreement;
        agreement.compare(Json::parse(std::ifstream(golden / "alignment" / (std::string(name) + ".expected.json"))),
                          result_of({}, files.operators, context), name);
        std::printf("%s: largest difference %.2g\n", name, agreement.worst);
    }
}

class GoldenAlignmentWeights : public testing::TestWithParam<const char*> {};

TEST_P(GoldenAlignmentWeights, Agrees) {
    const auto golden = golden_model(GetParam(), "alignment.json");
    if (!golden) GTEST_SKIP() << without_golden_model;
    ThreadPool pool(2);
    JobContext context(pool);
    alignment::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(golden->model));
    const auto start = std::chrono::steady_clock::now();
    const alignment::Operators operators = compute::alignment_operators(request, context);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Agreement agreement;
    AlignmentJob job;
    agreement.compare(Json::parse(std::ifstream(golden->results / "alignment.json")),
                      result_of(job, operators, context), "last");
    job.anchor = 1;
    agreement.compare(Json::parse(std::ifstream(golden->results / "alignment_anchor1.json")),
                      result_of(job, operators, context), "1");
    std::printf("%s: largest difference %.2g, operators in %.2f s\n", GetParam(), agreement.worst, seconds);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenAlignmentWeights, golden_models(), golden_test_name);

} // namespace
} // namespace attnscope::test
