// One head from its queries and keys: rows, maps, gain curves, and the head as a memory bank.
#include "analyses/attention/compute/entry_points.h"
#include "core/compute/support.h"
#include "support/attention_sample.h"
#include "support/error_of.h"

#include <algorithm>
#include <numeric>

namespace attnscope::test {
namespace {

using namespace attention;

class AttentionHead : public ::testing::Test {
protected:
    ThreadPool pool{2};
    JobContext context{pool};

    Rows rows(const CapturePtr& capture, int head, double gain) {
        return compute::head_rows({capture, head, gain}, context);
    }
    Row row(const CapturePtr& capture, int head, std::int64_t token, double gain) {
        return compute::head_row({capture, head, token, gain}, context);
    }
    Map map(const CapturePtr& capture, const std::function<void(MapRequest&)>& change = {}) {
        MapRequest request;
        request.capture = capture;
        request.head = 1;
        if (change) change(request);
        return compute::head_map(request, context);
    }
};

const std::vector<CaptureShape> shapes{{},
                                       {.tokens = 1},
                                       {.tokens = 70, .heads = 3, .key_value_heads = 1, .head_dim = 24},
                                       {.tokens = 50, .window = 9},
                                       {.tokens = 33, .causal = false},
                                       {.tokens = 64, .head_dim = 64, .spread = 6, .offset = 20}};

TEST_F(AttentionHead, RowsAgreeWithPlainLoops) {
    for (const CaptureShape& shape : shapes) {
        const auto capture = random_capture(shape);
        for (const double gain : {0.125, 1.0, 64.0, infinite}) {
            const int head = shape.heads - 1;
            const Rows all = rows(capture, head, gain);
            double mean = 0;
            for (std::int64_t t = 0; t < shape.tokens; ++t) {
                const auto i = static_cast<std::size_t>(t);
                const auto weights = plain_row(*capture, head, t, gain);
                const double largest = *std::max_element(weights.begin(), weights.end());
                const std::string what = "row " + std::to_string(t) + " at gain " + std::to_string(gain);
                expect_agreement(all.entropy[i], entropy_of(weights), what);
                expect_agreement(all.max_weight[i], largest, what);
                EXPECT_EQ(all.max_key[i], std::max_element(weights.begin(), weights.end()) - weights.begin()) << what;
                EXPECT_LE(all.entropy[i], all.entropy_max[i] + 1e-5f) << what;
                EXPECT_FLOAT_EQ(all.entropy_max[i],
                                std::log(static_cast<float>(capture->end_key(t) - capture->first_key(t))));
                mean += entropy_of(weights) / static_cast<double>(shape.tokens);

                const Row one = row(capture, head, t, gain);
                EXPECT_EQ(one.first_key, capture->first_key(t));
                ASSERT_EQ(std::ssize(one.weights), capture->end_key(t) - capture->first_key(t));
                EXPECT_NEAR(std::accumulate(one.weights.begin(), one.weights.end(), 0.0), 1, 1e-5);
                for (std::size_t j = 0; j < one.weights.size(); ++j)
                    ASSERT_NEAR(one.weights[j], weights[static_cast<std::size_t>(one.first_key) + j], 1e-5) << what;
            }
            expect_agreement(all.mean_entropy, mean, "mean entropy");
        }
    }
}

TEST_F(AttentionHead, EntropyFallsAsTheGainRises) {
    const auto capture = random_capture({.tokens = 60, .head_dim = 32, .spread = 2});
    std::vector<float> before;
    for (const double gain : gain_axis(20)) {
        const auto entropy = rows(capture, 2, gain).entropy;
        for (std::size_t t = 0; t < before.size(); ++t)
            EXPECT_LE(entropy[t], before[t] + 1e-5f) << "row " << t << " at gain " << gain;
        before = entropy;
    }
}

TEST_F(AttentionHead, TopOneSharesTheWeightBetweenEqualKeys) {
    Capture capture = *random_capture({.tokens = 10, .heads = 1, .key_value_heads = 1, .head_dim = 8});
    // Key 2 once more as key 6, and queries that like it best.
    std::copy_n(capture.keys.begin() + 2 * 8, 8, capture.keys.begin() + 6 * 8);
    for (std::size_t t = 0; t < 10; ++t)
        for (std::size_t k = 0; k < 8; ++k) capture.queries[t * 8 + k] = 100 * capture.keys[2 * 8 + k];
    for (std::size_t i = 0; i < 80; ++i)
        if (i / 8 != 2 && i / 8 != 6) capture.keys[i] *= 0.1f;
    const auto shared = std::make_shared<const Capture>(std::move(capture));
    const Row last = row(shared, 0, 9, infinite);
    EXPECT_EQ(last.weights, (std::vector<float>{0, 0, 0.5f, 0, 0, 0, 0.5f, 0, 0, 0}));
    EXPECT_NEAR(last.entropy, std::log(2.0), 1e-6);
    EXPECT_EQ(rows(shared, 0, infinite).max_key[9], 2);
}

TEST_F(AttentionHead, MapHoldsEveryRowAndLeavesMaskedCellsBlank) {
    for (const CaptureShape& shape : shapes) {
        if (shape.heads < 2) continue;
        const auto capture = random_capture(shape);
        const Map whole = map(capture);
        ASSERT_EQ(whole.rows, shape.tokens);
        ASSERT_EQ(whole.columns, shape.tokens);
        EXPECT_FALSE(whole.reduced);
        for (std::int64_t t = 0; t < shape.tokens; ++t) {
            const auto weights = plain_row(*capture, 1, t, 1);
            for (std::int64_t j = 0; j < shape.tokens; ++j) {
                const float cell = whole.weights[static_cast<std::size_t>(t * shape.tokens + j)];
                const bool seen = j >= capture->first_key(t) && j < capture->end_key(t);
                ASSERT_EQ(std::isfinite(cell), seen) << t << ", " << j;
                if (seen) {
                    ASSERT_NEAR(cell, weights[static_cast<std::size_t>(j)], 1e-5) << t << ", " << j;
                }
            }
        }
    }
}

TEST_F(AttentionHead, PartOfAMapIsPartOfTheWholeMap) {
    const auto capture = random_capture({.tokens = 70, .head_dim = 24});
    const Map whole = map(capture);
    const Map part = map(capture, [](MapRequest& request) {
        request.row_begin = 31;
        request.row_end = 58;
        request.column_begin = 13;
        request.column_end = 40;
    });
    ASSERT_EQ(part.rows, 27);
    ASSERT_EQ(part.columns, 27);
    for (int r = 0; r < part.rows; ++r)
        for (int c = 0; c < part.columns; ++c) {
            const float expected = whole.weights[static_cast<std::size_t>((31 + r) * 70 + 13 + c)];
            const float got = part.weights[static_cast<std::size_t>(r * 27 + c)];
            ASSERT_EQ(std::isfinite(got), std::isfinite(expected));
            if (std::isfinite(got)) {
                ASSERT_EQ(got, expected) << r << ", " << c;
            }
        }
}

TEST_F(AttentionHead, CellsOfAReducedMapAreTheLargestOfWhatTheyCover) {
    const auto capture = random_capture({.tokens = 101, .head_dim = 24});
    const Map whole = map(capture);
    for (const auto& [most_rows, most_columns] : {std::pair{10, 7}, {1, 1}, {101, 3}, {50, 101}}) {
        const Map small = map(capture, [rows = most_rows, columns = most_columns](MapRequest& request) {
            request.max_rows = rows;
            request.max_columns = columns;
        });
        ASSERT_EQ(small.rows, most_rows);
        ASSERT_EQ(small.columns, most_columns);
        EXPECT_TRUE(small.reduced);
        for (int r = 0; r < most_rows; ++r)
            for (int c = 0; c < most_columns; ++c) {
                float largest = -1;
                for (int t = 101 * r / most_rows; t < 101 * (r + 1) / most_rows; ++t)
                    for (int j = 101 * c / most_columns; j < 101 * (c + 1) / most_columns; ++j) {
                        const float weight = whole.weights[static_cast<std::size_t>(t * 101 + j)];
                        largest = weight > largest ? weight : largest;
                    }
                const float cell = small.weights[static_cast<std::size_t>(r * most_columns + c)];
                ASSERT_EQ(std::isfinite(cell), largest >= 0) << r << ", " << c;
                if (largest >= 0) {
                    ASSERT_EQ(cell, largest) << r << ", " << c;
                }
            }
    }
}

TEST_F(AttentionHead, TheSinkIsLeftOutAndTheRestRenormalizedOnRequest) {
    const auto capture = random_capture({.tokens = 20});
    const Map plain = map(capture, [](MapRequest& request) { request.without_sink = true; });
    const Map scaled = map(capture, [](MapRequest& request) { request.without_sink = request.renormalize = true; });
    for (std::int64_t t = 0; t < 20; ++t) {
        const auto all = plain_row(*capture, 1, t, 1), rest = plain_row(*capture, 1, t, 1, 1);
        double sum = 0;
        for (std::int64_t j = 0; j < 20; ++j) {
            const auto i = static_cast<std::size_t>(t * 20 + j);
            ASSERT_EQ(std::isfinite(plain.weights[i]), j > 0 && j <= t);
            ASSERT_EQ(std::isfinite(scaled.weights[i]), j > 0 && j <= t);
            if (j == 0 || j > t) continue;
            EXPECT_NEAR(plain.weights[i], all[static_cast<std::size_t>(j)], 1e-6);
            EXPECT_NEAR(scaled.weights[i], rest[static_cast<std::size_t>(j)], 1e-6);
            sum += scaled.weights[i];
        }
        if (t > 0) {
            EXPECT_NEAR(sum, 1, 1e-5);
        }
    }
}

TEST_F(AttentionHead, GainCurvesAreTheMeansOfRows) {
    const auto capture = random_capture({.tokens = 40, .head_dim = 32, .spread = 3});
    GainRequest request;
    request.capture = capture;
    request.gains = gain_axis();
    request.token = 17;
    const GainCurves curves = compute::gain_curves(request, context);
    EXPECT_EQ(curves.rows_used, 40);
    ASSERT_EQ(curves.entropy.size(), 4u);
    ASSERT_EQ(curves.row_entropy.size(), 4u);
    for (int head = 0; head < 4; ++head)
        for (const std::size_t g : {0u, 20u, 33u, 59u}) {
            const Rows all = rows(capture, head, request.gains[g]);
            const auto h = static_cast<std::size_t>(head);
            expect_agreement(curves.entropy[h][g], all.mean_entropy, "mean");
            expect_agreement(curves.row_entropy[h][g], all.entropy[17], "row 17");
            EXPECT_LE(curves.entropy[h][g], curves.entropy_max + 1e-6);
        }
}

TEST_F(AttentionHead, GainCurvesOfALongTextAreSampledEvenly) {
    const auto capture = random_capture({.tokens = 3000, .heads = 2, .head_dim = 8});
    GainRequest request;
    request.capture = capture;
    request.gains = gain_axis(200);
    const GainCurves curves = compute::gain_curves(request, context);
    EXPECT_LT(curves.rows_used, 3000);
    EXPECT_GE(curves.rows_used, 64);
    const auto middle =
        static_cast<std::size_t>(std::find(request.gains.begin(), request.gains.end(), 1.0) - request.gains.begin());
    EXPECT_NEAR(curves.entropy[1][middle], rows(capture, 1, 1).mean_entropy, 0.02);
}

TEST_F(AttentionHead, ResultsDoNotDependOnTheNumberOfThreads) {
    const auto capture = random_capture({.tokens = 150, .head_dim = 40});
    ThreadPool single(1);
    JobContext alone(single);
    const Rows two = rows(capture, 3, 2), one = compute::head_rows({capture, 3, 2}, alone);
    EXPECT_EQ(two.entropy, one.entropy);
    EXPECT_EQ(two.mean_entropy, one.mean_entropy);
    GainRequest request{capture, gain_axis(), 5};
    EXPECT_EQ(compute::gain_curves(request, context).entropy, compute::gain_curves(request, alone).entropy);
}

TEST_F(AttentionHead, AsABankRetrievesItsOwnRow) {
    const auto capture = random_capture({.tokens = 30, .window = 11});
    std::vector<std::string> texts;
    for (int t = 0; t < 30; ++t) texts.push_back(t == 25 ? "\n" : "token " + std::to_string(t));
    const HeadBank head = head_bank(*capture, 2, 29, 3, texts);
    ASSERT_EQ(head.bank->n, 11u);
    EXPECT_EQ(head.bank->texts.text(0), "token 19");
    EXPECT_EQ(head.bank->texts.text(6), "↵");
    EXPECT_DOUBLE_EQ(head.beta, 3 * capture->scale);

    retrieval::TraceRequest request;
    request.bank = head.bank;
    request.queries = {head.query};
    request.betas = {head.beta};
    request.modes = {retrieval::Mode::raw};
    request.steps = 1;
    request.keep_curves = true;
    const auto spectrum = compute::spectrum({head.bank}, context);
    const auto trace = compute::traces(request, spectrum, context).traces.front();
    const Row attention = row(capture, 2, 29, 3);
    expect_agreement(trace.steps.at(1).entropy, attention.entropy, "entropy of the step");
    expect_agreement(trace.steps.at(1).max_weight,
                     *std::max_element(attention.weights.begin(), attention.weights.end()), "largest weight");
}

TEST_F(AttentionHead, SaysWhatIsWrongWithARequest) {
    const auto capture = random_capture({});
    const auto kind_of = [&](const auto& call) {
        return error_of(call).value_or(Error(ErrorKind::internal, "", "", "")).kind;
    };
    EXPECT_EQ(kind_of([&] { rows(nullptr, 0, 1); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { rows(capture, 4, 1); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { rows(capture, -1, 1); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { rows(capture, 0, 0); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { rows(capture, 0, std::nan("")); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { row(capture, 0, 24, 1); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { row(capture, 0, -1, 1); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { map(capture, [](MapRequest& request) { request.row_end = 25; }); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { map(capture, [](MapRequest& request) { request.max_rows = 0; }); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { compute::gain_curves({capture, {}, -1}, context); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { compute::gain_curves({capture, {1, 1}, -1}, context); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { head_bank(*capture, 9, 0, 1, {}); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { head_bank(*capture, 0, 0, infinite, {}); }), ErrorKind::usage);
}

TEST(GainAxis, RunsFromAnEighthToSixtyFourThroughOne) {
    const auto gains = gain_axis();
    ASSERT_EQ(gains.size(), 60u);
    EXPECT_EQ(gains.front(), 0.125);
    EXPECT_EQ(gains.back(), 64);
    EXPECT_EQ(std::count(gains.begin(), gains.end(), 1.0), 1);
    for (std::size_t i = 2; i < gains.size(); ++i)
        EXPECT_NEAR(std::log(gains[i] / gains[i - 1]), std::log(gains[1] / gains[0]), 0.02);
}

} // namespace
} // namespace attnscope::test
