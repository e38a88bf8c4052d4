#include "drawing/scale.h"

#include "support/error_of.h"
#include "support/figure_samples.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

namespace attnscope {
namespace {

using Values = std::vector<double>;
using Labels = std::vector<std::string>;

TEST(AxisTicks, AreMultiplesOfOneTwoOrFive) {
    EXPECT_EQ(axis_ticks(0, 1, Scale::linear, 6), (Values{0, 0.2, 0.4, 0.6, 0.8, 1}));
    EXPECT_EQ(axis_ticks(-0.3, 0.31, Scale::linear, 7), (Values{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}));
    EXPECT_EQ(axis_ticks(0, 117659, Scale::linear, 5), (Values{0, 50000, 100000}));
}

TEST(AxisTicks, OfALogarithmicAxisAreDecadesOrTheirParts) {
    EXPECT_EQ(axis_ticks(3.4, 218, Scale::logarithmic, 7), (Values{5, 10, 20, 50, 100, 200}));
    EXPECT_EQ(axis_ticks(1, 117659, Scale::logarithmic, 6), (Values{1, 10, 100, 1e3, 1e4, 1e5}));
    EXPECT_EQ(axis_ticks(1e-20, 1, Scale::logarithmic, 3), (Values{1e-20, 1e-10, 1}));
}

TEST(AxisTicks, NeverExceedTheWantedNumberByMuchAndStayInside) {
    for (const Scale scale : {Scale::linear, Scale::logarithmic})
        for (double low = 1e-7; low < 1e7; low *= 3.7)
            for (const double span : {1.001, 1.4, 3.0, 12.0, 4e3, 1e9})
                for (int wanted = 1; wanted < 9; ++wanted) {
                    const auto ticks = axis_ticks(low, low * span, scale, wanted);
                    ASSERT_FALSE(ticks.empty()) << low << ' ' << span;
                    EXPECT_LE(ticks.size(), static_cast<std::size_t>(std::max(wanted, 3)));
                    for (const double tick : ticks) {
                        EXPECT_GE(tick, low - 1e-8 * low * span);
                        EXPECT_LE(tick, low * span * (1 + 1e-8));
                    }
                }
}

TEST(AxisTicks, SurviveWhatIsNoRange) {
    EXPECT_TRUE(axis_ticks(test::nan, 1, Scale::linear, 5).empty());
    EXPECT_TRUE(axis_ticks(0, INFINITY, Scale::linear, 5).empty());
    EXPECT_TRUE(axis_ticks(-1, 1, Scale::logarithmic, 5).empty());
    EXPECT_EQ(axis_ticks(5, 5, Scale::linear, 5), (Values{5}));
    EXPECT_EQ(axis_ticks(1, 0, Scale::linear, 2), (Values{0, 1}));
    EXPECT_FALSE(axis_ticks(1e16, 1e16 + 2, Scale::linear, 5).empty());
    EXPECT_FALSE(axis_ticks(1e-300, 1e300, Scale::logarithmic, 5).empty());
}

TEST(TickLabels, UseAProperMinusPowersAndThinSpaces) {
    EXPECT_EQ(format_tick(-0.5, Scale::linear), "−0.5");
    EXPECT_EQ(format_tick(1e-4, Scale::logarithmic), "10⁻⁴");
    EXPECT_EQ(format_tick(2e-7, Scale::linear), "2×10⁻⁷");
    EXPECT_EQ(format_tick(20000, Scale::linear), "20\u2009000");
    EXPECT_EQ(format_tick(test::nan, Scale::linear), "");
    EXPECT_EQ(format_ticks(Values{1e-4, 1e-3, 0.01, 0.1, 1}, Scale::logarithmic),
              (Labels{"10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"}));
    EXPECT_EQ(format_ticks(Values{0.1 + 0.2, 0.4}, Scale::linear), (Labels{"0.3", "0.4"}));
    EXPECT_EQ(format_count(117659), "117\u2009659");
    EXPECT_EQ(format_number(0.99999e-4, 3), "10⁻⁴");
}

TEST(TickLabels, OfNeighboursDiffer) {
    const auto ticks = axis_ticks(1e9, 1e9 + 1, Scale::linear, 4);
    const auto labels = format_ticks(ticks, Scale::linear);
    for (std::size_t i = 1; i < labels.size(); ++i) EXPECT_NE(labels[i - 1], labels[i]);
}

TEST(DataRange, CoversEveryElementAndIgnoresGaps) {
    const Figure figure = test::every_element();
    const auto x = data_range(figure.axes[0], true, 0);
    EXPECT_DOUBLE_EQ(x[0], 1);
    EXPECT_DOUBLE_EQ(x[1], 50);
    EXPECT_EQ(data_range(Axes{}, true), (std::array<double, 2>{0, 1}));
    const auto bars = data_range(figure.axes[2], false, 0.05);
    EXPECT_EQ(bars[0], 0) << "bars stand on zero";
    EXPECT_GT(bars[1], 27);
}

TEST(ColourTables, AreThePublishedOnesAndTheDivergingOneIsNeutralInTheMiddle) {
    using Entry = std::array<std::uint8_t, 3>;
    EXPECT_EQ(colour_table(ColourMap::viridis)[0], (Entry{0x44, 0x01, 0x54}));
    EXPECT_EQ(colour_table(ColourMap::viridis)[255], (Entry{0xfd, 0xe7, 0x25}));
    EXPECT_EQ(colour_table(ColourMap::cividis)[0], (Entry{0x00, 0x22, 0x4e}));
    const auto& diverging = colour_table(ColourMap::diverging);
    for (const int middle : {127, 128}) {
        const auto [low, high] = std::minmax({diverging[middle][0], diverging[middle][1], diverging[middle][2]});
        EXPECT_LE(high - low, 4);
        EXPECT_GT(low, 230);
    }
    EXPECT_GT(diverging[0][2], diverging[0][0]) << "blue below";
    EXPECT_GT(diverging[255][0], diverging[255][2]) << "red above";
}

TEST(Styles, AreFoundByNameOrReadFromAFile) {
    EXPECT_DOUBLE_EQ(find_style("neurips").width_mm, 139.7);
    EXPECT_DOUBLE_EQ(find_style("nature-wide").width_mm, 183);
    EXPECT_NEAR(find_style("slide").height_ratio, 9.0 / 16, 1e-12);
    const test::TemporaryFolder folder;
    const Style own =
        find_style(folder.put("own.json", R"({"width_mm": 120, "font_pt": 9, "caption": true})").string());
    EXPECT_EQ(own.name, "own");
    EXPECT_DOUBLE_EQ(own.width_mm, 120);
    EXPECT_TRUE(own.caption);
}

TEST(Styles, ThatCannotBeUsedAreRefusedWithTheField) {
    const test::TemporaryFolder folder;
    const auto kind_of = [&](const std::string& name) {
        const auto error = test::error_of([&] { find_style(name); });
        return error ? error->kind : ErrorKind::internal;
    };
    EXPECT_EQ(kind_of("springer"), ErrorKind::usage);
    for (const char* bad :
         {"[1]", "{", R"({"width_mm": "wide"})", R"({"width_mm": -1})", R"({"font_pt": 1e999})", R"({"colour": 1})"}) {
        EXPECT_EQ(kind_of(folder.put("bad.json", bad).string()), ErrorKind::input) << bad;
    }
    EXPECT_NE(
        test::message_of([&] { find_style(folder.put("b.json", R"({"width_mm": -1})").string()); }).find("width_mm"),
        std::string::npos);
}

} // namespace
} // namespace attnscope
