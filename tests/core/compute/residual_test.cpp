// Residual sweeps on models of a few thousand numbers: what each output is, by plain loops, and what a sweep may not
// change, whatever its options.
#include "analyses/residual/compute/basis.h"
#include "analyses/residual/compute/entry_points.h"
#include "analyses/residual/compute/prefix.h"
#include "analyses/residual/compute/split.h"
#include "models/forward.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace attnscope::test {
namespace {

using residual::HeadChoice;
using residual::Parameters;
using residual::Request;
using residual::Result;
using S = TinySizes;

std::vector<std::int64_t> some_ids(std::int64_t count) {
    std::vector<std::int64_t> ids;
    for (std::int64_t i = 0; i < count; ++i)
        ids.push_back(static_cast<std::int64_t>(random_bits(5, 1, static_cast<std::uint64_t>(i)) % S::vocabulary));
    return ids;
}

class ResidualSweep : public testing::Test {
protected:
    ModelPtr open(const TinyModel& tiny) {
        tiny.write(folder.path());
        return std::make_shared<const models::LoadedModel>(open_model_files(folder.path()));
    }
    Request request(const char* architecture = "LlamaForCausalLM") {
        Request out;
        out.model = open(TinyModel(architecture));
        out.ids = some_ids(200);
        out.parameters.seq_len = 12;
        out.parameters.blocks = 5;
        out.parameters.calibration_blocks = 3;
        out.parameters.ranks = {0, 1, 2, static_cast<int>(S::head_dim)};
        return out;
    }
    Result sweep(const Request& asked) { return compute::residual_sweep(asked, context); }

    const TemporaryFolder folder;
    ThreadPool pool{2};
    JobContext context{pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}}};
};

TEST_F(ResidualSweep, EndsAtTop1AndAtTheModelInEveryFamilyAndWithEveryOption) {
    for (const char* family : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
                               "Qwen2ForCausalLM", "Qwen3ForCausalLM"}) {
        Request asked = request(family);
        for (int variant = 0; variant < 8; ++variant) {
            Parameters& parameters = asked.parameters;
            parameters.form = static_cast<residual::Form>(variant % 3);
            parameters.top_k = variant % 2 + 1;
            parameters.exclude_sink = variant % 4 > 1;
            parameters.centred = variant % 3 == 1;
            parameters.output_weighted = variant > 3;
            parameters.calibration = static_cast<residual::Calibration>(variant % 2);
            if (variant == 7) parameters.heads = {{0, 1}, {S::layers - 1, 0}};
            const Result result = sweep(asked);
            EXPECT_EQ(result.baseline.nll, result.full.nll) << family << variant;
            EXPECT_EQ(result.curve.front().loss.nll, result.top1.nll) << family << variant;
            EXPECT_EQ(result.curve.back().loss.nll, result.baseline.nll) << family << variant;
            EXPECT_NE(result.top1.nll, result.baseline.nll) << family << variant;
            EXPECT_TRUE(result.finished());
            EXPECT_EQ(result.spectrum.size(), result.plan.heads.size());
        }
    }
}

/// The whole model again with a replacement at the attention point, in loops and float64.
class Plain : public models::AttentionObserver {
public:
    Plain(std::vector<int> layers, JobContext& context) : layers_(std::move(layers)), context_(context) {}
    std::vector<at::Tensor> residuals;   ///< of the chosen layers, (texts, heads, T, d)
    std::vector<at::Tensor> projections; ///< to project ε by; empty: V* alone

