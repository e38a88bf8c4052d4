#include "support/error_of.h"

#include <attnscope/cv_experiment_recipe.h>

#include <gtest/gtest.h>

namespace attnscope {
namespace {

using cv::ExperimentRequest;
using test::message_of;

std::string refused(const std::function<void(ExperimentRequest&)>& spoil) {
    ExperimentRequest request;
    spoil(request);
    return message_of([&] { cv::check_experiment(request); });
}

TEST(CvExperimentRequest, IsCheckedBeforeAnythingIsTrained) {
    EXPECT_EQ(refused([](ExperimentRequest&) {}), "no error");
    EXPECT_EQ(refused([](ExperimentRequest& r) { r.heads = {3}; }), "heads: expected a divisor of the width 64, got 3");
    EXPECT_EQ(refused([](ExperimentRequest& r) { r.dims.clear(); }), "dims: expected one width or more, got none");
    EXPECT_EQ(refused([](ExperimentRequest& r) { r.dims = {4096}; }), "dims: expected 1 to 2048, got 4096");
    EXPECT_EQ(refused([](ExperimentRequest& r) {
                  r.dims = {64, 64};
              }),
              "dims: expected each number once, got 64 twice");
    EXPECT_NE(refused([](ExperimentRequest& r) { r.epochs = 0; }).find("epochs"), std::string::npos);
    EXPECT_NE(refused([](ExperimentRequest& r) { r.learning_rate = 0; }).find("learning rate"), std::string::npos);
    EXPECT_NE(refused([](ExperimentRequest& r) { r.parameters.points = 9; }).find("points"), std::string::npos);
}

TEST(CvExperimentRequest, ComesBackFromItsRecipe) {
    CvExperimentJob job;
    job.request.dims = {32, 48};
    job.request.heads = {2};
    job.request.every = 5;
    job.request.seed = 9;
    job.request.parameters.samples = 77;
    job.figure.emplace().panel = "cv.training";
    job.group = "K_h";
    job.epoch = 10;
    const Recipe recipe = Recipe::parse(cv_experiment_recipe(job).json());
    EXPECT_TRUE(is_cv_experiment(recipe));
    const CvExperimentJob back = cv_experiment_job(recipe);
    EXPECT_EQ(back.request, job.request);
    EXPECT_EQ(back.group, "K_h");
    EXPECT_EQ(back.epoch, 10);
    ASSERT_TRUE(back.figure);
    EXPECT_EQ(back.figure->panel, "cv.training");
    Recipe spoiled = recipe;
    spoiled.params = R"({"experiment": {"dims": [64], "heads": [5]}})";
    EXPECT_NE(message_of([&] { cv_experiment_job(spoiled); }).find("divisor"), std::string::npos);
    spoiled.params = R"({"experiment": {"dims": ["wide"]}})";
    EXPECT_NE(message_of([&] { cv_experiment_job(spoiled); }).find("params.experiment.dims"), std::string::npos);
}

/// A configuration of one head with a measurement at each epoch.
cv::ExperimentConfig finished_config() {
    cv::ExperimentConfig config;
    config.state = cv::ExperimentConfig::State::finished;
    config.dim = 64;
    config.heads = 1;
    config.epochs = 4;
    config.loss = {2.3, 2.1, 1.75, 1.5};
    config.accuracy = {0.125, 0.25, 0.5, 0.75};
    for (int epoch = 0; epoch <= 4; ++epoch) {
        auto measurement = std::make_shared<cv::ExperimentMeasurement>();
        measurement->epoch = epoch;
        for (const std::string& name : cv::experiment_matrices(1)) {
            cv::Matrix matrix;
            matrix.name = name;
            matrix.rows = 10;
            matrix.cols = 64;
            matrix.pool = 10;
            if (name == "cls_head") {
                matrix.reason = "expected at least 10 simplices with a volume, got 3";
            } else {
                matrix.cv = 0.18 + 0.01 * epoch;
                matrix.ci95 = {0.17, 0.2};
                matrix.n_valid = 300;
                matrix.in_band = true;
            }
            measurement->matrices.push_back(std::move(matrix));
        }
        config.measurements.push_back(std::move(measurement));
    }
    return config;
}

TEST(CvExperimentResult, ComesBackFromJson) {
    cv::Experiment experiment;
    experiment.configs.push_back(std::make_shared<const cv::ExperimentConfig>(finished_config()));
    const std::string json = cv_experiment_json(experiment);
    const auto read = read_cv_experiment(json, "result");
    ASSERT_EQ(read.size(), 1u);
    cv::Experiment again;
    again.configs = read;
    EXPECT_EQ(cv_experiment_json(again), json);
    EXPECT_EQ(read[0]->post()->matrices[0].n_valid, 300u);
    EXPECT_EQ(read[0]->measured_at(3)->matrices[0].cv, 0.21);
    EXPECT_FALSE(read[0]->measured_at(3)->matrices[8].has_cv());
    EXPECT_DOUBLE_EQ(cv::group_cv(*read[0]->post(), "Q_h"), 0.22);
}

TEST(CvExperimentResult, RefusesDamagedJson) {
    cv::Experiment experiment;
    experiment.configs.push_back(std::make_shared<const cv::ExperimentConfig>(finished_config()));
    const std::string json = cv_experiment_json(experiment);
    const auto damaged = [&](const std::string& part, const std::string& by) {
        std::string text = json;
        text.replace(text.find(part), part.size(), by);
        return message_of([&] { read_cv_experiment(text, "a.json"); });
    };
    EXPECT_EQ(damaged("\"dim\":64", "\"dim\":-4"), "a.json: expected 1 to 2048, got -4 (configs[0].dim)");
    EXPECT_NE(damaged("\"loss\":[2.3", "\"loss\":[[2.3]").find("configs[0].loss"), std::string::npos);
    EXPECT_NE(damaged("\"cv_epochs\":[0,1", "\"cv_epochs\":[0,9").find("0 to 4"), std::string::npos);
    EXPECT_NE(damaged("\"configs\":[", "\"configs\":7,\"x\":[").find("list of configurations"), std::string::npos);
}

} // namespace
} // namespace attnscope
