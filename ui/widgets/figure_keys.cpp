#include "widgets/figure_keys.h"

#include "widgets/heat_map_texture.h"
#include "widgets/turned_text.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace attnscope::ui {

namespace {

constexpr float swatch_width = 1.5f; // × em

std::optional<LegendEntry> entry_of(const Element& element) {
    const std::string& name = element_name(element);
    if (name.empty()) return std::nullopt;
    LegendEntry entry{name, {}, LegendEntry::Swatch::line};
    if (const auto* line = std::get_if<Line>(&element)) {
        entry.colour = line->colour;
        entry.swatch = line->dashed ? LegendEntry::Swatch::dashes : LegendEntry::Swatch::line;
    } else if (const auto* points = std::get_if<Points>(&element)) {
        entry.colour = points->colour;
        entry.swatch = LegendEntry::Swatch::dot;
    } else if (const auto* bars = std::get_if<Bars>(&element)) {
        entry.colour = bars->colour;
        entry.swatch = LegendEntry::Swatch::patch;
    } else if (const auto* band = std::get_if<Band>(&element)) {
        entry.colour = band->colour;
        entry.colour.alpha *= 0.4f;
        entry.swatch = LegendEntry::Swatch::patch;
    } else {
        return std::nullopt;
    }
    return entry;
}

void draw_swatch(const LegendEntry& entry, ImVec2 at, float em, ImU32 colour, ImDrawList& draw) {
    const float width = em * swatch_width, middle = at.y + em * 0.5f;
    float phase = 0;
    switch (entry.swatch) {
    case LegendEntry::Swatch::line: draw.AddLine({at.x, middle}, {at.x + width, middle}, colour, em * 0.16f); break;
    case LegendEntry::Swatch::dashes:
        draw_dashed(draw, {at.x, middle}, {at.x + width, middle}, colour, em * 0.13f, em * 0.38f, phase);
        break;
    case LegendEntry::Swatch::dot: draw.AddCircleFilled({at.x + width / 2, middle}, em * 0.24f, colour); break;
    case LegendEntry::Swatch::patch:
        draw.AddRectFilled({at.x + em * 0.3f, middle - em * 0.35f}, {at.x + width - em * 0.3f, middle + em * 0.35f},
                           colour, em * 0.1f);
        break;
    }
}

/// Where each entry begins in rows of at most `width`, relative to the first.
std::vector<ImVec2> row_places(const std::vector<LegendEntry>& entries, float width, float em) {
    std::vector<ImVec2> places;
    ImVec2 next{0, 0};
    for (const LegendEntry& entry : entries) {
        const float wide = em * (swatch_width + 0.5f) + ImGui::CalcTextSize(entry.name.c_str()).x;
        if (next.x > 0 && next.x + wide > width) next = {0, next.y + em * 1.25f};
        places.push_back(next);
        next.x += wide + em * 1.1f;
    }
    return places;
}

/// An entry with its swatch; true while the cursor is over it.
bool draw_entry(const LegendEntry& entry, ImVec2 at, float right, ImDrawList& draw, float em, float strength,
                const ThemeColours& theme, bool sensitive, bool hidden) {
    const bool hovered = sensitive && ImGui::IsMouseHoveringRect(at, {right, at.y + em * 1.2f});
    const float shown = strength * (hidden ? 0.35f : 1);
    draw_swatch(entry, at, em, element_colour(entry.colour, theme, shown), draw);
    const Colour text{hovered ? Colour::Role::accent : Colour::Role::text, 0, 1};
    draw.AddText({at.x + em * (swatch_width + 0.5f), at.y}, element_colour(text, theme, shown), entry.name.c_str());
    return hovered;
}

/// Labels of the colour bar with their values.
std::vector<std::pair<double, std::string>> bar_labels(std::array<double, 2> range, int wanted) {
    std::vector<std::pair<double, std::string>> labels;
    for (const double tick : axis_ticks(range[0], range[1], Scale::linear, wanted))
        if (tick >= range[0] && tick <= range[1]) labels.emplace_back(tick, format_tick(tick, Scale::linear));
    return labels;
}

} // namespace

std::vector<LegendEntry> legend_entries(const Axes& axes) {
    std::vector<LegendEntry> entries;
    for (const Element& element : axes.elements) {
        auto entry = entry_of(element);
        if (!entry) continue;
        const bool known = std::any_of(entries.begin(), entries.end(),
                                       [&](const LegendEntry& other) { return other.name == entry->name; });
        if (!known) entries.push_back(std::move(*entry));
    }
    if (const HeatMap* map = explained_heat_map(axes))
        for (std::size_t i = 0; i < map->category_names.size(); ++i)
            entries.push_back({map->category_names[i],
                               {.role = Colour::Role::series, .index = int(i), .alpha = 0.5f},
                               LegendEntry::Swatch::patch});
    return entries;
}

