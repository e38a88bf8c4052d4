// Pictures of the softmax gradient: what stands where, what is said, and what is drawn while there is little.
#include "support/readable_figure.h"

#include <attnscope/jacobian_figures.h>

#include <gtest/gtest.h>

#include <cmath>

namespace attnscope {
namespace {

using jacobian::Metric;

jacobian::Result measured(int layers, int heads) {
    jacobian::Result result;
    result.loss = 3.25;
    result.sequences = 8;
    result.length = 64;
    result.layers = layers;
    for (int layer = 0; layer < layers; ++layer)
        for (int head = 0; head < heads; ++head) {
            jacobian::HeadMetrics metrics;
            metrics.layer = layer;
            metrics.head = head;
            metrics.r_diag = 0.8 + 0.1 * head;
            metrics.energy_off = 0.3;
            metrics.energy_cross = 1 - metrics.r_diag - metrics.energy_off;
            metrics.r_offdiag = 1 - metrics.r_diag;
            metrics.cos_diag = 0.9;
            result.heads.push_back(metrics);
        }
    result.heads.front() = {};
    return result;
}

jacobian::LayerMaps maps_of(std::size_t length) {
    jacobian::LayerMaps maps{3, 1, 2, length, {}, {}, true};
    for (std::size_t row = 0; row < 2 * length; ++row)
        for (std::size_t key = 0; key < length; ++key) {
            const std::size_t seen = row % length + 1;
            maps.probabilities.push_back(key < seen ? 1.0f / static_cast<float>(seen) : 0);
            maps.gradients.push_back(std::sin(static_cast<float>(row * length + key)));
        }
    return maps;
}

void expect_readable_everywhere(const Figure& figure) {
    for (const char* const style : {"neurips", "icml", "slide"}) test::expect_readable(figure, find_style(style));
}

TEST(JacobianFigures, SayHowManySequencesCosinesLeaveOut) {
    jacobian::Result result = measured(3, 4);
    for (jacobian::HeadMetrics& head : result.heads) head.sequences = 8;
    result.heads[0].undefined = 8; // it has no cosine at all
    result.heads[5].undefined = 3;
    result.heads[5].undefined_unmasked = 4;
    const auto said = [&](Metric metric, bool bars) {
        const jacobian::View view{"tiny", metric, 1, 2, 0, -1};
        const Figure figure = bars ? jacobian::bars_figure(view, result) : jacobian::map_figure(view, result);
        expect_readable_everywhere(figure);
        return figure.subtitle + " | " + figure.caption;
    };
    for (const bool bars : {false, true}) {
        const std::string diagonal = said(Metric::cos_diag, bars);
        EXPECT_NE(diagonal.find("11 of 96 left out"), std::string::npos) << diagonal;
        EXPECT_NE(diagonal.find("without a gradient of a head's scores: 11 of 96, in 2 heads."), std::string::npos)
            << diagonal;
        EXPECT_NE(said(Metric::cos_ste_unmasked, bars).find("4 of 96, in 1 head."), std::string::npos);
        EXPECT_EQ(said(Metric::r_diag, bars).find("left out"), std::string::npos);
    }
    const Figure map = jacobian::map_figure({"tiny", Metric::cos_diag, 1, 2, 0, -1}, result);
    EXPECT_TRUE(std::isnan(std::get<HeatMap>(map.axes[0].elements[0]).values[0]));
}

TEST(JacobianFigures, MapsTheMetricAndHatchesWhatHasNone) {
    jacobian::View view{"tiny", Metric::r_diag, 1, 2, 0, -1};
    const Figure figure = jacobian::map_figure(view, measured(3, 4));
    const auto& map = std::get<HeatMap>(figure.axes[0].elements[0]);
    EXPECT_EQ(map.width, 4);
    EXPECT_EQ(map.height, 3);
    EXPECT_TRUE(std::isnan(map.values[0]));
    EXPECT_FLOAT_EQ(map.values[4 + 2], 1.0f);
    EXPECT_EQ(map.map, ColourMap::viridis);
    view.metric = Metric::energy_cross;
    EXPECT_EQ(std::get<HeatMap>(jacobian::map_figure(view, measured(3, 4)).axes[0].elements[0]).map,
              ColourMap::diverging);
    expect_readable_everywhere(figure);
}

TEST(JacobianFigures, ColoursEndWhereMostHeadsDo) {
    const jacobian::View view{"tiny", Metric::r_diag, 1, 2, 0, -1};
    jacobian::Result result = measured(10, 4);
    const auto map_of = [&] { return std::get<HeatMap>(jacobian::map_figure(view, result).axes[0].elements[0]); };
    EXPECT_FALSE(map_of().range) << "all are near each other";
    result.heads[7].r_diag = 40;
    const HeatMap map = map_of();
    ASSERT_TRUE(map.range);
    EXPECT_FLOAT_EQ(static_cast<float>((*map.range)[1]), 1.1f);
    EXPECT_NE(map.label.find("(colours end at 1.1)"), std::string::npos) << map.label;
    EXPECT_FLOAT_EQ(map.values[7], 40.0f) << "the number stays";
}

TEST(JacobianFigures, ShowsTheHeadsOfALayerOrAllOfFew) {
    const jacobian::View view{"tiny", Metric::r_diag, 1, 2, 0, -1};
    EXPECT_EQ(jacobian::bars_figure(view, measured(2, 4)).axes[0].x.categories.size(), 8u);
    const Figure figure = jacobian::bars_figure(view, measured(20, 4));
    EXPECT_EQ(figure.axes[0].x.categories.size(), 4u);
    expect_readable_everywhere(figure);
}

TEST(JacobianFigures, PutsEveryHeadInsideTheParabola) {
    const Figure figure = jacobian::energy_figure({"tiny", Metric::r_diag, 1, 2, 0, -1}, measured(2, 4));
    const Points* points = nullptr;
    for (const Element& element : figure.axes[0].elements)
        if (const auto* found = std::get_if<Points>(&element); found && found->name == "head") points = found;
    ASSERT_TRUE(points);
    EXPECT_EQ(points->ids.size(), 7u) << "the one without a gradient has no place";
    EXPECT_EQ(points->ids.front(), 1u);
    EXPECT_NE(figure.subtitle.find(" = 1"), std::string::npos) << figure.subtitle;
    expect_readable_everywhere(figure);
}

TEST(JacobianFigures, DrawsARowWithItsPartsOnOneScale) {
    const jacobian::LayerMaps maps = maps_of(6);
    const Figure figure = jacobian::row_figure({"tiny", Metric::r_diag, 3, 1, 0, 2}, &maps);
    const auto line = [&](const std::string& name) -> const Line& {
        for (const Element& element : figure.axes[0].elements)
            if (const auto* found = std::get_if<Line>(&element); found && found->name == name) return *found;
        throw std::runtime_error(name);
    };
    for (std::size_t key = 0; key < 6; ++key)
        EXPECT_NEAR(line("full").y[key], line("diagonal").y[key] + line("lateral").y[key], 1e-9);
    EXPECT_EQ(line("full").y[4], 0) << "not visible";
    EXPECT_NE(figure.subtitle.find("query 2"), std::string::npos);
    expect_readable_everywhere(figure);
    expect_readable_everywhere(jacobian::maps_figure({"tiny", Metric::r_diag, 3, 1, 0, 2}, &maps));
    const jacobian::LayerMaps large = maps_of(700);
    EXPECT_EQ(std::get<HeatMap>(jacobian::maps_figure({}, &large).axes[0].elements[0]).width, 350);
}

TEST(JacobianFigures, SayWhenThereIsNothingYet) {
    for (const Figure& figure :
         {jacobian::map_figure({}, {}), jacobian::bars_figure({}, {}), jacobian::energy_figure({}, {}),
          jacobian::row_figure({}, nullptr), jacobian::maps_figure({}, nullptr)})
        expect_readable_everywhere(figure);
}

} // namespace
} // namespace attnscope
