// Pictures of CV bands: what stands where, what is said, and what is drawn while there is little.
#include "support/readable_figure.h"

#include <attnscope/cv_figures.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

cv::Matrix measured(cv::Kind kind, int layer, int head, double value, std::size_t cols = 64) {
    cv::Matrix matrix;
    matrix.kind = kind;
    matrix.name = cv::matrix_name(kind, layer, head);
    matrix.layer = layer;
    matrix.head = head;
    matrix.rows = matrix.pool = 16;
    matrix.cols = cols;
    matrix.n_valid = 300;
    matrix.cv = value;
    matrix.ci95 = {value - 0.01, value + 0.01};
    matrix.null_cv = cv::null_cv(static_cast<double>(cols));
    matrix.in_band = value > 0.13 && value < 0.3;
    matrix.histogram.assign(cv::histogram_bins, 3);
    matrix.histogram_end = 2.5;
    return matrix;
}

/// Two layers of four query heads and two key-value heads.
std::vector<cv::Matrix> model_matrices() {
    std::vector<cv::Matrix> matrices{measured(cv::Kind::embedding, -1, -1, 0.5)};
    for (int layer = 0; layer < 2; ++layer) {
        for (int head = 0; head < 4; ++head)
            matrices.push_back(measured(cv::Kind::query, layer, head, 0.1 + 0.1 * head));
        for (int head = 0; head < 2; ++head) matrices.push_back(measured(cv::Kind::key, layer, head, 0.2));
        matrices.push_back(measured(cv::Kind::act_query, layer, 0, 0.6, 8));
    }
    matrices[2].cv = NAN;
    matrices[2].reason = "expected at least 5 rows, got 4";
    return matrices;
}

cv::View model_view() {
    cv::View view;
    view.model_name = "tiny";
    view.heads = 4;
    view.layer = 1;
    view.head = 3;
    return view;
}

void expect_readable_everywhere(const Figure& figure) {
    for (const char* const style : {"neurips", "icml", "slide"}) test::expect_readable(figure, find_style(style));
}

template <class Kind>
std::vector<const Kind*> all_of(const Axes& axes) {
    std::vector<const Kind*> found;
    for (const Element& element : axes.elements)
        if (const auto* one = std::get_if<Kind>(&element)) found.push_back(one);
    return found;
}

TEST(CvFigures, EveryMeasuredMatrixIsAPointWithItsInterval) {
    const auto matrices = model_matrices();
    const Figure figure = cv::band_figure(model_view(), matrices);
    std::size_t points = 0;
    for (const Points* const group : all_of<Points>(figure.axes[0])) {
        if (group->ids.empty()) continue;
        points += group->x.size();
        for (std::size_t i = 0; i < group->ids.size(); ++i) EXPECT_EQ(group->y[i], matrices[group->ids[i]].cv);
        EXPECT_EQ(group->error_low.size(), group->x.size());
    }
    EXPECT_EQ(points, matrices.size() - 1) << "one has no CV";
    const auto nulls = all_of<Marker>(figure.axes[0]);
    EXPECT_EQ(nulls.size(), 2u) << "one for every dimension";
    EXPECT_EQ(all_of<Band>(figure.axes[0]).size(), 1u);
    EXPECT_NE(figure.subtitle.find("300 of"), std::string::npos) << figure.subtitle;
    EXPECT_NE(figure.caption.find("matrices in the band"), std::string::npos);
    expect_readable_everywhere(figure);
}

TEST(CvFigures, KeysAreMappedByTheirOwnHeads) {
    const auto matrices = model_matrices();
    cv::View view = model_view();
    const auto map_of = [&](const Figure& figure) { return *all_of<HeatMap>(figure.axes[0]).front(); };
    const HeatMap queries = map_of(cv::map_figure(view, matrices));
    EXPECT_EQ(queries.width, 4);
    EXPECT_TRUE(std::isnan(queries.values[1]));
    EXPECT_FLOAT_EQ(queries.values[7], 0.4f);
    view.kind = cv::Kind::key;
    const Figure keys = cv::map_figure(view, matrices);
    EXPECT_EQ(map_of(keys).width, 2);
    EXPECT_EQ(keys.axes[0].x.label, "key-value head");
    EXPECT_EQ(cv::selected_matrix(view, matrices)->name, "layers.1.K_h1") << "query head 3 reads it";
    EXPECT_EQ(cv::query_head(view, matrices, cv::Kind::key, 1), 2);
    view.kind = cv::Kind::embedding;
    EXPECT_EQ(cv::selected_matrix(view, matrices)->name, "embedding");
}

