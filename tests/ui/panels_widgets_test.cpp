// What panels are made of: decimation, axes, heat map pictures, figures as Python, text that has to fit.
#include "state/figure_python.h"
#include "widgets/decimate.h"
#include "widgets/drawing_pad.h"
#include "widgets/figure_elements.h"
#include "widgets/heat_map_texture.h"
#include "widgets/plot_area.h"

#include <gtest/gtest.h>

#include <imgui.h>
#include <imgui_impl_null.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnscope::ui {
namespace {

TEST(Decimate, KeepsEveryColumnsExtremes) {
    std::vector<double> x(100000), y(100000);
    std::iota(x.begin(), x.end(), 0.0);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = std::sin(double(i) * 0.7);
    y[54321] = 9;
    y[12345] = -7;
    const Series kept = decimate(x, y, 0, 99999, false, 500);
    EXPECT_LE(kept.x.size(), 4u * 501);
    EXPECT_EQ(*std::max_element(kept.y.begin(), kept.y.end()), 9);
    EXPECT_EQ(*std::min_element(kept.y.begin(), kept.y.end()), -7);
    EXPECT_TRUE(std::is_sorted(kept.x.begin(), kept.x.end()));
    EXPECT_EQ(kept.x.front(), 0);
    EXPECT_EQ(kept.x.back(), 99999);
}

TEST(Decimate, KeepsOnlyWhatIsInSightAndOnePointBeyond) {
    std::vector<double> x(10000), y(10000, 1.0);
    std::iota(x.begin(), x.end(), 0.0);
    const Series kept = decimate(x, y, 4000.5, 4100.5, false, 10);
    EXPECT_EQ(kept.x.front(), 4000);
    EXPECT_EQ(kept.x.back(), 4101);
}

TEST(Decimate, KeepsBreaksAndShortOrUnorderedSeries) {
    const std::vector<double> x{3, 1, 2}, y{1, 2, 3};
    EXPECT_EQ(decimate(x, y, 0, 5, false, 100).x, x);
    std::vector<double> long_x(5000), long_y(5000, 2.0);
    std::iota(long_x.begin(), long_x.end(), 1.0);
    std::fill(long_y.begin() + 2000, long_y.begin() + 3000, std::nan(""));
    const Series kept = decimate(long_x, long_y, 1, 5000, true, 100);
    EXPECT_EQ(std::count_if(kept.y.begin(), kept.y.end(), [](double v) { return std::isnan(v); }), 1);
}

TEST(PlotAxis, GoesFromValueToPixelAndBack) {
    for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
        const PlotAxis axis = PlotAxis::between(0.5, 80, 400, 20, scale);
        EXPECT_NEAR(axis.pixel(0.5), 400, 1e-9);
        EXPECT_NEAR(axis.pixel(80), 20, 1e-9);
        for (const double value : {0.6, 3.0, 50.0}) EXPECT_NEAR(axis.value(axis.pixel(value)), value, 1e-9);
    }
    EXPECT_TRUE(std::isnan(PlotAxis::between(1, 2, 0, 1, Scale::logarithmic).pixel(0)));
}

/// An ImGui context with a draw list to draw on.
class Drawn : public ::testing::Test {
protected:
    void SetUp() override {
        context_ = ImGui::CreateContext();
        ImGui_ImplNull_Init();
        ImGui_ImplNull_NewFrame();
        ImGui::GetIO().DisplaySize = {800, 600};
        ImGui::NewFrame();
    }
    void TearDown() override {
        ImGui::EndFrame();
        ImGui_ImplNull_Shutdown();
        ImGui::DestroyContext(context_);
    }
    ImGuiContext* context_ = nullptr;
};