ImVec2 legend_size(const std::vector<LegendEntry>& entries, float em) {
    if (entries.empty()) return {0, 0};
    float width = 0;
    for (const LegendEntry& entry : entries) width = std::max(width, ImGui::CalcTextSize(entry.name.c_str()).x);
    return {width + em * (swatch_width + 1.4f), float(entries.size()) * em * 1.25f + em * 0.6f};
}

Axes::Legend legend_wish(const Axes& axes) {
    const HeatMap* const map = explained_heat_map(axes);
    const bool categories = map && !map->category_names.empty();
    return categories && axes.legend == Axes::Legend::none ? Axes::Legend::outside : axes.legend;
}

ImVec2 legend_place(const Axes& axes, const PlotArea& area, const AxesCache& cache, ImVec2 size) {
    const float gap = area.em * 0.45f;
    const float left = area.min.x + gap, right = area.max.x - gap - size.x;
    const float top = area.min.y + gap, bottom = area.max.y - gap - size.y;
    // The wanted corner comes first and wins ties.
    std::vector<ImVec2> corners{{right, top}, {left, top}, {left, bottom}, {right, bottom}};
    const Axes::Legend wish = legend_wish(axes);
    const auto wanted = wish == Axes::Legend::top_left       ? ImVec2{left, top}
                        : wish == Axes::Legend::bottom_left  ? ImVec2{left, bottom}
                        : wish == Axes::Legend::bottom_right ? ImVec2{right, bottom}
                                                             : ImVec2{right, top};
    corners.insert(corners.begin(), wanted);
    const auto covered = [&](ImVec2 at) {
        int count = 0;
        const auto look = [&](double x, double y) {
            const ImVec2 pixel = area.pixel(x, y);
            count += pixel.x >= at.x && pixel.x <= at.x + size.x && pixel.y >= at.y && pixel.y <= at.y + size.y;
        };
        for (std::size_t i = 0; i < std::min(axes.elements.size(), cache.elements.size()); ++i) {
            if (std::holds_alternative<Line>(axes.elements[i])) {
                // Between the points as well: few points may make a long line.
                const Series& series = cache.elements[i].series;
                for (std::size_t k = 0; k < series.x.size(); ++k) {
                    look(series.x[k], series.y[k]);
                    if (k > 0)
                        for (const double share : {0.25, 0.5, 0.75}) {
                            const ImVec2 a = area.pixel(series.x[k - 1], series.y[k - 1]);
                            const ImVec2 b = area.pixel(series.x[k], series.y[k]);
                            look(area.x.value(a.x + (b.x - a.x) * share), area.y.value(a.y + (b.y - a.y) * share));
                        }
                }
            } else if (const auto* points = std::get_if<Points>(&axes.elements[i])) {
                for (std::size_t k = 0; k < points->x.size(); ++k) look(points->x[k], points->y[k]);
            }
        }
        return count;
    };
    ImVec2 best = corners.front();
    int least = covered(best);
    for (const ImVec2 corner : corners) {
        if (least == 0) break;
        if (const int count = covered(corner); count < least) {
            least = count;
            best = corner;
        }
    }
    return best;
}

bool draw_legend(const std::vector<LegendEntry>& entries, ImVec2 at, ImDrawList& draw, float em, float strength,
                 const ThemeColours& theme, AxesCache& cache) {
    const ImVec2 size = legend_size(entries, em);
    const ImVec2 end{at.x + size.x, at.y + size.y};
    ImVec4 ground = theme.panel;
    ground.w = 0.86f;
    draw.AddRectFilled(at, end, ImGui::ColorConvertFloat4ToU32(ground), em * 0.25f);
    const bool window_hovered = ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem);
    const bool hovered = window_hovered && ImGui::IsMouseHoveringRect(at, end);
    ImVec2 row{at.x + em * 0.4f, at.y + em * 0.4f};
    for (const LegendEntry& entry : entries) {
        const bool hidden = cache.hidden.contains(entry.name);
        if (draw_entry(entry, row, end.x, draw, em, strength, theme, hovered, hidden) &&
            ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
            if (hidden)
                cache.hidden.erase(entry.name);
            else
                cache.hidden.insert(entry.name);
        }
        row.y += em * 1.25f;
    }
    return hovered;
}

float legend_rows_height(const std::vector<LegendEntry>& entries, float width, float em) {
    return entries.empty() ? 0 : row_places(entries, width, em).back().y + em * 1.5f;
}

