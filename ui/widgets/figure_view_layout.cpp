// How the plots of a figure share its room, and the legends that have none in or beside their own plot.
#include "widgets/figure_view.h"

#include <algorithm>

namespace attnscope::ui {

std::vector<float> FigureView::column_widths(const Figure& figure, int columns, float width) const {
    const float em = ImGui::GetFontSize();
    std::vector<float> bars(std::size_t(columns), 0);
    float all = 0;
    for (std::size_t i = 0; i < figure.axes.size(); ++i) {
        const HeatMap* const map = explained_heat_map(figure.axes[i]);
        if (!map || !map->colour_bar || !map->category_names.empty()) continue;
        float& bar = bars[i % bars.size()];
        bar = std::max(bar, colour_bar_width(*map, axes_[i].cache, em));
    }
    for (const float bar : bars) all += bar;
    for (float& bar : bars) bar += (width - all) / float(columns);
    return bars;
}

std::vector<LegendEntry> FigureView::legends_above(const Figure& figure, const std::vector<ImVec2>& cells,
                                                   const std::vector<float>& margins, bool all) {
    const float em = ImGui::GetFontSize();
    std::vector<LegendEntry> above;
    for (std::size_t i = 0; i < figure.axes.size(); ++i) {
        const Axes& axes = figure.axes[i];
        AxesState& state = axes_[i];
        state.legend_above = false;
        const Axes::Legend wish = legend_wish(axes);
        if (wish == Axes::Legend::none || (!all && wish == Axes::Legend::outside && margins[i] > 0)) continue;
        std::vector<LegendEntry> entries = legend_entries(axes);
        // What labels take of the cell is known once the plot was drawn. The rows above count as the plot's here, or
        // they would come and go.
        const ImVec2 around = state.around.x > 0 ? state.around : ImVec2(em * 4, em * 3),
                     legend = legend_size(entries, em);
        const ImVec2 plot{cells[i].x - around.x, cells[i].y - around.y};
        const bool fits = legend.x < plot.x * 0.75f && legend.y < plot.y * 0.8f;
        if (entries.empty() || (fits && !all)) continue;
        state.legend_above = true;
        for (LegendEntry& entry : entries)
            if (std::ranges::find(above, entry.name, &LegendEntry::name) == above.end())
                above.push_back(std::move(entry));
    }
    return above;
}

void FigureView::draw_legends_above(const std::vector<LegendEntry>& entries, ImVec2 at, float width,
                                    const ThemeColours& theme) {
    if (entries.empty()) return;
    std::set<std::string> hidden;
    for (const AxesState& state : axes_) hidden.insert(state.cache.hidden.begin(), state.cache.hidden.end());
    const auto clicked =
        draw_legend_rows(entries, at, width, *ImGui::GetWindowDrawList(), ImGui::GetFontSize(), 1, theme, hidden);
    if (!clicked) return;
    for (AxesState& state : axes_)
        if (hidden.contains(*clicked))
            state.cache.hidden.erase(*clicked);
        else
            state.cache.hidden.insert(*clicked);
}

} // namespace attnscope::ui
