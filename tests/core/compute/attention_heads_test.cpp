// All heads of a model: statistics and scores while it runs, one layer captured, and that both agree.
#include "analyses/attention/compute/entry_points.h"
#include "analyses/attention/compute/statistics.h"
#include "core/compute/support.h"
#include "kernels/student_t.h"
#include "models/forward.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"
#include "support/waiting.h"

#include <ATen/ops/zeros.h>

#include <chrono>
#include <functional>
#include <thread>

namespace attnscope::test {
namespace {

using namespace attention;
using compute::HeadStatistics;

/// A layer of one head whose row t has all its weight on key target(t); at −1 it is spread over all keys.
models::AttentionPoint point_at(const std::function<std::int64_t(std::int64_t)>& target, std::int64_t tokens) {
    models::AttentionPoint point;
    point.causal = true;
    point.queries = at::zeros({1, 1, tokens, tokens});
    point.keys = at::zeros({1, 1, tokens, tokens});
    point.values = at::zeros({1, 1, tokens, 2});
    for (std::int64_t t = 0; t < tokens; ++t) {
        point.keys[0][0][t][t] = 1;
        if (target(t) >= 0) point.queries[0][0][t][target(t)] = 1000;
    }
    return point;
}

HeadStatistics::Means scores_of(const Ids& text, const std::function<std::int64_t(std::int64_t)>& target) {
    ThreadPool pool(1);
    JobContext context(pool);
    HeadStatistics observer({.layers = 1, .heads = 1, .scores = true}, text);
    models::attend(point_at(target, std::ssize(text)), &observer, context);
    return observer.means();
}

TEST(HeadScoresOfPatterns, TellTheSinkThePreviousTheDuplicateAndTheInductionHeadApart) {
    const Ids text{7, 3, 9, 4, 7, 3, 9, 4};
    const auto sink = scores_of(text, [](std::int64_t) { return 0; });
    EXPECT_NEAR(sink.sink[0], 1, 1e-6);
    EXPECT_NEAR(sink.previous[0], 1.0 / 7, 1e-6) << "token 0 is the one before token 1";
    EXPECT_NEAR(sink.duplicate[0], 0.25, 1e-6) << "and the equal one before token 4";
    EXPECT_NEAR(sink.induction[0], 0, 1e-6);
    const auto previous = scores_of(text, [](std::int64_t t) { return std::max<std::int64_t>(t - 1, 0); });
    EXPECT_NEAR(previous.previous[0], 1, 1e-6);
    EXPECT_NEAR(previous.induction[0], 0, 1e-6);
    const auto duplicate = scores_of(text, [](std::int64_t t) { return t < 4 ? t : t - 4; });
    EXPECT_NEAR(duplicate.duplicate[0], 1, 1e-6);
    EXPECT_NEAR(duplicate.induction[0], 0, 1e-6);
    const auto induction = scores_of(text, [](std::int64_t t) { return t < 4 ? t : t - 3; });
    EXPECT_NEAR(induction.induction[0], 1, 1e-6);
    EXPECT_NEAR(induction.duplicate[0], 0, 1e-6);
    EXPECT_NEAR(induction.entropy[0], 0, 1e-6);
    EXPECT_NEAR(induction.max_weight[0], 1, 1e-6);
}

TEST(HeadScoresOfPatterns, AreSharesOfAnEvenSpread) {
    const Ids text{5, 5, 1, 5};
    const auto even = scores_of(text, [](std::int64_t) { return -1; });
    double entropy = 0, weight = 0;
    for (int t = 0; t < 4; ++t) {
        entropy += std::log(t + 1.0) / 4;
        weight += 1.0 / (t + 1) / 4;
    }
    EXPECT_NEAR(even.entropy[0], entropy, 1e-6);
    EXPECT_NEAR(even.max_weight[0], weight, 1e-6);
    EXPECT_NEAR(even.sink[0], (1 / 2.0 + 1 / 3.0 + 1 / 4.0) / 3, 1e-6);
    // Token 1 has one equal before it and follows it itself; token 3 has two, followed by tokens 1 and 2.
    EXPECT_NEAR(even.duplicate[0], (1 / 2.0 + 2 / 4.0) / 2, 1e-6);
    EXPECT_NEAR(even.induction[0], (1 / 2.0 + 2 / 4.0) / 2, 1e-6);
}

TEST(HeadScoresOfPatterns, AreUndefinedWhereNothingRepeats) {
    const auto means = scores_of({1, 2, 3}, [](std::int64_t) { return 0; });
    EXPECT_TRUE(std::isnan(means.duplicate[0]) && std::isnan(means.induction[0]));
    const auto single = scores_of({1}, [](std::int64_t) { return 0; });
    EXPECT_TRUE(std::isnan(single.sink[0]) && std::isnan(single.previous[0]));
    EXPECT_EQ(single.entropy[0], 0);
}

TEST(StudentT, AgreesWithTables) {
    for (const auto& [degrees, expected] : {std::pair{1, 12.7062047},
                                            {2, 4.30265273},
                                            {3, 3.18244631},
                                            {4, 2.77644511},
                                            {9, 2.26215716},
                                            {30, 2.04227246},
                                            {1000, 1.96233908}})
        EXPECT_NEAR(compute::student_t_95(degrees), expected, 1e-6) << degrees;
    const auto interval = compute::mean_interval({1, 2, 4, std::nan("")});
    EXPECT_NEAR(interval.mean, 7 / 3.0, 1e-12);
    EXPECT_NEAR(interval.half_width, 4.30265273 * std::sqrt(7 / 3.0 / 3), 1e-7);
    EXPECT_EQ(interval.count, 3);
    EXPECT_TRUE(std::isnan(compute::mean_interval({5}).half_width));
    EXPECT_TRUE(std::isnan(compute::mean_interval({}).mean));
}

class AttentionHeads : public testing::Test {
protected:
    ModelPtr open(const TinyModel& model) {
        const auto path = folder.path() / std::to_string(opened++);
        std::filesystem::create_directory(path);
        model.write(path);
        return std::make_shared<const models::LoadedModel>(open_model_files(path));
    }
    static Ids text(std::int64_t length, std::uint64_t seed = 8) {
        Ids ids;
        for (std::int64_t t = 0; t < length; ++t)
            ids.push_back(static_cast<std::int64_t>(random_bits(seed, 1, static_cast<std::uint64_t>(t)) % 12));
        return ids;
    }
    Result heads(const ModelPtr& model, const std::function<void(Request&)>& change = {}) {
        Request request;
        request.model = model;
        request.texts = {text(20)};
        if (change) change(request);
        return compute::attention_heads(request, context);
    }

