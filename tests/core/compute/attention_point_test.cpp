// The attention point against plain loops in float64: tiles, masks, grouped heads, gains and observers.
#include "core/compute/support.h"
#include "models/attention_point.h"

#include "kernels/attention_rows.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace attnscope::test {
namespace {

using models::AttentionObserver;
using models::AttentionPoint;
using models::AttentionTile;

at::Tensor random_tensor(std::vector<std::int64_t> shape, std::uint64_t stream, double spread = 1) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    float* const values = tensor.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        values[i] = static_cast<float>(spread * random_normal(3, stream, static_cast<std::uint64_t>(i)));
    return tensor;
}

struct Shape {
    std::int64_t texts = 1, heads = 2, key_value_heads = 2, rows = 5, head_dim = 4;
    bool causal = true;
    std::int64_t window = 0;
};

AttentionPoint random_point(const Shape& shape) {
    return {.layer = 0,
            .queries = random_tensor({shape.texts, shape.heads, shape.rows, shape.head_dim}, 0),
            .keys = random_tensor({shape.texts, shape.key_value_heads, shape.rows, shape.head_dim}, 1),
            .values = random_tensor({shape.texts, shape.key_value_heads, shape.rows, shape.head_dim}, 2),
            .scale = 1 / std::sqrt(static_cast<double>(shape.head_dim)),
            .causal = shape.causal,
            .window = shape.window};
}

struct Expected {
    at::Tensor probabilities, entropy, max_weight, context;
};

Expected plain_loops(const AttentionPoint& point, double factor) {
    const std::int64_t texts = point.texts(), heads = point.heads(), rows = point.rows(), dim = point.queries.size(3);
    const std::int64_t group = heads / point.key_value_heads();
    Expected out{at::zeros({texts, heads, rows, point.keys.size(2)}), at::zeros({texts, heads, rows}),
                 at::zeros({texts, heads, rows}), at::zeros({texts, heads, rows, dim})};
    const auto queries = point.queries.accessor<float, 4>(), keys = point.keys.accessor<float, 4>(),
               values = point.values.accessor<float, 4>();
    auto probabilities = out.probabilities.accessor<float, 4>(), contexts = out.context.accessor<float, 4>();
    auto entropies = out.entropy.accessor<float, 3>(), weights = out.max_weight.accessor<float, 3>();
    for (std::int64_t b = 0; b < texts; ++b) {
        for (std::int64_t h = 0; h < heads; ++h) {
            for (std::int64_t t = 0; t < rows; ++t) {
                std::vector<float> scores;
                for (std::int64_t s = point.first_key(t); s < point.end_key(t); ++s) {
                    double score = 0;
                    for (std::int64_t k = 0; k < dim; ++k) score += queries[b][h][t][k] * keys[b][h / group][s][k];
                    scores.push_back(static_cast<float>(score));
                }
                std::vector<double> row(scores.size());
                const auto told =
                    kernels::attention_row_reference(scores.data(), scores.size(), factor * point.scale, row.data());
                entropies[b][h][t] = told.entropy;
                weights[b][h][t] = told.max_weight;
                for (std::size_t i = 0; i < row.size(); ++i) {
                    const std::int64_t s = point.first_key(t) + static_cast<std::int64_t>(i);
                    probabilities[b][h][t][s] = static_cast<float>(row[i]);
                    for (std::int64_t k = 0; k < dim; ++k)
                        contexts[b][h][t][k] += static_cast<float>(row[i] * values[b][h / group][s][k]);
                }
            }
        }
    }
    return out;
}

double apart(const at::Tensor& a, const at::Tensor& b) {
    return a.sub(b).abs().max().item<double>();
}

/// Puts the tiles together again, and counts how often each row came.
struct Collector : AttentionObserver {
    explicit Collector(const AttentionPoint& point, double factor_ = 1)
        : factor(factor_), probabilities(at::zeros({point.texts(), point.heads(), point.rows(), point.keys.size(2)})),
          entropy(at::zeros({point.texts(), point.heads(), point.rows()})), max_weight(at::zeros_like(entropy)),
          seen(at::zeros_like(entropy)) {}
    double score_factor(const AttentionPoint&) override { return factor; }
    bool wants_probabilities(const AttentionPoint&) override { return true; }
    void observe(const AttentionPoint&, const AttentionTile& tile) override {
        const std::int64_t heads = tile.probabilities.size(1), rows = tile.probabilities.size(2);
        const auto part = [&](const at::Tensor& tensor) {
            return tensor.narrow(1, tile.first_head, heads).narrow(2, tile.first_row, rows);
        };
        part(probabilities).narrow(3, tile.first_key, tile.probabilities.size(3)).copy_(tile.probabilities);
        part(entropy).copy_(tile.entropy);
        part(max_weight).copy_(tile.max_weight);
        part(seen).add_(1);
    }
    double factor;
    at::Tensor probabilities, entropy, max_weight, seen;
};