    at::Tensor replacement(const models::AttentionPoint& point) override {
        const auto found = std::find(layers_.begin(), layers_.end(), point.layer);
        if (found == layers_.end()) return {};
        at::Tensor out = models::attend_in_tiles(point, 1, nullptr, context_).contiguous();
        at::Tensor residual = at::empty(out.sizes(), at::kDouble);
        const std::int64_t heads = point.heads(), rows = point.rows(), width = point.values.size(3),
                           group = heads / point.key_value_heads();
        const auto queries = point.queries.contiguous(), keys = point.keys.contiguous(),
                   values = point.values.contiguous();
        const auto q = queries.accessor<float, 4>(), k = keys.accessor<float, 4>(), v = values.accessor<float, 4>();
        auto o = out.accessor<float, 4>();
        auto e = residual.accessor<double, 4>();
        for (std::int64_t b = 0; b < point.texts(); ++b)
            for (std::int64_t h = 0; h < heads; ++h)
                for (std::int64_t t = 0; t < rows; ++t) {
                    std::int64_t best = point.first_key(t);
                    double top = -1e300;
                    for (std::int64_t s = point.first_key(t); s < point.end_key(t); ++s) {
                        double score = 0;
                        for (std::int64_t i = 0; i < queries.size(3); ++i)
                            score += q[b][h][t][i] * k[b][h / group][s][i];
                        if (score > top) best = s, top = score;
                    }
                    for (std::int64_t i = 0; i < width; ++i) {
                        e[b][h][t][i] = o[b][h][t][i] - v[b][h / group][best][i];
                        o[b][h][t][i] = v[b][h / group][best][i];
                    }
                }
        const auto index = static_cast<std::size_t>(found - layers_.begin());
        residuals.resize(layers_.size());
        residuals[index] = residual;
        if (projections.empty()) return out;
        return out.add(at::matmul(residual, projections[index]).to(at::kFloat));
    }

private:
    std::vector<int> layers_;
    JobContext& context_;
};

TEST_F(ResidualSweep, IsTheWholeModelWithTheOutputsReplaced) {
    Request asked = request();
    asked.parameters.layers = {S::layers - 1};
    asked.parameters.calibration = residual::Calibration::leading;
    asked.parameters.blocks = asked.parameters.calibration_blocks = 3;
    const Result result = sweep(asked);

    const models::LoadedModel& model = models::loaded(*asked.model);
    const c10::InferenceMode no_gradients;
    std::vector<std::vector<std::int64_t>> texts;
    for (int block = 0; block < 3; ++block)
        texts.emplace_back(asked.ids.begin() + block * 12, asked.ids.begin() + (block + 1) * 12);
    Plain plain(asked.parameters.layers, context);
    const models::ForwardOptions options{.observer = &plain, .last_layer = -1, .precision = Precision::float32};
    const auto loss = [&] {
        const at::Tensor hidden = models::hidden_states(model, texts, options, context);
        double sum = 0;
        for (std::int64_t block = 0; block < 3; ++block)
            sum += models::loss_sum(model, hidden[block], texts[static_cast<std::size_t>(block)], options, context);
        return sum / (3 * 11);
    };
    EXPECT_NEAR(result.top1.nll, loss(), 1e-6);
    // (heads, N, d) → directions by the eigenvectors of a matrix made in loops.
    const at::Tensor residuals = plain.residuals.front().permute({1, 0, 2, 3}).reshape({S::heads, -1, S::head_dim});
    for (const int rank : {1, 2}) {
        at::Tensor projections = at::empty({S::heads, S::head_dim, S::head_dim}, at::kDouble);
        for (std::int64_t h = 0; h < S::heads; ++h) {
            const auto found = compute::leading_directions(at::matmul(residuals[h].t(), residuals[h]));
            const at::Tensor kept = found.vectors.narrow(1, 0, rank);
            projections[h].copy_(at::matmul(kept, kept.t()));
        }
        plain.projections = {projections};
        EXPECT_NEAR(result.curve[static_cast<std::size_t>(rank)].loss.nll, loss(), 1e-6) << rank;
    }
}

