// The pictures of the Alignment workspace: what they show of tables, and what they say where there is nothing.
#include <attnscope/alignment_figures.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace attnscope::test {
namespace {

using namespace alignment;

/// 3 layers, 2 heads, hidden 8: cosines that tell their place.
class AlignmentFigures : public testing::Test {
protected:
    AlignmentFigures() {
        operators.name = "made";
        operators.layers = 3;
        operators.heads = 2;
        operators.head_dim = 2;
        operators.hidden = 8;
        operators.gram.assign(18, 0);
        comparison.cos.assign(18, 0);
        for (int head = 0; head < 2; ++head)
            for (int a = 0; a < 3; ++a)
                for (int b = 0; b < 3; ++b) {
                    const double cos = a == b ? 1 : 0.1 * (a + b) * (head == 0 ? 1 : -1);
                    operators.gram[static_cast<std::size_t>((a * 3 + b) * 2 + head)] = cos;
                    comparison.cos[static_cast<std::size_t>((head * 3 + a) * 3 + b)] = cos;
                }
        chance.cos_std = 1.0 / 8;
    }
    Shown shown() const { return {operators, comparison, chance}; }
    template <class Kind>
    static const Kind* first(const Axes& axes) {
        for (const Element& element : axes.elements)
            if (const auto* found = std::get_if<Kind>(&element)) return found;
        return nullptr;
    }
    static bool says(const Figure& figure, const std::string& words) {
        return std::ranges::any_of(figure.axes.front().elements, [&](const Element& element) {
            const auto* note = std::get_if<Annotation>(&element);
            return note && note->text.find(words) != std::string::npos;
        });
    }
    Operators operators;
    Comparison comparison;
    Chance chance;
};

TEST_F(AlignmentFigures, TheMapIsOfOneHeadOrTheirMean) {
    View view;
    view.head = 1;
    const Figure of_head = map_figure(view, shown());
    const auto* map = first<HeatMap>(of_head.axes.front());
    ASSERT_TRUE(map);
    EXPECT_FLOAT_EQ(map->values[1], -0.1f);
    EXPECT_FLOAT_EQ(map->values[5], -0.3f);
    ASSERT_TRUE(map->range);
    EXPECT_DOUBLE_EQ((*map->range)[1], 0.3) << "the largest off the diagonal";
    view.head = -1;
    EXPECT_FLOAT_EQ(first<HeatMap>(map_figure(view, shown()).axes.front())->values[1], 0);
}

TEST_F(AlignmentFigures, TilesHoldEveryHead) {
    const Figure figure = heads_figure({}, shown());
    const auto* map = first<HeatMap>(figure.axes.front());
    ASSERT_TRUE(map);
    const Tiles tiles = tiles_of(3, 2);
    EXPECT_EQ(map->width, tiles.columns * 4);
    EXPECT_FLOAT_EQ(map->values[static_cast<std::size_t>(tiles.gap * map->width + 1)], 0.1f)
        << "head 0, layers 0 and 1";
    EXPECT_TRUE(std::isnan(map->values[0])) << "its number stands there";
}

TEST_F(AlignmentFigures, TheProfileStandsOnChance) {
    View view;
    view.anchor = 0;
    const Figure figure = profile_figure(view, shown());
    ASSERT_EQ(figure.axes.size(), 2u);
    EXPECT_TRUE(first<Band>(figure.axes[0]) && first<Band>(figure.axes[1]));
    const auto* cos = first<Line>(figure.axes[0]);
    ASSERT_TRUE(cos);
    EXPECT_TRUE(std::isnan(cos->y[0])) << "the anchor, 1 by definition, would hide the others";
    EXPECT_EQ(cos->y[1], 0);
}

TEST_F(AlignmentFigures, SignsStandOnTheSignsOfRandomOperators) {
    operators.values = 4;
    operators.spectrum.assign(24, 1);
    View view;
    EXPECT_FALSE(first<Band>(signs_figure(view, shown()).axes.front())) << "drawn before they are there";
    SignChance signs;
    signs.rows = {{2, {0.5, 0.75}, {0.25, 1}}, {4, {0.5, 0.625}, {0.375, 0.75}}};
    signs.operators = 64;
    Shown with_signs = shown();
    with_signs.signs = &signs;
    view.head = -1;
    const Figure of_mean = signs_figure(view, with_signs);
    const auto* band = first<Band>(of_mean.axes.front());
    ASSERT_TRUE(band);
    EXPECT_EQ(band->low, (std::vector<double>{0.5, 0.5}));
    EXPECT_EQ(band->high, (std::vector<double>{0.75, 0.625}));
    EXPECT_NE(of_mean.subtitle.find("64 random operators"), std::string::npos) << of_mean.subtitle;
    view.head = 1;
    const Figure of_head = signs_figure(view, with_signs);
    EXPECT_EQ(first<Band>(of_head.axes.front())->high, (std::vector<double>{1, 0.75}));
}

TEST_F(AlignmentFigures, WhatIsMissingIsSaid) {
    View view;
    view.quantity = Quantity::min_cos_pa;
    EXPECT_TRUE(says(map_figure(view, shown()), "no eigendirections"));
    EXPECT_TRUE(says(angles_figure({}, shown()), "no eigendirections"));
    EXPECT_TRUE(says(signs_figure({}, shown()), "no eigenvalues"));
    EXPECT_TRUE(says(spectra_figure({}, shown()), "no eigenvalues"));
    EXPECT_TRUE(says(matched_figure({}, shown()), "not matched"));
    EXPECT_TRUE(says(verdict_figure({}, shown()), "WEAK"));
    for (const std::string& id : panel_ids()) EXPECT_STRNE(panel_title(id), "") << id;
}

} // namespace
} // namespace attnscope::test
