// Draws the elements of an Axes into a plot's rectangle, and finds what lies under the cursor.
#pragma once

#include "widgets/decimate.h"
#include "widgets/plot_area.h"
#include "widgets/texture.h"
#include "widgets/theme.h"

#include <attnscope/figure.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace attnscope::ui {

/// Numbers of the cells of a heat map that are in sight, row by row.
struct CellNumbers {
    int first_row = 0, end_row = 0, first_column = 0, end_column = 0, digits = 0;
    std::uint64_t generation = ~std::uint64_t{0};
    std::vector<std::string> texts; ///< empty where there is no value
};

/// What is costly of an element's picture, kept as long as what it was made from stays.
struct ElementCache {
    std::uint64_t generation = ~std::uint64_t{0};
    // lines: decimated for these limits and this many columns
    Series series;
    double low = 0, high = 0;
    int columns = -1;
    // heat maps
    Texture texture;
    std::array<double, 2> range{0, 0};
    int repeat = 0;
    Theme theme = Theme::dark;
    bool has_nulls = false;
    CellNumbers numbers;
    // contours
    std::vector<std::array<double, 4>> segments;
};

/// What an axes keeps between frames besides its limits.
struct AxesCache {
    std::vector<ElementCache> elements;
    std::set<std::string> hidden;                      ///< series switched off in the legend
    std::optional<std::array<double, 2>> locked_range; ///< of the colour bar
    /// Of the values of heat maps, by where they lie; forgotten when the figure changes.
    mutable std::map<const float*, std::array<double, 2>> value_ranges;
};

struct ElementStyle {
    const ThemeColours& theme;
    std::uint64_t generation = 0;
    std::optional<std::uint32_t> selected_id; ///< ringed among the points
    std::vector<ImVec4> taken;                ///< rectangles that labels keep out of: min x, min y, max x, max y
};

/// Draws all elements in order. Elements whose series is hidden are left out.
void draw_elements(const Axes& axes, const PlotArea& area, AxesCache& cache, ElementStyle& style);

/// The thing under the cursor: a point, bar, line vertex or cell, nearest first.
struct FigureHit {
    int axes = 0;
    double x = 0, y = 0;
    std::optional<double> value{};            ///< of a cell
    std::optional<std::array<int, 2>> cell{}; ///< its column and row in the heat map
    std::optional<std::uint32_t> id{};        ///< of a point that has one
    std::string series;
    ImVec2 pixel;
};
std::optional<FigureHit> hit_elements(const Axes& axes, const PlotArea& area, const AxesCache& cache, ImVec2 mouse);

/// The range a heat map's colours span now.
std::array<double, 2> colour_range(const HeatMap& map, const AxesCache& cache);
/// The first heat map of an axes that has a colour bar or category names to explain.
const HeatMap* explained_heat_map(const Axes& axes);

/// The legend entry of an element; empty when it has none.
const std::string& element_name(const Element& element);
ImU32 element_colour(const Colour& colour, const ThemeColours& theme, float strength);

void draw_dashed(ImDrawList& draw, ImVec2 from, ImVec2 to, ImU32 colour, float thickness, float dash, float& phase);

} // namespace attnscope::ui