    TemporaryFolder folder;
    int opened = 0;
    ThreadPool pool{2};
    JobContext context{pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}}};
};

TEST_F(AttentionHeads, AgreeWithTheRowsOfEveryCapturedLayer) {
    for (const TinyModel& tiny : {TinyModel("GPT2LMHeadModel"), TinyModel("GPTNeoXForCausalLM"),
                                  TinyModel("LlamaForCausalLM"), TinyModel("Qwen3ForCausalLM")}) {
        const ModelPtr model = open(tiny);
        const Result result = heads(model, [](Request& request) { request.rows = true; });
        ASSERT_EQ(result.layers, model->config().layers);
        ASSERT_EQ(result.heads, model->config().heads);
        EXPECT_GT(result.peak_bytes, 0u);
        for (int layer = 0; layer < result.layers; ++layer) {
            const auto capture =
                std::make_shared<const Capture>(compute::attention_capture({model, text(20), layer}, context));
            ASSERT_EQ(capture->heads, result.heads);
            for (int head = 0; head < result.heads; ++head) {
                const Rows rows = compute::head_rows({capture, head, 1}, context);
                const auto i = static_cast<std::size_t>(layer * result.heads + head);
                EXPECT_NEAR(result.entropy.mean[i], rows.mean_entropy, 1e-5) << layer << ", " << head;
                EXPECT_NEAR(result.max_weight.mean[i], rows.mean_max_weight, 1e-5) << layer << ", " << head;
                for (std::size_t t = 0; t < 20; ++t)
                    EXPECT_NEAR(result.entropy_rows[i * 20 + t], rows.entropy[t], 1e-5);
            }
        }
    }
}

