#include "analyses/cv/compute/experiment.h"
#include "analyses/cv/compute/tiny_mha.h"
#include "support/error_of.h"
#include "support/waiting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <stop_token>
#include <thread>

namespace attnscope {
namespace {

using cv::Experiment;
using cv::ExperimentConfig;
using cv::ExperimentRequest;

ExperimentRequest small_request() {
    ExperimentRequest request;
    request.dims = {16};
    request.heads = {1, 2};
    request.epochs = 6;
    request.every = 1;
    request.parameters.samples = 60;
    return request;
}

Experiment run(const ExperimentRequest& request, int threads = 2) {
    ThreadPool pool(threads);
    JobContext context(pool);
    return compute::cv_experiment(request, context);
}

void expect_same(const Experiment& a, const Experiment& b) {
    ASSERT_EQ(a.configs.size(), b.configs.size());
    for (std::size_t i = 0; i < a.configs.size(); ++i) {
        const ExperimentConfig &left = *a.configs[i], &right = *b.configs[i];
        EXPECT_EQ(left.loss, right.loss);
        EXPECT_EQ(left.accuracy, right.accuracy);
        ASSERT_EQ(left.measurements.size(), right.measurements.size());
        for (std::size_t m = 0; m < left.measurements.size(); ++m) {
            EXPECT_EQ(left.measurements[m]->epoch, right.measurements[m]->epoch);
            for (std::size_t k = 0; k < left.measurements[m]->matrices.size(); ++k) {
                const double x = left.measurements[m]->matrices[k].cv, y = right.measurements[m]->matrices[k].cv;
                EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << left.measurements[m]->matrices[k].name;
            }
        }
    }
}

TEST(CvExperimentData, HasTenClassesWhoseSequencesAreVariationsOfOnePattern) {
    const cv::ExperimentData data = cv::experiment_data(42);
    ASSERT_EQ(data.labels.size(), 500u);
    ASSERT_EQ(data.tokens.size(), 4000u);
    std::vector<int> sizes(10);
    for (const auto label : data.labels) ++sizes[static_cast<std::size_t>(label)];
    EXPECT_EQ(sizes, std::vector<int>(10, 50));
    EXPECT_FALSE(std::is_sorted(data.labels.begin(), data.labels.end()));
    // The commonest token of a position in a class is its base pattern; a quarter is drawn anew, 1/256 of it the same.
    double kept = 0;
    for (std::int64_t label = 0; label < 10; ++label)
        for (std::size_t position = 0; position < 8; ++position) {
            std::vector<int> counts(256);
            for (std::size_t s = 0; s < 500; ++s)
                if (data.labels[s] == label) ++counts[static_cast<std::size_t>(data.tokens[s * 8 + position])];
            kept += *std::max_element(counts.begin(), counts.end());
        }
    EXPECT_NEAR(kept / 4000, 0.75 + 0.25 / 256, 4 * std::sqrt(0.75 * 0.25 / 4000));
    EXPECT_EQ(cv::experiment_data(42).tokens, data.tokens);
    EXPECT_NE(cv::experiment_data(43).tokens, data.tokens);
}

TEST(CvExperiment, LearnsAndReportsEveryEpoch) {
    ExperimentRequest request;
    request.dims = {64};
    request.heads = {2};
    const Experiment experiment = run(request);
    const ExperimentConfig& config = *experiment.configs.front();
    EXPECT_EQ(config.state, ExperimentConfig::State::finished);
    ASSERT_EQ(config.loss.size(), 50u);
    ASSERT_EQ(config.accuracy.size(), 50u);
    EXPECT_NEAR(config.loss.front(), std::log(10), 0.6);
    EXPECT_LT(config.loss.back(), 0.5 * config.loss.front());
    EXPECT_GT(config.accuracy.back(), 0.7);
    ASSERT_TRUE(config.pre() && config.mid() && config.post());
    EXPECT_EQ(config.measurements.size(), 3u);
    EXPECT_EQ(config.mid()->epoch, 25);
    ASSERT_EQ(config.post()->matrices.size(), cv::experiment_matrices(2).size());
    EXPECT_FALSE(config.training);
}

TEST(CvExperiment, MeasuresMatricesInTheSpacesTheyLiveIn) {
    const Experiment experiment = run(small_request());
    const auto& matrices = experiment.configs[1]->pre()->matrices;
    const auto find = [&](const std::string& name) -> const cv::Matrix& {
        for (const cv::Matrix& matrix : matrices)
            if (matrix.name == name) return matrix;
        throw std::runtime_error(name);
    };
    EXPECT_EQ(find("emb").rows, 256u);
    EXPECT_EQ(find("emb").cols, 16u);
    EXPECT_EQ(find("Q_full").rows, 16u);
    EXPECT_EQ(find("K_h1").rows, 8u);
    EXPECT_EQ(find("K_h1").cols, 16u);
    EXPECT_EQ(find("cls_head").rows, 10u);
    EXPECT_EQ(find("act_V_h1").cols, 8u);
    EXPECT_EQ(find("act_post_full").cols, 16u);
    EXPECT_EQ(find("act_emb").pool, 512u);
}

// Rows of an embedding before training are independent Gaussians: theory says what their CV is.
TEST(CvExperiment, StartsAtTheNullOfIndependentRows) {
    for (const int dim : {64, 128}) {
        ExperimentRequest request;
        request.dims = {dim};
        request.heads = {1};
        request.epochs = 1;
        request.parameters.samples = 6000;
        const Experiment experiment = run(request);
        const cv::Matrix& embedding = experiment.configs.front()->pre()->matrices.front();
        EXPECT_DOUBLE_EQ(embedding.null_cv, cv::null_cv(dim));
        ASSERT_TRUE(std::isfinite(embedding.row_error));
        EXPECT_NEAR(embedding.cv_corrected, embedding.null_cv, 3 * embedding.row_error) << dim;
        EXPECT_LT(embedding.row_error, 0.05 * embedding.null_cv);
    }
}

TEST(CvExperiment, IsTheSameForEveryNumberOfThreads) {
    const Experiment one = run(small_request(), 1);
    expect_same(one, run(small_request(), 3));
    ExperimentRequest other = small_request();
    other.seed = 7;
    EXPECT_NE(run(other, 1).configs[0]->loss, one.configs[0]->loss);
}

TEST(CvExperiment, ChangesNothingByMeasuringMore) {
    ExperimentRequest seldom = small_request();
    seldom.every = 0;
    const Experiment often = run(small_request()), rare = run(seldom);
    EXPECT_EQ(often.configs[0]->loss, rare.configs[0]->loss);
    EXPECT_EQ(often.configs[0]->measurements.size(), 7u);
    EXPECT_EQ(rare.configs[0]->measurements.size(), 3u);
    EXPECT_EQ(often.configs[0]->post()->matrices.front().cv, rare.configs[0]->post()->matrices.front().cv);
}

TEST(CvExperiment, GoesOnFromWhereItWasInterrupted) {
    const ExperimentRequest request = small_request();
    std::stop_source stop;
    std::shared_ptr<const Experiment> left;
    JobContext::Options options;
    options.stop = stop.get_token();
    options.on_snapshot = [&](const std::shared_ptr<const void>& snapshot) {
        left = std::static_pointer_cast<const Experiment>(snapshot);
        if (left->configs[1]->loss.size() >= 3) stop.request_stop();
    };
    ThreadPool pool(1);
    JobContext context(pool, options);
    EXPECT_THROW(compute::cv_experiment(request, context), Cancelled);
    ASSERT_TRUE(left);
    EXPECT_EQ(left->finished(), 1u);
    EXPECT_EQ(left->configs[1]->state, ExperimentConfig::State::running);
    EXPECT_EQ(left->configs[1]->accuracy.size() + 1, left->configs[1]->loss.size());
    ExperimentRequest again = request;
    again.from = left;
    EXPECT_EQ(again, request);
    expect_same(run(again), run(request));
}

TEST(CvExperiment, PublishesWhatItHasAndLeavesSoon) {
    ExperimentRequest request;
    request.dims = {256};
    request.heads = {8};
    std::stop_source stop;
    std::atomic<int> snapshots{0};
    std::chrono::steady_clock::time_point asked;
    JobContext::Options options;
    options.stop = stop.get_token();
    options.on_snapshot = [&](const std::shared_ptr<const void>&) { ++snapshots; };
    ThreadPool pool(2);
    JobContext context(pool, options);
    std::jthread user([&] {
        while (snapshots < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
    });
    EXPECT_THROW(compute::cv_experiment(request, context), Cancelled);
    const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count();
    EXPECT_LT(waited, std::chrono::duration<double>(test::hang_limit).count());
    std::printf("left in %.0f ms; a tenth of a second is wanted of an idle machine\n", 1000 * waited);
}

TEST(CvExperiment, KeepsWhatThereIsWhenTheLossLeavesTheNumbers) {
    ExperimentRequest request = small_request();
    request.learning_rate = 1e38;
    const Experiment experiment = run(request);
    ASSERT_EQ(experiment.configs.size(), 2u);
    for (const auto& config : experiment.configs) {
        EXPECT_EQ(config->state, ExperimentConfig::State::diverged);
        EXPECT_EQ(config->diverged_at, static_cast<int>(config->loss.size()));
        EXPECT_GE(config->loss.size(), 1u);
        for (const double loss : config->loss) EXPECT_TRUE(std::isfinite(loss));
        EXPECT_TRUE(config->pre());
        EXPECT_FALSE(config->post());
    }
    EXPECT_EQ(experiment.finished(), 2u);
}

TEST(TinyMha, GradientsAreThoseOfTheLoss) {
    const cv::ExperimentData data = cv::experiment_data(1);
    ThreadPool pool(1);
    JobContext context(pool);
    models::TinyMha model(data, {.dim = 8, .heads = 2, .activation_rows = 16}, 3);
    // Adam's first step goes by the sign of each gradient, so a small one lowers the loss.
    const double before = model.evaluate(models::TinyMha::Gradients::wanted, context).loss;
    model.update(1e-3);
    const double after = model.evaluate(models::TinyMha::Gradients::none, context).loss;
    EXPECT_LT(after, before);
    const cv::TrainingState state = model.state();
    EXPECT_EQ(state.updates, 1);
    cv::TrainingState wrong = state;
    wrong.parameters.pop_back();
    EXPECT_NE(test::message_of([&] { model.restore(wrong); }).find("parameters"), std::string::npos);
}

} // namespace
} // namespace attnscope
