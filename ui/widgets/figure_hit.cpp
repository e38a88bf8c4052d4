#include "widgets/figure_elements.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

/// The nearest so far; what is in front (points, bars) wins over what lies behind (lines, cells).
struct Search {
    const PlotArea& area;
    ImVec2 mouse;
    std::optional<FigureHit> best;
    float best_distance = 0;

    float distance(ImVec2 point) const { return std::hypot(point.x - mouse.x, point.y - mouse.y); }
    void offer(float distance, FigureHit hit) {
        if (best && distance >= best_distance) return;
        best_distance = distance;
        best = std::move(hit);
    }
};

void find(const Points& points, const ElementCache&, Search& search) {
    const float reach = std::max(search.area.em * 0.6f, points.size * search.area.em * 0.2f);
    for (std::size_t i = 0; i < points.x.size(); ++i) {
        const ImVec2 pixel = search.area.pixel(points.x[i], points.y[i]);
        const float distance = search.distance(pixel);
        if (!(distance <= reach)) continue;
        FigureHit hit{.x = points.x[i], .y = points.y[i], .series = points.name, .pixel = pixel};
        if (i < points.ids.size()) hit.id = points.ids[i];
        // A point that means something is preferred to one that does not.
        search.offer(distance - (hit.id ? reach : 0), std::move(hit));
    }
}

void find(const Bars& bars, const ElementCache&, Search& search) {
    const ImVec2 mouse = search.mouse;
    const double along = bars.horizontal ? search.area.y.value(mouse.y) : search.area.x.value(mouse.x);
    for (std::size_t i = 0; i < bars.position.size(); ++i) {
        if (std::abs(along - bars.position[i]) > bars.width / 2 || !std::isfinite(bars.value[i])) continue;
        const double x = bars.horizontal ? bars.value[i] : bars.position[i];
        const double y = bars.horizontal ? bars.position[i] : bars.value[i];
        search.offer(search.area.em * 0.5f, {.x = x, .y = y, .series = bars.name, .pixel = search.area.pixel(x, y)});
    }
}

void find(const Line& line, const ElementCache& cache, Search& search) {
    const float reach = search.area.em * 1.2f;
    const Series& series = cache.series;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
        const ImVec2 pixel = search.area.pixel(series.x[i], series.y[i]);
        const float distance = search.distance(pixel);
        if (distance <= reach)
            search.offer(distance, {.x = series.x[i], .y = series.y[i], .series = line.name, .pixel = pixel});
    }
}

void find(const HeatMap& map, const ElementCache&, Search& search) {
    const double x = search.area.x.value(search.mouse.x), y = search.area.y.value(search.mouse.y);
    const int column = int(std::floor((x - map.x_min) / (map.x_max - map.x_min) * map.width));
    const int row = int(std::floor((y - map.y_min) / (map.y_max - map.y_min) * map.height));
    if (column < 0 || row < 0 || column >= map.width || row >= map.height) return;
    const float value = map.values[std::size_t(row) * map.width + column];
    if (map.blank_nulls && !std::isfinite(value)) return;
    FigureHit hit{.x = x, .y = y, .series = plain_label(map.label), .pixel = search.mouse};
    hit.cell = {column, row};
    // A cell is one thing: its middle is read out, not the place in it.
    if (!map.smooth) {
        hit.x = map.x_min + (map.x_max - map.x_min) * (column + 0.5) / map.width;
        hit.y = map.y_min + (map.y_max - map.y_min) * (row + 0.5) / map.height;
    }
    if (std::isfinite(value)) hit.value = value;
    if (hit.value && !map.category_names.empty()) {
        const auto category = std::size_t(std::max(0.0f, value));
        if (category < map.category_names.size()) hit.series = map.category_names[category];
    }
    // Behind everything else; of two maps over each other the finer one.
    const double cell = std::abs(search.area.x.pixel(map.x_max) - search.area.x.pixel(map.x_min)) / map.width;
    search.offer(float(1e6 + std::clamp(cell, 0.0, 1e6)), std::move(hit));
}

} // namespace

std::optional<FigureHit> hit_elements(const Axes& axes, const PlotArea& area, const AxesCache& cache, ImVec2 mouse) {
    Search search{area, mouse, {}, 0};
    for (std::size_t i = 0; i < std::min(axes.elements.size(), cache.elements.size()); ++i) {
        const std::string& name = element_name(axes.elements[i]);
        if (!name.empty() && cache.hidden.contains(name)) continue;
        std::visit(
            [&](const auto& element) {
                if constexpr (requires { find(element, cache.elements[i], search); })
                    find(element, cache.elements[i], search);
            },
            axes.elements[i]);
    }
    return std::move(search.best);
}

} // namespace attnscope::ui
