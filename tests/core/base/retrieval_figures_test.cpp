// The pictures of the retrieval workspace: what has not settled is hatched and said.
#include "support/retrieval_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

using namespace retrieval;

/// Made once: it takes longer than the tests do.
const test::RetrievalSample& shared_sample() {
    static const test::RetrievalSample sample;
    return sample;
}

template <class Wanted>
const Wanted* first_of(const Axes& axes) {
    for (const Element& element : axes.elements)
        if (const auto* wanted = std::get_if<Wanted>(&element)) return wanted;
    return nullptr;
}

const Band* hatched_band(const Axes& axes) {
    for (const Element& element : axes.elements)
        if (const auto* band = std::get_if<Band>(&element); band && band->hatched) return band;
    return nullptr;
}

TEST(RetrievalFigures, CellsThatHaveNotSettledAreHatchedAndCounted) {
    const test::RetrievalSample& sample = shared_sample();
    Plane plane = sample.basins;
    const Figure figure = plane_figure(sample.view, plane);
    const auto* const map = first_of<HeatMap>(figure.axes[0]);
    ASSERT_NE(map, nullptr);
    EXPECT_FALSE(map->blank_nulls);
    for (std::size_t cell = 0; cell < plane.basin.size(); ++cell)
        EXPECT_EQ(std::isnan(map->values[cell]), plane.basin[cell] == Plane::unsettled_basin) << cell;
    EXPECT_NE(figure.subtitle.find("3 of 768 cells not settled"), std::string::npos) << figure.subtitle;
    EXPECT_NE(figure.caption.find("3 of 768 cells whose state has not settled after 40 steps"), std::string::npos)
        << figure.caption;
    EXPECT_NE(figure.caption.find("within 1\u2009% of the longest memory"), std::string::npos) << figure.caption;

    std::replace(plane.basin.begin(), plane.basin.end(), int{Plane::unsettled_basin}, 0);
    plane.basin_unsettled = 0;
    const Figure settled = plane_figure(sample.view, plane);
    EXPECT_EQ(settled.subtitle.find("not settled"), std::string::npos);
    EXPECT_NE(settled.caption.find("Every cell has settled within 40 steps"), std::string::npos) << settled.caption;
}

TEST(RetrievalFigures, ABetaThatHasNotSettledIsHatchedAndHasNoGap) {
    const test::RetrievalSample& sample = shared_sample();
    Sweep sweep = sample.sweep;
    sweep.settled_up.assign(sweep.betas.size(), 1);
    sweep.settled_down = sweep.settled_up;
    EXPECT_EQ(hatched_band(hysteresis_figure(sample.view, sample.spectrum, sweep).axes[0]), nullptr);
    sweep.settled_up[30] = 0;
    const Figure figure = hysteresis_figure(sample.view, sample.spectrum, sweep);
    EXPECT_NE(figure.subtitle.find("1 of 60 β not settled"), std::string::npos) << figure.subtitle;
    for (const Axes& axes : figure.axes) {
        const Band* const hatched = hatched_band(axes);
        ASSERT_NE(hatched, nullptr);
        EXPECT_LT(hatched->x.front(), sweep.betas[30]);
        EXPECT_GT(hatched->x.front(), sweep.betas[29]);
        EXPECT_GT(hatched->x.back(), sweep.betas[30]);
        EXPECT_LT(hatched->x.back(), sweep.betas[31]);
        for (const Element& element : axes.elements)
            if (const auto* gap = std::get_if<Band>(&element); gap && !gap->hatched) {
                for (std::size_t b = 0; b < sweep.betas.size(); ++b) EXPECT_EQ(std::isnan(gap->low[b]), b == 30) << b;
            }
    }
    for (const std::string& bytes : {figure_svg(figure, built_in_styles().front()),
                                     figure_matplotlib(figure, built_in_styles().front(), "data.npz")})
        EXPECT_NE(bytes.find("hatch"), std::string::npos);
    EXPECT_NE(figure_json(figure).find("\"hatched\""), std::string::npos);
}

TEST(RetrievalFigures, SeparationNamesItsSpaceAndItsSample) {
    const test::RetrievalSample& sample = shared_sample();
    Separation separation = sample.separation;
    separation.centered = false;
    Figure figure = separation_figure(sample.view, separation);
    EXPECT_NE(figure.axes[0].x.label.find("(raw memories)"), std::string::npos);
    EXPECT_NE(figure.caption.find("mode raw"), std::string::npos);
    EXPECT_NE(figure.caption.find("memories drawn at random, each against all"), std::string::npos);
    separation.centered = true;
    figure = separation_figure(sample.view, separation);
    EXPECT_NE(figure.axes[0].x.label.find("(centred memories)"), std::string::npos);
}

} // namespace
} // namespace attnscope
