// What is said of a residual sweep without running a model: its text, its verdict, its tables and figures.
#include <attnscope/residual_figures.h>
#include <attnscope/residual_recipe.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace attnscope::test {
namespace {

using residual::CurvePoint;
using residual::Result;
using residual::View;

TEST(SweptText, IsItsParagraphsJoinedByAnEmptyLine) {
    EXPECT_EQ(joined_paragraphs("\n\n one\r\ntwo \n \t\n\n\nthree\n\n"), " one\ntwo \n\nthree");
    EXPECT_EQ(joined_paragraphs("a\n\nb"), "a\n\nb");
    EXPECT_EQ(joined_paragraphs(" \n\n"), "");
}

/// Perplexities 10 and 20 at the ends, and what ranks 1, 2 and 4 recover.
Result sample(std::vector<double> recovered) {
    Result result;
    result.plan.layers = {1};
    result.plan.heads = {{1, 0}, {1, 1}};
    result.plan.blocks = 2;
    result.plan.calibration_blocks = 1;
    result.layers = 2;
    result.heads = 2;
    result.head_dim = 4;
    result.ids = {1, 2, 3, 4, 5, 6};
    const auto loss = [](double ppl) {
        residual::Loss loss;
        loss.ppl = ppl;
        loss.nll = std::log(ppl);
        loss.delta_ppl = ppl - 10;
        loss.token_nll = {0.5f, 1.5f, 2.5f, static_cast<float>(ppl)};
        return loss;
    };
    result.baseline = result.full = loss(10);
    result.top1 = loss(20);
    int rank = 1;
    for (const double share : recovered) {
        CurvePoint point;
        point.rank = rank;
        point.loss = loss(20 - share / 10);
        point.recovered_ppl = point.recovered_nll = share;
        result.plan.ranks.push_back(rank);
        result.curve.push_back(std::move(point));
        rank *= 2;
    }
    for (int head = 0; head < 2; ++head) {
        residual::HeadSpectrum spectrum;
        spectrum.layer = 1;
        spectrum.head = head;
        spectrum.variance = {6, 3, 1, 0};
        spectrum.cumulative = {0.6, 0.9, 1, 1};
        spectrum.r90 = 2 + head;
        result.spectrum.push_back(std::move(spectrum));
    }
    result.effective_dim_mean = 2.5;
    return result;
}

TEST(ResidualVerdict, IsTheSmallestRankThatRecoversEnoughOrElseTheBest) {
    EXPECT_EQ(residual::verdict(sample({50, 90, 95})).text(), "YES at rank 2");
    EXPECT_EQ(residual::verdict(sample({50, 89.9, 70})).text(), "PARTIAL, best at rank 2");
    EXPECT_EQ(residual::verdict(sample({60, 60})).rank, 1);
    Result backwards = sample({40, 93, 99});
    std::ranges::reverse(backwards.curve);
    EXPECT_EQ(residual::verdict(backwards).rank, 2);
    Result harmless = sample({50});
    harmless.top1 = harmless.baseline;
    EXPECT_EQ(residual::verdict(harmless).text(), "NOT APPLICABLE");
    EXPECT_EQ(residual::verdict(Result()).label, residual::Verdict::Label::not_applicable);
}

TEST(ResidualTable, HasARowAnOutputAndEmptyFieldsForNothing) {
    const std::string csv = residual_result_csv(sample({50, 95}));
    EXPECT_EQ(std::ranges::count(csv, '\n'), 6);
    EXPECT_NE(csv.find("\nbaseline,,"), std::string::npos);
    EXPECT_NE(csv.find("\nrank,2,"), std::string::npos);
    EXPECT_TRUE(csv.ends_with(",95,95\n")) << csv;
    EXPECT_NE(residual_result_text(sample({50, 95})).find("YES at rank 2"), std::string::npos);
}

TEST(ResidualFigures, ShowTheCursorTheReplacedHeadsAndWhatTokensPay) {
    const Result result = sample({50, 95});
    View view;
    view.model_name = "m";
    view.layer = 1;
    view.rank = 2;
    view.block = 1;
    const Figure curve = residual::curve_figure(view, result);
    ASSERT_EQ(curve.axes.size(), 2u);
    EXPECT_EQ(curve.axes[0].x.categories, (std::vector<std::string>{"1", "2"}));
    EXPECT_NE(curve.subtitle.find("YES at rank 2"), std::string::npos);
    const Figure map = residual::map_figure(view, 2, 2, result.spectrum, &result.plan);
    const auto* const cells = std::get_if<HeatMap>(&map.axes[0].elements.front());
    ASSERT_TRUE(cells);
    EXPECT_TRUE(std::isnan(cells->values[0]));
    EXPECT_EQ(cells->values[3], 3);
    EXPECT_FALSE(residual::variance_figure(view, result.spectrum).axes[0].elements.empty());
    EXPECT_FALSE(residual::spectrum_figure(view, result.spectrum).axes[0].elements.empty());
    const std::vector<float> costs = residual::token_costs(view, result);
    ASSERT_EQ(costs.size(), 3u);
    EXPECT_TRUE(std::isnan(costs[0]));
    EXPECT_NEAR(costs[2], 0.5, 1e-6); // of perplexities 10.5 and 10, as the sample has it
    const Figure text = residual::text_figure(view, result);
    EXPECT_EQ(std::get<Bars>(text.axes[0].elements.front()).value.size(), 2u);
    view.block = 9;
    EXPECT_TRUE(residual::token_costs(view, result).empty());
    for (const std::string& id : residual::panel_ids()) EXPECT_STRNE(residual::panel_title(id), "") << id;
    const Figure empty = residual::curve_figure(view, Result());
    EXPECT_FALSE(figure_svg(empty, built_in_styles().front()).empty());
}

} // namespace
} // namespace attnscope::test