TEST_F(ResidualSweep, IsTheSameOnDiskAndWithOneThread) {
    Request asked = request();
    const Result memory = sweep(asked);
    asked.parameters.prefix_budget = 0;
    ThreadPool one(1);
    JobContext alone(one, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    const Result disk = compute::residual_sweep(asked, alone);
    EXPECT_TRUE(disk.plan.prefix_on_disk);
    EXPECT_EQ(disk.prefix_disk_bytes, disk.plan.prefix_bytes);
    EXPECT_EQ(memory.prefix_disk_bytes, 0u);
    for (std::size_t i = 0; i < memory.curve.size(); ++i) EXPECT_EQ(memory.curve[i].loss.nll, disk.curve[i].loss.nll);
}

TEST_F(ResidualSweep, PublishesTheBaselineTheSpectrumTheEndsAndEveryRank) {
    int hurt = 0;
    for (const char* family : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
                               "Qwen2ForCausalLM", "Qwen3ForCausalLM"}) {
        SCOPED_TRACE(family);
        std::vector<std::shared_ptr<const Result>> seen;
        JobContext watched(pool, {.device = {Device::Kind::cpu, 0},
                                  .stop = {},
                                  .on_progress = {},
                                  .on_snapshot = [&](std::shared_ptr<const void> snapshot) {
                                      seen.push_back(std::static_pointer_cast<const Result>(snapshot));
                                  }});
        const Result whole = compute::residual_sweep(request(family), watched);
        ASSERT_EQ(whole.curve.size(), 4u);
        ASSERT_EQ(seen.size(), 3 + whole.curve.size());
        EXPECT_TRUE(std::isfinite(seen[0]->baseline.nll) && seen[0]->spectrum.empty()) << "the baseline comes first";
        EXPECT_TRUE(!seen[1]->spectrum.empty() && std::isnan(seen[1]->top1.nll)) << "then the directions";
        EXPECT_TRUE(std::isfinite(seen[2]->full.nll) && seen[2]->curve.empty()) << "then A and B";
        for (std::size_t rank = 0; rank < whole.curve.size(); ++rank) {
            const auto& curve = seen[3 + rank]->curve;
            ASSERT_EQ(curve.size(), rank + 1);
            EXPECT_EQ(curve.back().rank, whole.plan.ranks[rank]);
            EXPECT_EQ(curve.back().loss.token_nll, whole.curve[rank].loss.token_nll);
            EXPECT_EQ(seen[3 + rank]->finished(), rank + 1 == whole.curve.size());
        }
        const double first = whole.curve.front().recovered_nll, last = whole.curve.back().recovered_nll;
        if (!residual::top1_hurts(whole.baseline, whole.top1)) {
            EXPECT_TRUE(std::isnan(first) && std::isnan(last)) << "nothing to recover";
            continue;
        }
        ++hurt;
        EXPECT_NEAR(first, 0, 1e-6) << "rank 0 is A";
        EXPECT_NEAR(last, 100, 0.1) << "rank head_dim is B, which the model computes in another order";
    }
    EXPECT_GT(hurt, 0) << "a model that V* alone makes worse";
}

TEST_F(ResidualSweep, KeepsTheRanksThatAreThereWhenCancelled) {
    std::stop_source stop;
    std::vector<std::shared_ptr<const Result>> seen;
    JobContext watched(pool, {.device = {Device::Kind::cpu, 0},
                              .stop = stop.get_token(),
                              .on_progress = {},
                              .on_snapshot = [&](std::shared_ptr<const void> snapshot) {
                                  seen.push_back(std::static_pointer_cast<const Result>(snapshot));
                                  if (seen.back()->curve.size() == 2) stop.request_stop();
                              }});
    EXPECT_THROW(compute::residual_sweep(request(), watched), Cancelled);
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back()->curve.size(), 2u);
    EXPECT_FALSE(seen.back()->finished());
}

