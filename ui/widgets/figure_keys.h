// What explains a plot's colours: the legend and the colour bar with its range lock.
#pragma once

#include "widgets/figure_elements.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace attnscope::ui {

struct LegendEntry {
    std::string name;
    Colour colour;
    enum class Swatch { line, dashes, dot, patch } swatch = Swatch::line;
};
/// Named series in drawing order, each name once, then the categories of a heat map.
std::vector<LegendEntry> legend_entries(const Axes& axes);

/// Size of the box with its padding; {0, 0} without entries.
ImVec2 legend_size(const std::vector<LegendEntry>& entries, float em);
/// Where the box covers least of the lines and points: the wanted corner unless another one is clearer.
ImVec2 legend_place(const Axes& axes, const PlotArea& area, const AxesCache& cache, ImVec2 size);
/// Where a legend goes by the axes' wish; categories of a heat map are always explained.
Axes::Legend legend_wish(const Axes& axes);
/// Draws the box with its upper left corner at `at`; a click on an entry hides or shows its series. True while the
/// cursor is over it.
bool draw_legend(const std::vector<LegendEntry>& entries, ImVec2 at, ImDrawList& draw, float em, float strength,
                 const ThemeColours& theme, AxesCache& cache);

/// Height of the entries side by side in rows of at most `width`.
float legend_rows_height(const std::vector<LegendEntry>& entries, float width, float em);
/// Draws them so, without a box, those of `hidden` faint. The name of the entry that was clicked; none without a click.
std::optional<std::string> draw_legend_rows(const std::vector<LegendEntry>& entries, ImVec2 at, float width,
                                            ImDrawList& draw, float em, float strength, const ThemeColours& theme,
                                            const std::set<std::string>& hidden);

/// Width that the colour bar of `map` wants beside a plot, labels included.
float colour_bar_width(const HeatMap& map, const AxesCache& cache, float em);
/// Draws it from `top` over `height` pixels; its button fixes the range of the colours as they are now.
void draw_colour_bar(const HeatMap& map, ImVec2 top, float height, ImDrawList& draw, float em, float strength,
                     const ThemeColours& theme, AxesCache& cache);

} // namespace attnscope::ui