std::optional<std::string> draw_legend_rows(const std::vector<LegendEntry>& entries, ImVec2 at, float width,
                                            ImDrawList& draw, float em, float strength, const ThemeColours& theme,
                                            const std::set<std::string>& hidden) {
    std::optional<std::string> clicked;
    const bool sensitive = ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem);
    const std::vector<ImVec2> places = row_places(entries, width, em);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const LegendEntry& entry = entries[i];
        const ImVec2 begin{at.x + places[i].x, at.y + places[i].y};
        const float right = begin.x + em * (swatch_width + 0.5f) + ImGui::CalcTextSize(entry.name.c_str()).x;
        if (draw_entry(entry, begin, right, draw, em, strength, theme, sensitive, hidden.contains(entry.name)) &&
            ImGui::IsMouseClicked(ImGuiMouseButton_Left))
            clicked = entry.name;
    }
    return clicked;
}

float colour_bar_width(const HeatMap& map, const AxesCache& cache, float em) {
    float width = 0;
    for (const auto& [value, label] : bar_labels(colour_range(map, cache), 5))
        width = std::max(width, ImGui::CalcTextSize(label.c_str()).x);
    return width + em * (map.label.empty() ? 2.0f : 3.3f);
}

void draw_colour_bar(const HeatMap& map, ImVec2 top, float height, ImDrawList& draw, float em, float strength,
                     const ThemeColours& theme, AxesCache& cache) {
    const auto range = colour_range(map, cache);
    const float left = top.x + em * 0.7f, right = left + em * 0.7f, button = em * 1.3f;
    const float from = top.y + button, length = std::max(em, height - button);
    const auto& table = colour_table(map.map);
    constexpr int parts = 64;
    const auto shade = [&](int i) {
        const auto& rgb = table[std::size_t(std::clamp(i, 0, 255))];
        return IM_COL32(rgb[0], rgb[1], rgb[2], int(255 * strength));
    };
    for (int i = 0; i < parts; ++i) {
        const float y0 = from + length * float(i) / parts, y1 = from + length * float(i + 1) / parts;
        const ImU32 upper = shade(255 - i * 255 / parts), lower = shade(255 - (i + 1) * 255 / parts);
        draw.AddRectFilledMultiColor({left, y0}, {right, y1}, upper, upper, lower, lower);
    }
    const ImU32 muted = element_colour({.role = Colour::Role::muted}, theme, strength);
    float widest = 0;
    for (const auto& [value, label] : bar_labels(range, std::max(2, int(length / (em * 3))))) {
        const float y = from + length * float(1 - (value - range[0]) / (range[1] - range[0]));
        draw.AddLine({right, y}, {right + em * 0.2f, y}, muted, 1);
        const ImVec2 extent = ImGui::CalcTextSize(label.c_str());
        widest = std::max(widest, extent.x);
        draw.AddText(
            {right + em * 0.35f, std::clamp(y - extent.y / 2, from - extent.y / 2, from + length - extent.y / 2)},
            muted, label.c_str());
    }
    if (!map.label.empty()) {
        // Upright text, read from below, where the labels end.
        const ImVec2 extent = ImGui::CalcTextSize(map.label.c_str());
        const float x = right + em * 0.6f + widest;
        if (extent.x <= length) {
            draw_turned_text(draw, {x + extent.y / 2, from + length / 2}, std::numbers::pi_v<float> / 2,
                             TurnedAnchor::middle, element_colour({.role = Colour::Role::text}, theme, strength),
                             map.label.c_str());
        }
    }

    const ImVec2 before = ImGui::GetCursorScreenPos();
    ImGui::SetCursorScreenPos({left - em * 0.15f, top.y - em * 0.1f});
    if (ImGui::InvisibleButton("range lock", {em, em})) {
        if (cache.locked_range)
            cache.locked_range.reset();
        else
            cache.locked_range = range;
    }
    const bool locked = cache.locked_range.has_value(), lit = locked || ImGui::IsItemHovered();
    ImGui::SetItemTooltip(locked ? "The range of colours is held. Click to fit it to the values."
                                 : "Click to hold the range of colours as it is now.");
    const ImU32 ink = element_colour({lit ? Colour::Role::accent : Colour::Role::muted, 0, 1}, theme, strength);
    const ImVec2 body{left + em * 0.08f, top.y + em * 0.42f};
    draw.AddRectFilled(body, {body.x + em * 0.56f, body.y + em * 0.42f}, ink, em * 0.06f);
    const float swing = locked ? 0 : em * 0.22f;
    draw.PathArcTo({body.x + em * 0.28f + swing, body.y}, em * 0.17f, std::numbers::pi_v<float>,
                   2 * std::numbers::pi_v<float>, 8);
    draw.PathStroke(ink, em * 0.1f);
    ImGui::SetCursorScreenPos(before);
}

} // namespace attnscope::ui