TEST_F(ResidualSweep, NamesTheCalibrationBlockWhoseResidualsAreNotFinite) {
    TinyModel tiny("GPTNeoXForCausalLM");
    // A token whose differences leave float32 in the norm, in the second calibration block alone.
    constexpr std::int64_t token = 7, place = 3;
    auto& embedding = tiny.weights.at("gpt_neox.embed_in.weight").values;
    for (std::int64_t i = 0; i < S::hidden; ++i)
        embedding[static_cast<std::size_t>(token * S::hidden + i)] = (i + i / 8) % 2 == 0 ? 3e38f : -3e38f;
    Request asked = request();
    asked.model = open(tiny);
    std::replace(asked.ids.begin(), asked.ids.end(), token, token + 1);
    const auto calibrated = static_cast<std::size_t>(asked.parameters.seq_len * asked.parameters.blocks);
    asked.ids[calibrated + static_cast<std::size_t>(asked.parameters.seq_len + place)] = token;
    asked.parameters.layers = {1};
    for (const bool centred : {false, true}) {
        asked.parameters.centred = centred;
        const auto error = error_of([&] { sweep(asked); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind, ErrorKind::input);
        EXPECT_EQ(error->expected, "finite residuals");
        EXPECT_EQ(error->where, "calibration block 6, layer 1, head 0");
    }
    // Nobody looks at a block that is not calibrated on.
    asked.parameters.calibration_blocks = 1;
    EXPECT_TRUE(sweep(asked).finished());
}

TEST_F(ResidualSweep, TakesOverWhatAnotherRunHas) {
    Request asked = request();
    const Result whole = sweep(asked);
    Request fewer = asked;
    fewer.parameters.ranks = {2};
    EXPECT_TRUE(residual::same_but_ranks(asked, fewer));
    auto left = std::make_shared<Result>(sweep(fewer));
    left->curve.front().loss.nll = 7; // so that it shows where the number comes from
    asked.from = left;
    const Result taken = sweep(asked);
    ASSERT_EQ(taken.curve.size(), 4u);
    EXPECT_EQ(taken.curve[2].loss.nll, 7);
    EXPECT_EQ(taken.curve[1].loss.nll, whole.curve[1].loss.nll);
    EXPECT_EQ(taken.top1.nll, whole.top1.nll);
}

TEST_F(ResidualSweep, HasNoRecoveryWhereTop1DoesNotHurt) {
    Request asked = request();
    asked.parameters.top_k = 12; // all keys there are: V* is the context
    const Result result = sweep(asked);
    EXPECT_NEAR(result.top1.nll, result.baseline.nll, 1e-6);
    EXPECT_EQ(residual::verdict(result).text(), "NOT APPLICABLE");
    EXPECT_EQ(residual::verdict(result).rank, -1);
    for (const residual::CurvePoint& point : result.curve)
        EXPECT_TRUE(std::isnan(point.recovered_ppl) && std::isnan(point.recovered_nll));
}

/// V* of a row that sees no more keys than lead is its whole output: what rounding leaves of ε there is no point.
TEST_F(ResidualSweep, EstimatesDimensionsFromRowsThatHaveAResidual) {
    Request asked = request();
    asked.parameters.two_nn = true;
    asked.parameters.seq_len = 16;
    asked.parameters.calibration_blocks = 4;
    const auto points = [&](int top_k, bool exclude_sink, residual::Form form) {
        asked.parameters.top_k = top_k;
        asked.parameters.exclude_sink = exclude_sink;
        asked.parameters.form = form;
        const residual::Spectra spectra = compute::residual_spectra(asked, context);
        // Where one key is left over its value can be that of an equal token elsewhere: such points count once.
        constexpr std::int64_t most_equal = 4;
        std::int64_t found = 0;
        for (const residual::HeadSpectrum& head : spectra.heads_found) found = std::max(found, head.two_nn_points);
        for (const residual::HeadSpectrum& head : spectra.heads_found) {
            EXPECT_GE(head.two_nn_points, found - most_equal);
            EXPECT_EQ(std::isfinite(head.two_nn), head.two_nn_points >= 20);
        }
        return found;
    };
    for (const auto form : {residual::Form::context, residual::Form::tail, residual::Form::tail_normalized}) {
        EXPECT_EQ(points(1, false, form), 4 * 15);
        EXPECT_EQ(points(4, false, form), 4 * 12);
        const bool normalized = form == residual::Form::tail_normalized;
        EXPECT_EQ(points(4, true, form), 4 * (normalized ? 11 : 15)) << "the first token is left over, or its weight";
    }
    EXPECT_EQ(points(13, false, residual::Form::context), 4 * 3);
    EXPECT_EQ(points(16, false, residual::Form::context), 0);
}

TEST_F(ResidualSweep, RefusesWhatCannotBe) {
    const auto said = [&](auto change) {
        Request asked = request();
        change(asked);
        return message_of([&] { sweep(asked); });
    };
    EXPECT_EQ(said([](Request& asked) { asked.ids.resize(11); }),
              "text: expected at least one block of 12 tokens, got 11");
    EXPECT_EQ(said([](Request& asked) { asked.ids.resize(60); }),
              "text: expected a block of 12 tokens behind the 5 evaluated ones, to calibrate on, got none (fewer "
              "evaluated blocks leave one)");
    EXPECT_EQ(said([](Request& asked) { asked.parameters.layers = {S::layers}; }),
              "layers: expected 0 to " + std::to_string(S::layers - 1) + ", got " + std::to_string(S::layers));
    EXPECT_EQ(said([](Request& asked) {
                  asked.parameters.ranks = {1, S::head_dim + 1};
              }),
              "ranks: expected 0 to " + std::to_string(S::head_dim) + ", got " + std::to_string(S::head_dim + 1));
    EXPECT_EQ(said([](Request& asked) {
                  asked.parameters.ranks = {1, 2, 1};
              }),
              "ranks: expected each one once, got 1 twice");
    EXPECT_EQ(said([](Request& asked) {
                  asked.parameters.heads = {{0, S::heads}};
              }),
              "heads: expected 0 to " + std::to_string(S::heads - 1) + ", got " + std::to_string(S::heads));
    EXPECT_EQ(said([](Request& asked) {
                  asked.parameters.layers = {1};
                  asked.parameters.heads = {{0, 0}};
              }),
              "heads: expected heads of the chosen layers, got 0:0");
    EXPECT_NE(said([](Request& asked) { asked.parameters.seq_len = 1; }).find("seq-len: expected 2 to"),
              std::string::npos);
    EXPECT_NE(said([](Request& asked) { asked.ids[7] = -2; }).find("got -2 (position 7)"), std::string::npos);

    TinyModel overflowing("LlamaForCausalLM");
    for (float& weight : overflowing.weights.at("lm_head.weight").values) weight *= 1e38f;
    Request asked = request();
    asked.model = open(overflowing);
    const std::string message = message_of([&] { sweep(asked); });
    EXPECT_NE(message.find("expected a finite loss"), std::string::npos) << message;
    EXPECT_NE(message.find("(baseline, block 0, token 1)"), std::string::npos) << message;
}

TEST_F(ResidualSweep, TakesAsManyBlocksAsThereAreAndDefaultsForTheRest) {
    Request asked = request();
    asked.parameters.ranks.clear();
    asked.parameters.blocks = 4;
    asked.parameters.calibration_blocks = 100;
    asked.ids.resize(12 * 6 + 5);
    const residual::Plan plan = residual::plan(asked);
    EXPECT_EQ(plan.blocks, 4);
    EXPECT_EQ(plan.first_calibration, 4);
    EXPECT_EQ(plan.calibration_blocks, 2);
    EXPECT_EQ(plan.layers.back(), S::layers - 1);
    EXPECT_LE(plan.layers.size(), 3u);
    for (const int rank : plan.ranks) EXPECT_LE(rank, S::head_dim);
    asked.parameters.calibration = residual::Calibration::leading;
    asked.parameters.blocks = 30;
    const residual::Plan leading = residual::plan(asked);
    EXPECT_EQ(leading.blocks, 6);
    EXPECT_EQ(leading.calibration_blocks, 6);
    EXPECT_TRUE(leading.leaks);
}

TEST(LargestWeights, GoToTheLowerIndexWhereTheyAreEqual) {
    const std::vector<float> weights{.9f, .1f, .3f, .1f, .3f};
    std::vector<std::int64_t> found;
    compute::largest_weights(weights.data(), 1, 5, 1, found);
    EXPECT_EQ(found, (std::vector<std::int64_t>{2}));
    compute::largest_weights(weights.data(), 1, 5, 3, found);
    EXPECT_EQ(found, (std::vector<std::int64_t>{2, 4, 1}));
    compute::largest_weights(weights.data(), 0, 2, 8, found);
    EXPECT_EQ(found, (std::vector<std::int64_t>{0, 1}));
}

TEST(TwoNearestNeighbours, FindTheDimensionThatPointsFill) {
    ThreadPool pool(2);
    JobContext context(pool);
    constexpr std::int64_t count = 1000, width = 16;
    for (const int dimension : {2, 5}) {
        std::vector<float> points(count * width, 0.0f);
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t k = 0; k < dimension; ++k)
                points[static_cast<std::size_t>(i * width + k)] = static_cast<float>(random_uniform(
                    3, static_cast<std::uint64_t>(dimension), static_cast<std::uint64_t>(i * width + k)));
        const auto [found, different] = compute::two_nn_dimension(points.data(), count, width, context);
        EXPECT_NEAR(found, dimension, 0.12 * dimension);
        EXPECT_EQ(different, count);
        // Copies of points are no points.
        std::vector<float> twice = points;
        twice.insert(twice.end(), points.begin(), points.end());
        const auto [again, counted] = compute::two_nn_dimension(twice.data(), 2 * count, width, context);
        EXPECT_DOUBLE_EQ(again, found);
        EXPECT_EQ(counted, count);
    }
    const auto [nothing, zeros] = compute::two_nn_dimension(std::vector<float>(30 * width).data(), 30, width, context);
    EXPECT_TRUE(std::isnan(nothing));
    EXPECT_EQ(zeros, 1);
}

} // namespace
} // namespace attnscope::test