TEST(CvFigures, AMatrixWithoutACvSaysWhy) {
    cv::View view = model_view();
    view.layer = 0;
    view.head = 1;
    const Figure figure = cv::volumes_figure(view, model_matrices());
    const auto notes = all_of<Annotation>(figure.axes[0]);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0]->text, "expected at least 5 rows, got 4");
    view.head = 2;
    const Figure volumes = cv::volumes_figure(view, model_matrices());
    const Bars& bars = *all_of<Bars>(volumes.axes[0]).front();
    double sum = 0;
    for (const double value : bars.value) sum += value;
    EXPECT_EQ(sum, 3.0 * cv::histogram_bins) << "bins are merged, counts kept";
    expect_readable_everywhere(volumes);
}

TEST(CvFigures, KindsAndGroupsHaveNames) {
    for (const cv::Kind kind : cv::all_kinds) EXPECT_NE(std::string(cv::kind_title(kind)), "");
    EXPECT_EQ(find_choice<cv::Kind>("act_V"), cv::Kind::act_value);
    EXPECT_EQ(find_choice<cv::Kind>("W"), std::nullopt);
    EXPECT_EQ(cv::experiment_group("act_post_h12"), "act_post_h");
    EXPECT_EQ(cv::experiment_group("out_proj"), "out_proj");
    for (const int heads : {1, 8})
        for (const std::string& name : cv::experiment_matrices(heads)) {
            const auto& groups = cv::experiment_groups();
            EXPECT_NE(std::ranges::find(groups, cv::experiment_group(name)), groups.end()) << name;
        }
}

/// Two configurations: one half way, one that waits.
cv::Experiment half_done() {
    cv::ExperimentConfig config;
    config.state = cv::ExperimentConfig::State::running;
    config.dim = 64;
    config.heads = 2;
    config.epochs = 4;
    config.loss = {2.3, 2.0};
    config.accuracy = {0.2};
    for (int epoch = 0; epoch < 2; ++epoch) {
        auto measurement = std::make_shared<cv::ExperimentMeasurement>();
        measurement->epoch = epoch;
        for (const std::string& name : cv::experiment_matrices(2)) {
            cv::Matrix matrix = measured(cv::Kind::other, -1, -1, 0.2 + 0.1 * epoch, 32);
            matrix.name = name;
            measurement->matrices.push_back(std::move(matrix));
        }
        config.measurements.push_back(std::move(measurement));
    }
    cv::ExperimentConfig waiting;
    waiting.dim = 64;
    waiting.heads = 4;
    waiting.epochs = 4;
    return {
        {std::make_shared<const cv::ExperimentConfig>(config), std::make_shared<const cv::ExperimentConfig>(waiting)},
        1};
}

TEST(CvFigures, TheExperimentFillsIn) {
    cv::View view = model_view();
    view.dim = 64;
    view.config_heads = 2;
    const cv::Experiment experiment = half_done();
    const Figure training = cv::training_figure(view, experiment);
    ASSERT_EQ(training.axes.size(), 3u);
    EXPECT_EQ(training.axes[1].y.label, "training accuracy");
    EXPECT_EQ(training.axes[2].y.label, "CV of act_Q_h");
    const Line& loss = *all_of<Line>(training.axes[0]).back();
    EXPECT_EQ(loss.x, (std::vector<double>{0, 1}));
    EXPECT_EQ(all_of<Line>(training.axes[1]).back()->x, (std::vector<double>{1})) << "after the first update";
    const Figure grid = cv::grid_figure(view, experiment);
    const HeatMap& map = *all_of<HeatMap>(grid.axes[0]).front();
    EXPECT_FLOAT_EQ(map.values[0], 0.3f);
    EXPECT_TRUE(std::isnan(map.values[1]));
    view.epoch = 0;
    EXPECT_FLOAT_EQ(all_of<HeatMap>(cv::grid_figure(view, experiment).axes[0]).front()->values[0], 0.2f);
    for (const Figure& figure : {training, grid, cv::relation_figure(view, experiment), cv::training_figure(view, {}),
                                 cv::grid_figure(view, {})})
        expect_readable_everywhere(figure);
}

} // namespace
} // namespace attnscope