class AttentionPoints : public testing::Test {
protected:
    void check(const Shape& shape, double factor) {
        SCOPED_TRACE("T " + std::to_string(shape.rows) + ", window " + std::to_string(shape.window) + ", factor " +
                     std::to_string(factor));
        const AttentionPoint point = random_point(shape);
        const Expected expected = plain_loops(point, factor);
        Collector collector(point, factor);
        const at::Tensor context_tensor = models::attend(point, &collector, context);
        EXPECT_LT(apart(context_tensor, expected.context), 3e-5);
        EXPECT_LT(apart(collector.probabilities, expected.probabilities), 1e-5);
        EXPECT_LT(apart(collector.entropy, expected.entropy), 3e-5);
        EXPECT_LT(apart(collector.max_weight, expected.max_weight), 1e-5);
        EXPECT_EQ(collector.seen.min().item<float>(), 1);
        EXPECT_EQ(collector.seen.max().item<float>(), 1);

        struct Gain : AttentionObserver {
            double factor = 1;
            double score_factor(const AttentionPoint&) override { return factor; }
        } gain;
        gain.factor = factor;
        EXPECT_LT(apart(models::attend(point, &gain, context), expected.context), 3e-5);
    }
    ThreadPool pool{2};
    JobContext context{pool};
};

TEST_F(AttentionPoints, AgreeWithPlainLoops) {
    for (const double factor : {0.125, 1.0, 8.0, infinite}) {
        check({.texts = 1, .heads = 1, .key_value_heads = 1, .rows = 1}, factor);
        check({.texts = 2, .heads = 3, .key_value_heads = 3, .rows = 7, .causal = false}, factor);
        check({.texts = 2, .heads = 6, .key_value_heads = 2, .rows = 33, .head_dim = 5}, factor);
        check({.texts = 1, .heads = 4, .key_value_heads = 1, .rows = 130}, factor);
    }
}

TEST_F(AttentionPoints, LookBackNoFurtherThanTheirWindow) {
    for (const std::int64_t window : {1, 2, 5, 32, 33, 1000}) {
        check({.texts = 2, .heads = 4, .key_value_heads = 2, .rows = 33, .window = window}, 1);
        check({.texts = 2, .heads = 4, .key_value_heads = 2, .rows = 33, .window = window}, infinite);
    }
    check({.texts = 1, .heads = 4, .key_value_heads = 2, .rows = 300, .window = 20}, 2);
}

TEST_F(AttentionPoints, HoldATileOfLongRowsOrManyHeads) {
    const Shape shape{.texts = 1, .heads = 300, .key_value_heads = 150, .rows = 600, .head_dim = 2};
    const AttentionPoint point = random_point(shape);
    struct Measure : AttentionObserver {
        std::int64_t rows = 0, bytes = 0;
        double entropy = 0;
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe(const AttentionPoint&, const AttentionTile& tile) override {
            rows += tile.entropy.numel();
            bytes = std::max(bytes, tile.probabilities.numel() * 4);
            entropy += tile.entropy.sum().item<double>();
        }
    } measure;
    const at::Tensor tiled = models::attend(point, &measure, context);
    EXPECT_EQ(measure.rows, 300 * 600);
    EXPECT_LE(measure.bytes, 32 << 20);
    const auto planned = models::attention_tile_bytes(1, 300, 150, 600, 600, shape.head_dim);
    EXPECT_LE(static_cast<std::uint64_t>(measure.bytes), planned);
    EXPECT_LT(planned, 36u << 20);
    EXPECT_GT(measure.entropy, 0);
    EXPECT_LT(apart(tiled, models::attend(point, nullptr, context)), 1e-5);
}

TEST_F(AttentionPoints, TakeAReplacementAndShowWhatTheyAttendWith) {
    struct Uniform : AttentionObserver {
        int inputs = 0, tiles = 0;
        void observe_inputs(const AttentionPoint& point) override { inputs += point.queries.defined(); }
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe(const AttentionPoint&, const AttentionTile&) override { ++tiles; }
        at::Tensor replacement(const AttentionPoint& point) override {
            return point.values.mean(2, true).expand_as(point.queries);
        }
    } uniform;
    const AttentionPoint point = random_point({.causal = false});
    EXPECT_LT(apart(models::attend(point, &uniform, context), plain_loops(point, 0).context), 1e-5);
    EXPECT_EQ(uniform.inputs, 1);
    EXPECT_EQ(uniform.tiles, 0);
}

TEST_F(AttentionPoints, ComputeInBfloat16WhatTheyWouldInFloat32) {
    AttentionPoint point = random_point({.texts = 1, .heads = 4, .key_value_heads = 2, .rows = 40});
    const at::Tensor exact = models::attend(point, nullptr, context);
    for (at::Tensor* tensor : {&point.queries, &point.keys, &point.values}) *tensor = tensor->to(at::kBFloat16);
    Collector collector(point);
    for (AttentionObserver* const observer : std::initializer_list<AttentionObserver*>{nullptr, &collector}) {
        const at::Tensor rough = models::attend(point, observer, context);
        EXPECT_EQ(rough.scalar_type(), at::kBFloat16);
        EXPECT_LT(apart(rough.to(at::kFloat), exact), 0.05);
    }
    EXPECT_LT(apart(collector.probabilities.sum(-1), at::ones_like(collector.entropy)), 1e-5);
}

TEST_F(AttentionPoints, EndWithinATileWhenNoLongerWanted) {
    std::stop_source source;
    JobContext stopping(pool, {.stop = source.get_token()});
    struct Stopper : AttentionObserver {
        std::stop_source* source = nullptr;
        int tiles = 0;
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe(const AttentionPoint&, const AttentionTile&) override {
            ++tiles;
            source->request_stop();
        }
    } stopper;
    stopper.source = &source;
    const AttentionPoint point = random_point({.texts = 1, .heads = 8, .key_value_heads = 8, .rows = 400});
    EXPECT_THROW(models::attend(point, &stopper, stopping), Cancelled);
    EXPECT_EQ(stopper.tiles, 1);
}

} // namespace
} // namespace attnscope::test
