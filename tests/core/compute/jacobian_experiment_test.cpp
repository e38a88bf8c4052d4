#include "analyses/jacobian/compute/experiment.h"
#include "models/char_gpt.h"
#include "models/language_model.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/waiting.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <thread>

namespace attnscope {
namespace {

using jacobian::CharGptShape;
using jacobian::Combination;
using jacobian::Experiment;
using jacobian::ExperimentRequest;
using jacobian::Method;
using jacobian::SoftmaxGradient;
using jacobian::TrainingRun;
using models::CharGpt;
using models::Windows;

constexpr CharGptShape tiny{.layers = 2, .heads = 2, .width = 8, .block = 6};
constexpr std::size_t characters = 7;

jacobian::ExperimentTextPtr sample_text() {
    std::string text;
    for (std::uint64_t i = 0; i < 600; ++i) text += "the cat sat on a mat. "[(i * i / 7 + i) % 22];
    return jacobian::experiment_text(text, "sample.txt");
}

ExperimentRequest small_request() {
    ExperimentRequest request;
    request.text = sample_text();
    request.shape = tiny;
    request.batch = 9;
    request.blocks = 5;
    request.steps = 7;
    request.every = 3;
    request.combinations = {{}, {Method::feedback_alignment, SoftmaxGradient::diagonal}};
    return request;
}

Experiment run(const ExperimentRequest& request, int threads = 2) {
    ThreadPool pool(threads);
    JobContext context(pool);
    return compute::jacobian_experiment(request, context);
}

void expect_same(const Experiment& a, const Experiment& b) {
    ASSERT_EQ(a.runs.size(), b.runs.size());
    for (std::size_t i = 0; i < a.runs.size(); ++i) {
        const TrainingRun &left = *a.runs[i], &right = *b.runs[i];
        EXPECT_EQ(left.state, right.state);
        EXPECT_EQ(left.loss, right.loss);
        EXPECT_EQ(left.training->parameters, right.training->parameters);
        ASSERT_EQ(left.measurements.size(), right.measurements.size());
        for (std::size_t m = 0; m < left.measurements.size(); ++m) {
            EXPECT_EQ(left.measurements[m]->step, right.measurements[m]->step);
            EXPECT_EQ(left.measurements[m]->val_loss, right.measurements[m]->val_loss);
            for (const jacobian::Metric metric : jacobian::metrics)
                EXPECT_EQ(left.measurements[m]->mean(metric), right.measurements[m]->mean(metric));
        }
    }
}

Windows some_windows() {
    Windows windows{3, tiny.block, {}, {}};
    for (std::int64_t i = 0; i < windows.predictions(); ++i) {
        windows.inputs.push_back(i * i % static_cast<std::int64_t>(characters));
        windows.targets.push_back((i * 5 + 2) % static_cast<std::int64_t>(characters));
    }
    return windows;
}

/// A model whose weights are large enough for attention to be far from uniform.
std::unique_ptr<CharGpt> model_of(const Combination& combination) {
    auto model = std::make_unique<CharGpt>(tiny, characters, combination, 5);
    for (const jacobian::CharGptPart& part : jacobian::char_gpt_parts(tiny, characters))
        if (part.kind == jacobian::CharGptPart::Kind::weight)
            model->parameters().narrow(0, part.offset, part.size()).mul_(20);
    model->refresh();
    return model;
}

at::Tensor gradient_of(const CharGpt& model, const models::AttentionTap& tap = {}) {
    at::Tensor gradients = model.new_gradients();
    const Windows windows = some_windows();
    model.loss(windows, static_cast<double>(windows.predictions()), gradients, tap);
    return gradients;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
    return a.dot(b).item<double>() / (a.norm().item<double>() * b.norm().item<double>());
}

// ------------------------------------------------------------------ gradients
TEST(CharGpt, BackPropagationGivesTheDerivative) {
    const auto model = model_of({});
    const at::Tensor gradients = gradient_of(*model);
    const Windows windows = some_windows();
    // Along random directions: single parameters drown in the rounding of a float32 loss.
    for (int direction = 0; direction < 6; ++direction) {
        at::Tensor step = at::randn({model->size()}, at::kFloat);
        step.div_(step.norm());
        constexpr double size = 2e-2;
        const at::Tensor before = model->parameters().clone();
        model->parameters().add_(step, size);
        const double above = model->loss(windows);
        model->parameters().copy_(before).sub_(step, size);
        const double below = model->loss(windows);
        model->parameters().copy_(before);
        const double numeric = (above - below) / (2 * size) / static_cast<double>(windows.predictions());
        EXPECT_NEAR(gradients.dot(step).item<double>(), numeric, 2e-3 + 0.02 * std::abs(numeric));
    }
}

TEST(CharGpt, SurrogateGivesTheFullGradientUnderEveryMethod) {
    for (const Method method : jacobian::methods) {
        const at::Tensor full = gradient_of(*model_of({method, SoftmaxGradient::full}));
        const at::Tensor surrogate = gradient_of(*model_of({method, SoftmaxGradient::surrogate}));
        EXPECT_LT(full.sub(surrogate).abs().max().item<double>(), 1e-5 * full.abs().max().item<double>())
            << choice_name(method);
        const jacobian::CharGptPart packed = jacobian::char_gpt_parts(tiny, characters)[4];
        ASSERT_TRUE(packed.name.ends_with("h.0.attn.c_attn.weight"));
        const auto part = [&](const at::Tensor& flat) { return flat.narrow(0, packed.offset, packed.size()); };
        for (const SoftmaxGradient other : {SoftmaxGradient::diagonal, SoftmaxGradient::straight_through})
            EXPECT_LT(cosine(part(full), part(gradient_of(*model_of({method, other})))), 0.9999) << choice_name(method);
    }
}

/// Plain loops: scores, probabilities and their gradient for one window and head.
TEST(CharGptFunctions, ScoreGradientsAreThoseOfTheirFormula) {
    constexpr std::int64_t windows = 2, heads = 2, length = 5, head_dim = 3, width = heads * head_dim;
    for (const SoftmaxGradient gradient : jacobian::softmax_gradients) {
        at::Tensor packed = at::randn({windows, length, 3 * width}, at::kFloat);
        packed.set_requires_grad(true);
        const at::Tensor errors = at::randn({windows, length, width}, at::kFloat);
        int seen = 0;
        models::AttentionSettings settings{.heads = heads, .layer = 1, .gradient = gradient, .tap = {}};
        settings.tap = [&](int layer, const at::Tensor& a, const at::Tensor& g) {
            EXPECT_EQ(layer, 1);
            EXPECT_EQ(a.sizes(), g.sizes());
            EXPECT_EQ(a.size(3), length);
            ++seen;
        };
        const at::Tensor context = models::causal_attention(packed, settings);
        context.backward(errors);
        EXPECT_EQ(seen, 1);
        const auto value = [&](std::int64_t w, std::int64_t t, std::int64_t part, std::int64_t h, std::int64_t i) {
            return packed.detach()[w][t][part * width + h * head_dim + i].item<double>();
        };
        for (std::int64_t w = 0; w < windows; ++w)
            for (std::int64_t h = 0; h < heads; ++h) {
                const auto queried = [&](std::int64_t t, std::int64_t j) {
                    double dot = 0;
                    for (std::int64_t i = 0; i < head_dim; ++i) dot += value(w, t, 0, h, i) * value(w, j, 1, h, i);
                    return dot / std::sqrt(double{head_dim});
                };
                for (std::int64_t t = 0; t < length; ++t) {
                    std::vector<double> a, g;
                    double sum = 0, inner = 0, mean = 0;
                    for (std::int64_t j = 0; j <= t; ++j) {
                        a.push_back(std::exp(queried(t, j)));
                        sum += a.back();
                        double each = 0;
                        for (std::int64_t i = 0; i < head_dim; ++i)
                            each += errors[w][t][h * head_dim + i].item<double>() * value(w, j, 2, h, i);
                        g.push_back(each);
                    }
                    for (std::size_t j = 0; j < a.size(); ++j) {
                        a[j] /= sum;
                        inner += a[j] * g[j];
                    }
                    for (std::int64_t i = 0; i < head_dim; ++i)
                        mean += errors[w][t][h * head_dim + i].item<double>() *
                                context.detach()[w][t][h * head_dim + i].item<double>();
                    EXPECT_NEAR(inner, mean, 1e-5); // Σ A g = dO·O
                    for (std::int64_t i = 0; i < head_dim; ++i) {
                        double expected = 0;
                        for (std::size_t j = 0; j < a.size(); ++j) {
                            const double score = gradient == SoftmaxGradient::diagonal ? a[j] * (1 - a[j]) * g[j]
                                                 : gradient == SoftmaxGradient::straight_through
                                                     ? g[j]
                                                     : a[j] * (g[j] - inner);
                            expected += score * value(w, static_cast<std::int64_t>(j), 1, h, i);
                        }
                        EXPECT_NEAR(packed.grad()[w][t][h * head_dim + i].item<double>(),
                                    expected / std::sqrt(double{head_dim}), 1e-5);
                    }
                }
            }
    }
}

TEST(CharGptFunctions, LinearLayersSendErrorsThroughTheirFeedbackAlone) {
    at::Tensor input = at::randn({2, 3, 4}, at::kFloat), weight = at::randn({5, 4}, at::kFloat),
               bias = at::randn({5}, at::kFloat);
    const at::Tensor feedback = at::randn({5, 4}, at::kFloat), errors = at::randn({2, 3, 5}, at::kFloat);
    for (at::Tensor* each : {&input, &weight, &bias}) each->set_requires_grad(true);
    const at::Tensor output = models::feedback_linear(input, weight, bias, feedback);
    EXPECT_TRUE(output.detach().allclose(input.detach().matmul(weight.detach().t()).add(bias.detach())));
    output.backward(errors);
    EXPECT_TRUE(input.grad().allclose(errors.matmul(feedback), 1e-5, 1e-6));
    const at::Tensor rows = errors.view({6, 5});
    EXPECT_TRUE(weight.grad().allclose(rows.t().matmul(input.detach().view({6, 4})), 1e-5, 1e-6));
    EXPECT_TRUE(bias.grad().allclose(rows.sum(0), 1e-5, 1e-6));
}

TEST(CharGptFunctions, DirectFeedbackProjectsTheErrorOntoEveryOutput) {
    at::Tensor logits = at::randn({2, 3, 5}, at::kFloat), first = at::randn({2, 3, 4}, at::kFloat);
    const at::Tensor projection = at::randn({5, 4}, at::kFloat), errors = at::randn({2, 3, 5}, at::kFloat);
    logits.set_requires_grad(true);
    first.set_requires_grad(true);
    models::direct_feedback(logits, {first}, {projection}).backward(errors);
    EXPECT_TRUE(logits.grad().equal(errors));
    EXPECT_TRUE(first.grad().allclose(errors.matmul(projection), 1e-5, 1e-6));
}

TEST(CharGpt, MethodsAgreeOnTheHeadAndDifferBelow) {
    const auto parts = jacobian::char_gpt_parts(tiny, characters);
    const at::Tensor bp = gradient_of(*model_of({}));
    const auto part = [&](const at::Tensor& flat, std::size_t i) {
        return flat.narrow(0, parts[i].offset, parts[i].size());
    };
    for (const Method method : {Method::feedback_alignment, Method::sign_symmetric, Method::direct_feedback}) {
        const at::Tensor other = gradient_of(*model_of({method, SoftmaxGradient::full}));
        // The head's own gradient needs no feedback; that of the last block's output is the first to.
        EXPECT_TRUE(part(bp, parts.size() - 1).allclose(part(other, parts.size() - 1), 1e-4, 1e-6));
        EXPECT_FALSE(part(bp, 0).allclose(part(other, 0), 1e-2, 1e-6)) << choice_name(method);
    }
    const at::Tensor sign = gradient_of(*model_of({Method::sign_symmetric, SoftmaxGradient::full}));
    const at::Tensor aligned = gradient_of(*model_of({Method::feedback_alignment, SoftmaxGradient::full}));
    const std::size_t last_down = parts.size() - 5; // weight of the last feed-forward's way down
    ASSERT_TRUE(parts[last_down].name.ends_with("mlp.c_proj.weight"));
    EXPECT_GT(cosine(part(bp, last_down), part(sign, last_down)), 0.5);
    EXPECT_LT(std::abs(cosine(part(bp, last_down), part(aligned, last_down))), 0.5);
}

TEST(CharGpt, RefusesTheStateOfAnotherModel) {
    const auto model = model_of({});
    TrainingState state = model->state(CharGpt::Kept::all);
    model->restore(state);
    state.second_moments.pop_back();
    EXPECT_NE(test::message_of([&] { model->restore(state); }).find("second moments"), std::string::npos);
}

// ------------------------------------------------------------------ training
TEST(JacobianExperiment, MeasuresBeforeOnTheWayAndAfter) {
    const Experiment experiment = run(small_request());
    ASSERT_EQ(experiment.runs.size(), 2u);
    for (const auto& each : experiment.runs) {
        EXPECT_EQ(each->state, TrainingRun::State::finished);
        EXPECT_EQ(each->loss.size(), 7u);
        ASSERT_EQ(each->measurements.size(), 4u);
        EXPECT_EQ(each->measurements[2]->step, 6);
        EXPECT_EQ(each->last()->step, 7);
        EXPECT_EQ(each->measured_at(5)->step, 3);
        EXPECT_EQ(each->last()->heads.size(), 4u);
        for (const jacobian::HeadMetrics& head : each->last()->heads) {
            EXPECT_NEAR(head.a_mean, 2.0 / (tiny.block + 1), 1e-6);
            EXPECT_NEAR(head.r_diag + head.energy_off + head.energy_cross, 1, 1e-9);
        }
    }
    EXPECT_EQ(experiment.runs[0]->loss.front(), experiment.runs[1]->loss.front());
    EXPECT_NE(experiment.runs[0]->loss.back(), experiment.runs[1]->loss.back());
}

TEST(JacobianExperiment, EveryMethodAndEverySoftmaxGradientLearns) {
    ExperimentRequest request = small_request();
    request.shape.width = 16;
    request.batch = 8;
    request.steps = 60;
    request.learning_rate = 1e-2;
    request.every = 0;
    request.combinations.clear();
    for (const Method method : jacobian::methods) request.combinations.push_back({method, SoftmaxGradient::full});
    for (const SoftmaxGradient gradient : {SoftmaxGradient::diagonal, SoftmaxGradient::straight_through})
        request.combinations.push_back({Method::back_propagation, gradient});
    const Experiment experiment = run(request);
    ASSERT_EQ(experiment.runs.size(), request.combinations.size());
    for (const auto& each : experiment.runs) {
        EXPECT_LT(each->last()->loss, 0.97 * each->measurements.front()->loss)
            << jacobian::combination_name(each->combination);
    }
}

TEST(JacobianExperiment, IsTheSameForEveryNumberOfThreadsAndAnyCompany) {
    const Experiment one = run(small_request(), 1);
    expect_same(one, run(small_request(), 3));
    ExperimentRequest alone = small_request();
    alone.combinations = {alone.combinations[1]};
    EXPECT_EQ(run(alone, 1).runs[0]->training->parameters, one.runs[1]->training->parameters);
    ExperimentRequest other = small_request();
    other.seed = 7;
    EXPECT_NE(run(other, 1).runs[0]->loss, one.runs[0]->loss);
}

TEST(JacobianExperiment, GoesOnFromWhereItWasInterrupted) {
    const ExperimentRequest request = small_request();
    for (const std::size_t when : {1u, 3u, 5u}) {
        std::stop_source stop;
        std::shared_ptr<const Experiment> left;
        JobContext::Options options;
        options.stop = stop.get_token();
        options.on_snapshot = [&](const std::shared_ptr<const void>& snapshot) {
            left = std::static_pointer_cast<const Experiment>(snapshot);
            if (left->runs[0]->loss.size() >= when) stop.request_stop();
        };
        ThreadPool pool(1);
        JobContext context(pool, options);
        EXPECT_THROW(compute::jacobian_experiment(request, context), Cancelled);
        ASSERT_TRUE(left);
        EXPECT_EQ(left->runs[0]->loss.size(), when);
        ASSERT_TRUE(left->runs[0]->training);
        EXPECT_EQ(left->runs[0]->training->updates, static_cast<int>(when));
        ExperimentRequest again = request;
        again.from = left;
        EXPECT_EQ(again, request);
        expect_same(run(again), run(request));
    }
}

TEST(JacobianExperiment, LeavesSoonAfterACancel) {
    ExperimentRequest request = small_request();
    request.shape = {};
    request.combinations = jacobian::all_combinations();
    request.batch = 32;
    std::stop_source stop;
    std::atomic<int> snapshots{0};
    std::chrono::steady_clock::time_point asked;
    JobContext::Options options;
    options.stop = stop.get_token();
    options.on_snapshot = [&](const std::shared_ptr<const void>&) { ++snapshots; };
    ThreadPool pool(2);
    JobContext context(pool, options);
    std::jthread user([&] {
        // Every run has a state of its own to be kept by then.
        while (snapshots < 20) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
    });
    EXPECT_THROW(compute::jacobian_experiment(request, context), Cancelled);
    const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count();
    EXPECT_LT(waited, std::chrono::duration<double>(test::hang_limit).count());
    std::printf("left in %.0f ms; a tenth of a second is wanted of an idle machine\n", 1000 * waited);
}

TEST(JacobianExperiment, KeepsWhatThereIsWhenTheLossLeavesTheNumbers) {
    ExperimentRequest request = small_request();
    request.learning_rate = 1e38;
    const Experiment experiment = run(request);
    ASSERT_EQ(experiment.runs.size(), request.combinations.size());
    for (const auto& each : experiment.runs) {
        EXPECT_EQ(each->state, TrainingRun::State::diverged);
        EXPECT_EQ(each->diverged_at, static_cast<int>(each->loss.size()));
        EXPECT_GE(each->loss.size(), 1u);
        for (const double loss : each->loss) EXPECT_TRUE(std::isfinite(loss));
        EXPECT_EQ(each->measurements.size(), 1u);
    }
}

// ------------------------------------------------------------------ export
TEST(JacobianExperiment, AnExportedModelGivesTheSameLogits) {
    const test::TemporaryFolder folder;
    ExperimentRequest request = small_request();
    request.text =
        jacobian::experiment_text("été «naïf» 🌊 the sea, the sea!\n" + std::string(300, 'x') + "aé🌊\"\\", "s.txt");
    request.combinations = {{}};
    const Experiment experiment = run(request);
    const TrainingRun& trained = *experiment.runs.front();
    jacobian::export_char_gpt(request, trained, folder / "model");

    const ModelPtr opened = compute::open_language_model(folder / "model");
    EXPECT_EQ(opened->config().vocabulary, std::ssize(request.text->vocabulary));
    const std::string line = "é\"🌊x ";
    std::vector<std::int64_t> read;
    for (const Token& token : opened->tokenizer().encode(line)) read.push_back(token.id);
    std::vector<std::int64_t> expected;
    for (const char32_t character : std::u32string(U"é\"🌊x ")) {
        const auto& known = request.text->vocabulary;
        expected.push_back(std::lower_bound(known.begin(), known.end(), character) - known.begin());
    }
    ASSERT_EQ(read, expected);
    EXPECT_EQ(opened->tokenizer().decode(read), line);

    CharGpt model(tiny, request.text->vocabulary.size(), {}, request.seed);
    std::copy(trained.training->parameters.begin(), trained.training->parameters.end(),
              model.parameters().mutable_data_ptr<float>());
    const at::Tensor own = model.logits({1, std::ssize(read), read, read})[0][std::ssize(read) - 1];
    LogitsRequest wanted;
    wanted.model = opened;
    wanted.ids = read;
    wanted.top = static_cast<int>(request.text->vocabulary.size());
    ThreadPool pool(1);
    JobContext context(pool);
    const LogitsResult result = compute::logits(wanted, context);
    ASSERT_EQ(result.top.size(), request.text->vocabulary.size());
    for (const auto& each : result.top) EXPECT_NEAR(each.logit, own[each.id].item<double>(), 1e-5);
}

} // namespace
} // namespace attnscope