TEST_F(Drawn, AMapMakesTheNumbersOfTheCellsInSightAloneAndKeepsThem) {
    HeatMap map;
    map.width = map.height = 512;
    map.x_max = map.y_max = 512;
    map.values.assign(512 * 512, 0.25f);
    map.values[3 * 512 + 7] = 0.5f;
    map.range = {0, 1};
    Axes axes;
    axes.elements.push_back(map);
    // Ten columns from 2.5 and six rows from 1.5 in a plot of 800 × 480 pixels.
    PlotArea area;
    area.x = PlotAxis::between(2.5, 12.5, 0, 800, Scale::linear);
    area.y = PlotAxis::between(1.5, 7.5, 480, 0, Scale::linear);
    area.min = {0, 0};
    area.max = {800, 480};
    area.draw = ImGui::GetBackgroundDrawList();
    const ThemeColours theme{};
    AxesCache cache;
    const auto draw = [&](std::uint64_t generation) {
        ElementStyle style{theme, generation, {}, {}};
        draw_elements(axes, area, cache, style);
        return &cache.elements.front().numbers;
    };
    const CellNumbers* numbers = draw(1);
    EXPECT_EQ(numbers->texts.size(), 11u * 7u) << "also those that are cut off";
    EXPECT_EQ(numbers->first_column, 2);
    EXPECT_EQ(numbers->first_row, 1);
    EXPECT_EQ(numbers->texts[std::size_t((3 - 1) * 11 + (7 - 2))], "0.5");
    const std::string* const kept = numbers->texts.data();
    EXPECT_EQ(draw(1)->texts.data(), kept) << "nothing has moved";
    std::get<HeatMap>(axes.elements.front()).values[3 * 512 + 7] = 0.75f;
    EXPECT_EQ(draw(2)->texts[std::size_t((3 - 1) * 11 + (7 - 2))], "0.75");
    area.x = PlotAxis::between(100, 110, 0, 800, Scale::linear);
    EXPECT_EQ(draw(2)->texts.size(), 10u * 7u);
    EXPECT_EQ(numbers->first_column, 100);
}

TEST(HeatMapPicture, HasItsFirstRowAtTheBottomAndHolesForNulls) {
    HeatMap map;
    map.width = 2;
    map.height = 2;
    map.values = {0, 1, NAN, 0};
    const auto pixels = heat_map_pixels(map, {0, 1}, 3, ThemeColours{});
    ASSERT_EQ(pixels.size(), 6u * 6 * 4);
    const auto alpha = [&](int x, int y) { return pixels[std::size_t(y * 6 + x) * 4 + 3]; };
    const auto red = [&](int x, int y) { return pixels[std::size_t(y * 6 + x) * 4]; };
    EXPECT_EQ(alpha(0, 0), 0) << "the null of the upper row";
    EXPECT_EQ(alpha(5, 0), 255);
    EXPECT_EQ(red(5, 0), colour_table(ColourMap::viridis)[0][0]);
    EXPECT_EQ(red(5, 5), colour_table(ColourMap::viridis)[255][0]);
    EXPECT_EQ(red(0, 5), red(2, 3)) << "one cell is one colour";
}

TEST(HeatMapPicture, RangesIgnoreNullsAndCentreSignedMaps) {
    HeatMap map;
    map.values = {NAN, -1, 3};
    EXPECT_EQ(value_range(map), (std::array<double, 2>{-1, 3}));
    map.map = ColourMap::diverging;
    EXPECT_EQ(value_range(map), (std::array<double, 2>{-3, 3}));
    map.values = {NAN};
    EXPECT_EQ(value_range(map), (std::array<double, 2>{0, 1}));
}

TEST(FigurePython, NamesEverySeriesOnceAndWritesNullsAsNan) {
    Figure figure;
    figure.title = "Weights \"here\"";
    Axes axes;
    axes.elements.push_back(Line{.name = "H", .x = {1, 2}, .y = {0.5, NAN}, .colour = {}});
    axes.elements.push_back(Line{.name = "H", .x = {1}, .y = {2}, .colour = {}});
    Bars bars;
    bars.position = {0};
    bars.value = {3};
    bars.horizontal = true;
    axes.y.categories = {"say \"A\""};
    axes.elements.push_back(bars);
    figure.axes.push_back(axes);
    const std::string text = figure_python(figure);
    EXPECT_NE(text.find("import numpy as np"), std::string::npos);
    EXPECT_NE(text.find("\"H\": {\"x\": np.array([1, 2]), \"y\": np.array([0.5, np.nan])}"), std::string::npos) << text;
    EXPECT_NE(text.find("\"H 2\""), std::string::npos);
    EXPECT_NE(text.find("\"say \\\"A\\\"\""), std::string::npos);
}

TEST(DrawingPad, ErasesHalves) {
    const std::vector<float> full(16, 1.0f);
    const auto lower = DrawingPad::without(full, 4, 4, DrawingPad::Half::lower);
    EXPECT_EQ(lower[0], 1);
    EXPECT_EQ(lower[7], 1);
    EXPECT_EQ(lower[8], -1);
    EXPECT_EQ(lower[15], -1);
    const auto left = DrawingPad::without(full, 4, 4, DrawingPad::Half::left);
    EXPECT_EQ(left[1], -1);
    EXPECT_EQ(left[2], 1);
}

} // namespace
} // namespace attnscope::ui
