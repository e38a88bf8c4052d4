// Figures that use every element, and one full of texts that mean harm.
#pragma once

#include <attnscope/figure.h>

#include <cmath>
#include <limits>

namespace attnscope::test {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

inline Figure every_element() {
    Figure figure;
    figure.id = "test.every";
    figure.title = "Every element";
    figure.subtitle = "a bank · 2 000 of 117 659 memories";
    figure.caption = "What the drawing shows, sampled.";
    figure.recipe =
        R"({"analysis":"retrieval","inputs":[{"role":"bank","name":"bänk (1).npz"}],"params":{"beta":0.5}})";
    figure.columns = 2;
    Axes curves;
    curves.title = "curves";
    curves.x.label = "inverse temperature β";
    curves.x.scale = Scale::logarithmic;
    curves.y.label = "H / ln n";
    curves.y.unit = "nats";
    curves.legend = Axes::Legend::top_right;
    Line line;
    line.name = "step 1";
    line.x = {1, 2, 5, 10, 20, 50};
    line.y = {1, 0.9, nan, 0.5, 0.2, 0.01};
    line.markers = true;
    Band band;
    band.name = "interval";
    band.x = {1, 10, 50};
    band.low = {0.8, 0.3, 0};
    band.high = {1, 0.6, 0.1};
    band.colour = {Colour::Role::muted, 0, 0.3f};
    Points points;
    points.x = {2, 20};
    points.y = {0.4, 0.7};
    points.error_low = {0.3, 0.6};
    points.error_high = {0.5, 0.8};
    points.ids = {17, 4};
    Marker marker;
    marker.value = 12;
    marker.label = "β_c 12";
    Annotation note;
    note.x = note.y = 0.5;
    note.axes_fraction = true;
    note.text = "a note";
    curves.elements = {band, line, points, marker, note};
    Axes map;
    map.title = "cells";
    map.x.categories = {"the", "river", "had", "frozen", "overnight"};
    map.y.categories = {"L0", "L1", "L2"};
    HeatMap cells;
    cells.width = 5;
    cells.height = 3;
    cells.x_min = cells.y_min = -0.5;
    cells.x_max = 4.5;
    cells.y_max = 2.5;
    cells.label = "entropy (nats)";
    for (int i = 0; i < 15; ++i) cells.values.push_back(i == 7 ? NAN : static_cast<float>(i));
    map.elements = {cells};
    Axes bars;
    Bars histogram;
    histogram.name = "memories";
    histogram.position = {-1, 0, 1, 2};
    histogram.value = {3, 9, 27, nan};
    histogram.width = 1;
    bars.elements = {histogram};
    bars.legend = Axes::Legend::outside;
    Axes field;
    HeatMap smooth;
    Contours contours;
    smooth.width = contours.width = 30;
    smooth.height = contours.height = 20;
    for (int j = 0; j < 20; ++j)
        for (int i = 0; i < 30; ++i) smooth.values.push_back(static_cast<float>(std::cos(0.3 * i) + std::sin(0.2 * j)));
    contours.values = smooth.values;
    smooth.smooth = true;
    smooth.map = ColourMap::diverging;
    contours.colour = {Colour::Role::light, 0, 0.5f};
    field.elements = {smooth, contours};
    figure.axes = {curves, map, bars, field};
    return figure;
}

inline Figure hostile_texts() {
    Figure figure = every_element();
    const std::string harm =
        "</text><script>alert('&\"1\"')</script>]]> --> \x01\xff\xc0\xaf \n$\\frac{1}{0}$ \u202e \"\"\"";
    figure.title = figure.subtitle = figure.caption = figure.id = harm;
    figure.recipe = "{\"analysis\":\"</metadata><script>&amp;)(\\\\ \\\"\\u0001 ☃ 𝛽\"}";
    for (Axes& axes : figure.axes) {
        axes.title = axes.x.label = axes.y.unit = harm;
        for (std::string& category : axes.x.categories) category = harm;
    }
    std::get<Line>(figure.axes[0].elements[1]).name = harm;
    std::get<Marker>(figure.axes[0].elements[3]).label = harm;
    std::get<Annotation>(figure.axes[0].elements[4]).text = harm;
    std::get<HeatMap>(figure.axes[1].elements[0]).label = harm;
    return figure;
}

} // namespace attnscope::test
