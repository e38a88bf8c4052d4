// The energy landscape on a plane through the centroid, the memories on it and the way of the state.
#include "analyses/retrieval/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::retrieval {
namespace {

// Of basins, by population; the rest share one colour and one name.
constexpr int named_basins = 6;

std::string basin_name(const View& view, const Plane& plane, int basin) {
    const double support =
        static_cast<std::size_t>(basin) < plane.basin_support.size() ? plane.basin_support[basin] : 0;
    const std::size_t n = memory_count(view);
    if (n > 0 && support > 0.5 * static_cast<double>(n)) return "global mean";
    const std::string memory = static_cast<std::size_t>(basin) < plane.basin_memory.size()
                                   ? memory_name(view.bank.get(), plane.basin_memory[basin], 18)
                                   : "basin " + std::to_string(basin + 1);
    return support < 2 ? memory : memory + " and " + format_number(std::round(support) - 1, 6) + " more";
}

HeatMap basin_map(const View& view, const Plane& plane) {
    HeatMap map;
    map.width = plane.basin_width;
    map.height = plane.basin_height;
    int last = -1;
    for (const int basin : plane.basin) {
        if (basin == Plane::unsettled_basin) {
            map.values.push_back(std::numeric_limits<float>::quiet_NaN()); // hatched
            continue;
        }
        const int shown = std::min(basin, named_basins);
        map.values.push_back(static_cast<float>(shown));
        last = std::max(last, shown);
    }
    for (int basin = 0; basin <= last; ++basin)
        map.category_names.push_back(basin == named_basins ? "other fixed points" : basin_name(view, plane, basin));
    map.label = "basin of";
    map.colour_bar = false;
    return map;
}

/// "0.1 %" of 1e-3.
std::string percent(double share) {
    return format_number(100 * share, 2) + "\u2009%";
}

std::string basin_caption(const Plane& plane) {
    std::string text = "Colours: the fixed point reached from each cell, its heaviest memory and how many more share "
                       "it; ";
    text += plane.basin_directions
                ? "end states whose directions, as unit vectors, are within " + percent(plane.basin_merge) +
                      " of each other are one. "
                : "end states within " + percent(plane.basin_merge) + " of the longest memory are one. ";
    if (plane.basin_unsettled > 0)
        text += "Hatched: " + format_count(plane.basin_unsettled) + " of " + format_count(plane.basin.size()) +
                " cells whose state has not settled after " + std::to_string(plane.basin_steps) +
                " steps and is no fixed point. ";
    else
        text += "Every cell has settled within " + std::to_string(plane.basin_steps) + " steps. ";
    return text;
}

} // namespace

Figure plane_figure(const View& view, const Plane& plane) {
    Figure figure = start_figure(view, "retrieval.plane");
    say(figure, choice_name(view.mode));
    say(figure, beta_text(view.beta));
    Axes axes;
    axes.x.label = plane.x_label;
    axes.y.label = plane.y_label;
    axes.x.range = {plane.x_min, plane.x_max};
    axes.y.range = {plane.y_min, plane.y_max};
    const bool basins =
        !plane.basin.empty() && plane.basin.size() == static_cast<std::size_t>(plane.basin_width) * plane.basin_height;
    const bool energy =
        !plane.energy.empty() && plane.energy.size() == static_cast<std::size_t>(plane.width) * plane.height;
    const auto place = [&](auto element) {
        element.x_min = plane.x_min;
        element.x_max = plane.x_max;
        element.y_min = plane.y_min;
        element.y_max = plane.y_max;
        axes.elements.push_back(std::move(element));
    };
    if (basins) {
        place(basin_map(view, plane));
    } else if (energy) {
        HeatMap map;
        map.width = plane.width;
        map.height = plane.height;
        map.values = plane.energy;
        map.label = "energy E on the plane";
        map.smooth = true;
        place(std::move(map));
    }
    if (energy) {
        Contours contours;
        contours.width = plane.width;
        contours.height = plane.height;
        contours.values = plane.energy;
        contours.colour = basins ? Colour{Colour::Role::text, 0, 0.35f} : Colour{Colour::Role::light, 0, 0.4f};
        place(std::move(contours));
    }

    Points memories;
    memories.colour = basins ? Colour{Colour::Role::text, 0, 0.6f} : Colour{Colour::Role::light, 0, 0.65f};
    memories.size = 0.45f;
    memories.ids = plane.memory_index;
    for (const auto& memory : plane.memories) {
        memories.x.push_back(memory[0]);
        memories.y.push_back(memory[1]);
    }
    if (memories.ids.size() != memories.x.size()) memories.ids.clear();
    if (!memories.x.empty()) axes.elements.push_back(std::move(memories));

    if (!plane.trajectory.empty()) {
        Line path;
        for (const auto& state : plane.trajectory) {
            path.x.push_back(state[0]);
            path.y.push_back(state[1]);
        }
        path.colour = {Colour::Role::critical};
        path.width = 1.6f;
        path.markers = true;
        const std::size_t at = std::min<std::size_t>(std::max(view.step, 0), path.x.size() - 1);
        Annotation start;
        start.x = path.x.front();
        start.y = path.y.front();
        start.text = "\u2009\u2009\u2009query";
        start.colour = basins ? Colour{Colour::Role::text} : Colour{Colour::Role::light};
        Points halo, now;
        halo.x = now.x = {path.x[at]};
        halo.y = now.y = {path.y[at]};
        halo.colour = {Colour::Role::light};
        halo.size = 2.1f;
        now.colour = {Colour::Role::accent};
        now.size = 1.6f;
        axes.elements.push_back(std::move(path));
        axes.elements.push_back(std::move(start));
        axes.elements.push_back(std::move(halo));
        axes.elements.push_back(std::move(now));
    }
    // Angles are true where the plane's shape allows it; a long thin one is stretched rather than tiny.
    const double aspect = (plane.x_max - plane.x_min) / std::max(plane.y_max - plane.y_min, 1e-300);
    axes.equal_aspect = aspect > 0.6 && aspect < 2.4;
    figure.axes.push_back(std::move(axes));

    if (plane.memories.size() < plane.memories_total)
        say(figure,
            format_count(plane.memories.size()) + " of " + format_count(plane.memories_total) + " memories drawn");
    say(figure, "step " + std::to_string(std::min<std::size_t>(std::max(view.step, 0),
                                                               std::max<std::size_t>(plane.trajectory.size(), 1) - 1)));
    if (basins) {
        const std::size_t points = plane.basin_support.size();
        say(figure, format_count(points) + (points == 1 ? " fixed point" : " fixed points"));
        if (plane.basin_unsettled > 0)
            say(figure, format_count(plane.basin_unsettled) + " of " + format_count(plane.basin.size()) +
                            " cells not settled (hatched)");
    }
    figure.caption = std::string("Energy at points of the plane itself; memories and states are projected onto it, so "
                                 "their own energy may differ from the colour beneath. ") +
                     (basins ? basin_caption(plane) : "") + exact_over(plane.memories_total);
    return figure;
}

} // namespace attnscope::retrieval
