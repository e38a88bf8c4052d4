// The pictures of the attention workspace: drawn in every style, and showing what they should.
#include "support/attention_figure_sample.h"
#include "support/error_of.h"
#include "support/figure_samples.h"
#include "support/readable_figure.h"

#include <cstdlib>
#include <filesystem>

namespace attnscope {
namespace {

using namespace attention;
using test::AttentionFigureSample;

template <class Wanted>
std::vector<const Wanted*> elements_of(const Axes& axes) {
    std::vector<const Wanted*> found;
    for (const Element& element : axes.elements)
        if (const auto* wanted = std::get_if<Wanted>(&element)) found.push_back(wanted);
    return found;
}

TEST(AttentionFigures, AreReadableInEveryStyle) {
    AttentionFigureSample sentence, nothing_said(7);
    const AttentionFigureSample page(300), token(2);
    sentence.view.tokens[3] = "</text>\xff\x01";
    nothing_said.view.tokens.clear();
    for (const AttentionFigureSample& sample : {sentence, page, token, nothing_said})
        for (const Figure& figure : sample.figures())
            for (const Style& style : built_in_styles()) test::expect_readable(figure, style);
}

TEST(AttentionFigures, AreWrittenInEveryForm) {
    const AttentionFigureSample sample;
    for (const Figure& figure : sample.figures()) {
        const Style style = built_in_styles().front();
        EXPECT_EQ(figure.id.substr(0, 10), "attention.");
        EXPECT_EQ(figure.title, panel_title(figure.id));
        EXPECT_NE(figure.subtitle.find("SmolLM2"), std::string::npos);
        for (const std::string& bytes :
             {figure_svg(figure, style), figure_pdf(figure, style), figure_csv(figure), figure_json(figure),
              figure_npz(figure), figure_png(figure, style, 72), figure_matplotlib(figure, style, "data.npz")})
            EXPECT_GT(bytes.size(), 100u) << figure.id;
    }
}

TEST(AttentionFigures, HeadsShowTheChosenScoreAndOutlineTheSelectedCell) {
    AttentionFigureSample sample;
    Result result = sample.heads(4, 3);
    result.first_layer = 2;
    sample.view.layer = 3;
    for (const HeadColour colour : {HeadColour::entropy, HeadColour::max_weight, HeadColour::sink, HeadColour::previous,
                                    HeadColour::duplicate, HeadColour::induction}) {
        sample.view.colour = colour;
        EXPECT_EQ(parse_choice<attention::HeadColour>("colour", choice_name(colour)), colour);
        const Figure figure = heads_figure(sample.view, result);
        const auto maps = elements_of<HeatMap>(figure.axes.at(0));
        ASSERT_EQ(maps.size(), 1u);
        EXPECT_EQ(maps[0]->y_min, 1.5);
        EXPECT_EQ(maps[0]->y_max, 5.5);
        EXPECT_FALSE(maps[0]->blank_nulls) << "a score that could not be computed is hatched";
        const auto outline = elements_of<Line>(figure.axes.at(0));
        ASSERT_EQ(outline.size(), 2u);
        EXPECT_EQ(outline[1]->x, (std::vector<double>{1.5, 2.5, 2.5, 1.5, 1.5}));
        EXPECT_EQ(outline[1]->y, (std::vector<double>{2.5, 2.5, 3.5, 3.5, 2.5}));
    }
    EXPECT_EQ(test::error_of([] { parse_choice<attention::HeadColour>("colour", "blue"); })->kind, ErrorKind::usage);
}

TEST(AttentionFigures, MapLeavesMaskedCellsBlankAndOutlinesTheQuery) {
    AttentionFigureSample sample;
    const Figure figure = map_figure(sample.view, sample.map());
    const Axes& axes = figure.axes.at(0);
    const auto maps = elements_of<HeatMap>(axes);
    ASSERT_EQ(maps.size(), 1u);
    EXPECT_TRUE(maps[0]->blank_nulls);
    EXPECT_EQ(axes.x.categories.at(1), "river");
    EXPECT_EQ(axes.x.categories.at(7), "↵");
    EXPECT_EQ(axes.x.categories.at(9), "␣");
    EXPECT_TRUE(axes.y.reversed);
    const auto outline = elements_of<Line>(axes);
    ASSERT_EQ(outline.size(), 2u);
    EXPECT_EQ(outline[1]->x, (std::vector<double>{-0.5, 23.5, 23.5, -0.5, -0.5}));
    EXPECT_EQ(outline[1]->y, (std::vector<double>{22.5, 22.5, 23.5, 23.5, 22.5}));
}

TEST(AttentionFigures, LongMapsHaveNumberedAxes) {
    const AttentionFigureSample sample(300);
    const Figure figure = map_figure(sample.view, sample.map(100));
    EXPECT_TRUE(figure.axes.at(0).x.categories.empty());
    EXPECT_NE(figure.caption.find("shows the largest"), std::string::npos);
}

TEST(AttentionFigures, TextShowsTheWeightOfEveryTokenSeen) {
    const AttentionFigureSample sentence, page(300);
    const Figure few = text_figure(sentence.view, sentence.row()), many = text_figure(page.view, page.row());
    EXPECT_EQ(elements_of<Bars>(few.axes.at(0)).at(0)->value.size(), 24u);
    EXPECT_EQ(few.axes.size(), 1u);
    ASSERT_EQ(many.axes.size(), 2u) << "a long text names its largest weights";
    EXPECT_EQ(elements_of<Bars>(many.axes[0]).at(0)->value.size(), 299u);
    const auto& largest = elements_of<Bars>(many.axes[1]).at(0)->value;
    EXPECT_TRUE(std::is_sorted(largest.rbegin(), largest.rend()));
}

TEST(AttentionFigures, GainIsMarkedWhereTheModelIs) {
    AttentionFigureSample sample;
    const Figure figure = gain_figure(sample.view, sample.gain());
    const auto markers = elements_of<Marker>(figure.axes.at(0));
    const auto at = [&](double value) {
        return std::any_of(markers.begin(), markers.end(),
                           [&](const Marker* marker) { return marker->value == value; });
    };
    EXPECT_TRUE(at(1));
    EXPECT_TRUE(at(2));
    EXPECT_EQ(elements_of<Points>(figure.axes.at(0)).size(), 1u);
    sample.view.gain = INFINITY;
    EXPECT_EQ(elements_of<Points>(gain_figure(sample.view, sample.gain()).axes.at(0)).size(), 0u);
}

TEST(AttentionFigures, AreWrittenToAFolderThatAsksForThem) {
    const char* const folder = std::getenv("ATTNSCOPE_FIGURE_SAMPLES");
    if (folder == nullptr) GTEST_SKIP() << "ATTNSCOPE_FIGURE_SAMPLES is not set";
    const AttentionFigureSample sentence, page(300);
    for (const AttentionFigureSample* sample : {&sentence, &page})
        for (const Figure& figure : sample->figures())
            write_figure(std::filesystem::path(folder) /
                             (figure.id + std::to_string(sample->view.tokens.size()) + ".png"),
                         figure, built_in_styles().front(), 110);
}

TEST(AttentionTiles, HoldWhatIsInSightAndStayWhileItMovesALittle) {
    const MapRegion seen{1000, 1300, 40, 170};
    const MapRegion tile = surrounding_tile(seen, 32768);
    EXPECT_LE(tile.row_begin, 1000);
    EXPECT_GE(tile.row_end, 1300);
    EXPECT_LE(tile.column_begin, 40);
    EXPECT_GE(tile.column_end, 170);
    EXPECT_LE(tile.row_end - tile.row_begin, 600);
    EXPECT_EQ(surrounding_tile({1001, 1301, 41, 171}, 32768), tile);
    const MapRegion end = surrounding_tile({32700, 32768, 32700, 32768}, 32768);
    EXPECT_EQ(end.row_end, 32768);
    EXPECT_EQ(surrounding_tile({0, 10, 0, 10}, 7).row_end, 7);
}

} // namespace
} // namespace attnscope