TEST_F(AttentionHeads, OfAGainInEveryLayerAgreeWithACaptureAtThatGain) {
    const ModelPtr model = open(TinyModel("LlamaForCausalLM"));
    for (const double gain : {0.5, 4.0, infinite}) {
        const Result result = heads(model, [&](Request& request) { request.gain = gain; });
        const int last = result.layers - 1;
        const auto capture =
            std::make_shared<const Capture>(compute::attention_capture({model, text(20), last, gain}, context));
        const Rows rows = compute::head_rows({capture, 1, gain}, context);
        EXPECT_NEAR(result.entropy.mean[static_cast<std::size_t>(last * result.heads + 1)], rows.mean_entropy, 1e-5);
    }
}

TEST_F(AttentionHeads, OfSomeLayersAreThoseOfAll) {
    const ModelPtr model = open(TinyModel("GPT2LMHeadModel"));
    const Result all = heads(model, [](Request& request) { request.scores = true; });
    const Result some = heads(model, [](Request& request) {
        request.scores = true;
        request.first_layer = request.last_layer = 1;
    });
    ASSERT_EQ(some.layers, 1);
    EXPECT_EQ(some.first_layer, 1);
    for (int head = 0; head < all.heads; ++head) {
        const auto i = static_cast<std::size_t>(head), j = static_cast<std::size_t>(all.heads + head);
        // To rounding: a layer that nobody watches attends in another order.
        EXPECT_NEAR(some.entropy.mean[i], all.entropy.mean[j], 1e-5);
        EXPECT_NEAR(some.previous.mean[i], all.previous.mean[j], 1e-5);
        EXPECT_NEAR(some.induction.mean[i], all.induction.mean[j], 1e-5);
    }
}

TEST_F(AttentionHeads, OfSeveralTextsAreMeansWithIntervals) {
    const ModelPtr model = open(TinyModel("Qwen3ForCausalLM"));
    const std::vector<Ids> texts{text(20, 1), text(9, 2), text(14, 3)};
    const Result result = heads(model, [&](Request& request) { request.texts = texts; });
    EXPECT_EQ(result.tokens, 43);
    std::vector<double> of_head;
    for (const Ids& one : texts)
        of_head.push_back(heads(model, [&](Request& request) { request.texts = {one}; }).entropy.mean[2]);
    const auto expected = compute::mean_interval(of_head);
    EXPECT_NEAR(result.entropy.mean[2], expected.mean, 1e-12);
    EXPECT_NEAR(result.entropy.half_width[2], expected.half_width, 1e-12);
}

TEST_F(AttentionHeads, IntervalsSayHowManyTextsHaveTheScore) {
    const ModelPtr model = open(TinyModel("Qwen3ForCausalLM"));
    const std::vector<Ids> texts{{1, 2, 3, 2, 4}, {1, 2, 3, 4, 5}, {7, 7, 1}, {5, 4, 3}, {9}};
    const Result result = heads(model, [&](Request& request) {
        request.texts = texts;
        request.scores = true;
    });
    EXPECT_EQ(result.texts, 5);
    EXPECT_EQ(result.entropy.texts, 5);
    EXPECT_EQ(result.sink.texts, 4); // the last text has no second row
    EXPECT_EQ(result.duplicate.texts, 2);
    EXPECT_EQ(result.induction.texts, 2);
    EXPECT_EQ(heads(model, [](Request&) {}).entropy.texts, 1);
}

