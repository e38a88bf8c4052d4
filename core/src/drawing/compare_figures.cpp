#include <attnscope/compare_figures.h>

#include "drawing/figure_text.h"

#include <attnscope/jacobian_experiment_figures.h>

#include <algorithm>
#include <array>
#include <utility>

namespace attnscope {
namespace {

/// The curve that stands for its axes: the accented one, else the widest.
const Line* leading_line(const Axes& axes) {
    const Line* leading = nullptr;
    const auto weight = [](const Line& line) {
        return line.width + (line.colour.role == Colour::Role::accent ? 100.0f : 0.0f);
    };
    for (const Element& element : axes.elements)
        if (const auto* line = std::get_if<Line>(&element); line && (!leading || weight(*line) > weight(*leading)))
            leading = line;
    return leading;
}

const HeatMap* heat_map_of(const Figure& figure) {
    if (figure.axes.empty()) return nullptr;
    for (const Element& element : figure.axes.front().elements)
        if (const auto* map = std::get_if<HeatMap>(&element)) return map;
    return nullptr;
}

/// False, and nothing changed, where the two do not have the same cells.
bool subtract_pinned(Figure& figure, const Figure& pinned) {
    const HeatMap* const found = heat_map_of(figure);
    const HeatMap* const other = heat_map_of(pinned);
    const auto place = [](const HeatMap& m) { return std::array{m.x_min, m.x_max, m.y_min, m.y_max}; };
    if (!found || !other || found->width != other->width || found->height != other->height ||
        place(*found) != place(*other))
        return false;
    HeatMap& map = const_cast<HeatMap&>(*found); // of a figure that is ours to change
    for (std::size_t i = 0; i < map.values.size(); ++i) map.values[i] -= other->values[i];
    map.map = ColourMap::diverging;
    map.range.reset();
    const std::string quantity = plain_label(without_colours_end(map));
    map.label = "Δ to A" + (quantity.empty() ? "" : ", " + quantity);
    // A part in detail has nothing that it could be compared with.
    bool first = true;
    std::erase_if(figure.axes.front().elements, [&first](const Element& element) {
        return std::holds_alternative<HeatMap>(element) && !std::exchange(first, false);
    });
    return true;
}

void add_pinned_beside(Figure& figure, const Figure& pinned) {
    figure.axes.resize(1);
    figure.axes.front().title = "now";
    figure.axes.push_back(pinned.axes.front());
    figure.axes.back().title = "A";
    figure.columns = 2;
}

/// Of workspaces whose other panels show what no other view has one for one.
constexpr std::array<std::string_view, 8> compared_panels{"retrieval.entropy", "retrieval.trajectories",
                                                          "retrieval.weights", "cv.map",
                                                          "cv.training",       "cv.grid",
                                                          "cv.relation",       "jacobian.map"};

} // namespace

bool shows_pinned(std::string_view panel) noexcept {
    const std::string_view workspace = panel.substr(0, panel.find('.'));
    if (workspace == "attention" || workspace == "alignment" || workspace == "residual")
        return !panel.ends_with(".text");
    return std::ranges::find(compared_panels, panel) != compared_panels.end() || jacobian::is_experiment_panel(panel);
}

void overlay_pinned(Figure& figure, const Figure& pinned) {
    bool explained = false;
    for (std::size_t i = 0; i < std::min(figure.axes.size(), pinned.axes.size()); ++i) {
        const Line* const leading = leading_line(pinned.axes[i]);
        if (!leading) continue;
        Line line = *leading;
        line.name = "A";
        line.colour = {.role = Colour::Role::text, .alpha = 0.75f};
        line.width = 1.2f;
        line.dashed = true;
        line.markers = false;
        // Over the fills, under the curves of the current view.
        auto& elements = figure.axes[i].elements;
        const auto first_line = std::find_if(elements.begin(), elements.end(), [](const Element& element) {
            return std::holds_alternative<Line>(element) || std::holds_alternative<Points>(element);
        });
        elements.insert(first_line, std::move(line));
        if (figure.axes[i].legend == Axes::Legend::none && !explained) figure.axes[i].legend = Axes::Legend::top_right;
        explained = true;
    }
}

void compare_with_pinned(Figure& figure, const Figure& pinned, bool beside) {
    if (figure.axes.empty() || pinned.axes.empty()) return;
    if (!heat_map_of(pinned))
        overlay_pinned(figure, pinned);
    else if (beside || !subtract_pinned(figure, pinned))
        add_pinned_beside(figure, pinned);
}

} // namespace attnscope
