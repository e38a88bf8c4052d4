#include "drawing/contour.h"
#include "drawing/layout.h"

#include "support/figure_samples.h"
#include "support/readable_figure.h"
#include "support/retrieval_sample.h"

#include <gtest/gtest.h>

namespace attnscope {
namespace {

using test::expect_readable;
using test::texts_of;

TEST(FigureLayout, KeepsEveryTextOnThePageAndApartInEveryStyle) {
    const auto figures = test::RetrievalSample().figures();
    for (const Style& style : built_in_styles()) {
        for (const Figure& figure : figures) expect_readable(figure, style);
        expect_readable(test::every_element(), style);
    }
}

TEST(FigureLayout, KeepsOrderWhenTextsAreLongAndHostile) {
    for (const Style& style : built_in_styles()) expect_readable(test::hostile_texts(), style);
    Figure figure = test::every_element();
    figure.title = std::string(3000, 'W');
    figure.subtitle = figure.caption = figure.title;
    for (Axes& axes : figure.axes) axes.title = axes.x.label = axes.y.label = figure.title;
    Style style = find_style("acl");
    style.caption = true;
    expect_readable(figure, style);
}

TEST(FigureLayout, DrawsWhatHasNoData) {
    Figure figure;
    expect_readable(figure, find_style("neurips"));
    figure.axes.resize(3);
    figure.columns = 7;
    figure.axes[0].elements = {Line{}, Points{}, Bars{}, Band{}, HeatMap{}, Contours{}, Marker{}, Annotation{}};
    figure.axes[1].x.scale = figure.axes[1].y.scale = Scale::logarithmic;
    Line line;
    line.x = {0, -1, test::nan, 1e308, 1e-308};
    line.y = {test::nan, INFINITY, 1, -1e308, 5};
    figure.axes[1].elements = {line};
    figure.axes[2].elements = {line};
    expect_readable(figure, find_style("neurips"));
}

TEST(FigureLayout, ShowsTheWholePanelOnAnOddPage) {
    const auto figures = test::RetrievalSample().figures();
    for (const double width : {35.0, 60.0, 500.0})
        for (const double ratio : {0.1, 0.6, 3.0}) {
            Style style = find_style("neurips");
            style.name = std::to_string(width) + " × " + std::to_string(ratio);
            style.width_mm = width;
            style.height_ratio = ratio;
            for (const Figure& figure : figures) {
                const Page page = lay_out(figure, style, Fonts(style));
                for (const Rect& plot : page.plots) EXPECT_GT(std::min(plot.width, plot.height), 0);
            }
        }
}

TEST(FigureLayout, NamesTicksOfTheSameAxisOnce) {
    const Style style = find_style("neurips");
    const Page page = lay_out(test::every_element(), style, Fonts(style));
    std::size_t x_ticks = 0, y_ticks = 0;
    for (const TextShape* text : texts_of(page)) {
        x_ticks += text->kind == TextShape::Kind::x_tick;
        y_ticks += text->kind == TextShape::Kind::y_tick;
    }
    EXPECT_GT(x_ticks, 10u);
    EXPECT_GT(y_ticks, 10u);
}

TEST(FigureLayout, HatchesCellsWithoutAValue) {
    const Style style = find_style("neurips");
    const Page page = lay_out(test::every_element(), style, Fonts(style));
    std::size_t cells = 0;
    for (const Shape& shape : page.shapes)
        if (const auto* hatch = std::get_if<HatchShape>(&shape.what)) cells += hatch->cells.size();
    EXPECT_EQ(cells, 1u);
}

TEST(TextShaping, RaisesPowersAndLowersIndices) {
    const Fonts fonts(find_style("neurips"));
    const auto power = fonts.shape("10⁻³", FontRole::number, 10);
    ASSERT_EQ(power.pieces.size(), 2u);
    EXPECT_EQ(power.pieces[1].text, "−3");
    EXPECT_GT(power.pieces[1].rise, 0);
    const auto index = fonts.shape("β_c 10", FontRole::text, 10);
    ASSERT_EQ(index.pieces.size(), 3u);
    EXPECT_EQ(index.pieces[1].text, "c");
    EXPECT_LT(index.pieces[1].rise, 0);
    EXPECT_EQ(fonts.shape("physical_entity snake_case", FontRole::text, 10).pieces.size(), 1u);
    for (const PlacedGlyph& glyph : fonts.shape("⊙ ᵀ ⟨ β ‖ −", FontRole::text, 10).glyphs)
        EXPECT_NE(glyph.index, 0u) << "a glyph is missing in every font";
}

TEST(TextShaping, FitsAndWrapsToAWidth) {
    const Fonts fonts(find_style("neurips"));
    const std::string text = "several words that are longer than the line they have to go into";
    EXPECT_LE(fonts.width(fonts.fit(text, FontRole::text, 8, 60), FontRole::text, 8), 60);
    EXPECT_TRUE(fonts.fit(text, FontRole::text, 8, 60).ends_with("…"));
    EXPECT_EQ(fonts.fit("short", FontRole::text, 8, 60), "short");
    const auto lines = fonts.wrap(text, FontRole::text, 8, 80, 10);
    std::string joined;
    for (const std::string& line : lines) {
        EXPECT_LE(fonts.width(line, FontRole::text, 8), 80);
        joined += (joined.empty() ? "" : " ") + line;
    }
    EXPECT_EQ(joined, text);
}

TEST(Contours, OfAConeAreClosedRingsAtTheirLevel) {
    Contours contours;
    contours.width = contours.height = 41;
    contours.x_min = contours.y_min = -1;
    contours.x_max = contours.y_max = 1;
    contours.levels = 9;
    for (int j = 0; j < 41; ++j)
        for (int i = 0; i < 41; ++i)
            contours.values.push_back(static_cast<float>(std::hypot((i - 20) / 20.5, (j - 20) / 20.5)));
    int rings = 0;
    for (const ContourLine& line : contour_lines(contours)) {
        for (std::size_t i = 0; i < line.x.size(); ++i) EXPECT_NEAR(std::hypot(line.x[i], line.y[i]), line.level, 0.02);
        rings += line.x.front() == line.x.back() && line.y.front() == line.y.back();
    }
    EXPECT_GE(rings, 6);
    contours.values[5] = NAN;
    EXPECT_FALSE(contour_lines(contours).empty());
}

} // namespace
} // namespace attnscope