TEST_F(AttentionHeads, EntropyStaysBelowItsCeiling) {
    const Result result = heads(open(TinyModel("GPTNeoXForCausalLM")), [](Request& request) {
        request.rows = true;
        request.gain = 0.01;
    });
    for (std::size_t i = 0; i < result.entropy_rows.size(); ++i) {
        EXPECT_LE(result.entropy_rows[i], std::log(static_cast<double>(i % 20) + 1) + 1e-5);
        EXPECT_GE(result.max_weight_rows[i], 1 / (static_cast<double>(i % 20) + 1) - 1e-5);
    }
}

TEST_F(AttentionHeads, InductionOnRandomTokensReplacesThatOfTheText) {
    const ModelPtr model = open(TinyModel("LlamaForCausalLM"));
    const Result on_text = heads(model, [](Request& request) { request.scores = true; });
    const Result on_random =
        heads(model, [](Request& request) { request.scores = request.induction_on_random = true; });
    EXPECT_EQ(on_text.sink.mean, on_random.sink.mean);
    EXPECT_TRUE(on_random.induction_on_random);
    EXPECT_NE(on_text.induction.mean, on_random.induction.mean);
    const Ids tokens = repeated_random_tokens(*model, 10, 4);
    ASSERT_EQ(tokens.size(), 20u);
    EXPECT_TRUE(std::equal(tokens.begin(), tokens.begin() + 10, tokens.begin() + 10));
    EXPECT_EQ(tokens, repeated_random_tokens(*model, 10, 4));
    EXPECT_NE(tokens, repeated_random_tokens(*model, 10, 5));
}

TEST_F(AttentionHeads, CancelSoonAndSayHowFarTheyAre) {
    const ModelPtr model = open(TinyModel("GPT2LMHeadModel"));
    std::stop_source stop;
    std::vector<double> fractions;
    JobContext watched(pool, {.device = {Device::Kind::cpu, 0},
                              .stop = stop.get_token(),
                              .on_progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); },
                              .on_snapshot = {}});
    Request request;
    request.model = model;
    request.texts = {text(20)};
    compute::attention_heads(request, watched);
    EXPECT_FALSE(fractions.empty());
    for (const double fraction : fractions) EXPECT_LE(fraction, 1);
    stop.request_stop();
    EXPECT_THROW(compute::attention_heads(request, watched), Cancelled);
    EXPECT_THROW(compute::attention_capture({model, text(20), 1}, watched), Cancelled);
}

TEST_F(AttentionHeads, SayWhatIsWrongWithARequest) {
    const ModelPtr model = open(TinyModel("GPT2LMHeadModel"));
    const auto kind_of = [&](const std::function<void(Request&)>& change) {
        return error_of([&] { heads(model, change); }).value_or(Error(ErrorKind::internal, "", "", "")).kind;
    };
    EXPECT_EQ(kind_of([](Request& request) { request.texts.clear(); }), ErrorKind::input);
    EXPECT_EQ(kind_of([](Request& request) { request.texts = {{}}; }), ErrorKind::input);
    EXPECT_EQ(kind_of([](Request& request) { request.texts = {{1, 1 << 20}}; }), ErrorKind::input);
    EXPECT_EQ(kind_of([](Request& request) { request.texts = {Ids(100000, 1)}; }), ErrorKind::input);
    EXPECT_EQ(kind_of([](Request& request) { request.gain = 0; }), ErrorKind::usage);
    EXPECT_EQ(kind_of([](Request& request) { request.last_layer = 99; }), ErrorKind::usage);
    EXPECT_EQ(kind_of([](Request& request) { request.first_layer = 1, request.last_layer = 0; }), ErrorKind::usage);
    EXPECT_EQ(kind_of([](Request& request) { request.rows = true, request.texts.push_back({1}); }), ErrorKind::usage);
    EXPECT_EQ(error_of([&] { compute::attention_capture({model, text(5), 99}, context); })->kind, ErrorKind::usage);
    EXPECT_EQ(error_of([&] { compute::attention_heads({}, context); })->kind, ErrorKind::usage);
}

} // namespace
} // namespace attnscope::test
