#include "widgets/figure_elements.h"

#include "widgets/heat_map_texture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace attnscope::ui {

namespace {

constexpr float far_away = 16000; // pixels outside the plot where a line is cut off

float line_pixels(const PlotArea& area, float width) {
    return std::max(1.0f, width * area.em * 0.105f);
}

ImVec2 clamped(ImVec2 point) {
    return {std::clamp(point.x, -far_away, far_away), std::clamp(point.y, -far_away, far_away)};
}

bool drawable(ImVec2 point) {
    return std::isfinite(point.x) && std::isfinite(point.y);
}

void draw_run(const std::vector<ImVec2>& run, const Line& line, const PlotArea& area, ImU32 colour) {
    if (run.size() < 2) {
        if (run.size() == 1 && !line.markers) area.draw->AddCircleFilled(run[0], line_pixels(area, line.width), colour);
        return;
    }
    const float thickness = line_pixels(area, line.width);
    if (!line.dashed) {
        area.draw->AddPolyline(run.data(), int(run.size()), colour, thickness);
        return;
    }
    float phase = 0;
    for (std::size_t i = 1; i < run.size(); ++i)
        draw_dashed(*area.draw, run[i - 1], run[i], colour, thickness, area.em * 0.45f, phase);
}

void draw(const Line& line, const PlotArea& area, ElementCache& cache, const ElementStyle& style) {
    const int columns = std::max(1, int(area.width()));
    const double low = std::min(area.x.low, area.x.high), high = std::max(area.x.low, area.x.high);
    if (cache.generation != style.generation || cache.columns != columns || cache.low != low || cache.high != high) {
        cache.series = decimate(line.x, line.y, low, high, area.x.logarithmic, columns);
        cache.columns = columns;
        cache.low = low;
        cache.high = high;
    }
    const ImU32 colour = element_colour(line.colour, style.theme, area.strength);
    std::vector<ImVec2> run;
    run.reserve(cache.series.x.size());
    for (std::size_t i = 0; i < cache.series.x.size(); ++i) {
        const ImVec2 point = area.pixel(cache.series.x[i], cache.series.y[i]);
        if (drawable(point)) {
            run.push_back(clamped(point));
            continue;
        }
        draw_run(run, line, area, colour);
        run.clear();
    }
    draw_run(run, line, area, colour);
    if (!line.markers) return;
    const float radius = area.em * 0.17f * std::sqrt(std::max(1.0f, line.width));
    for (std::size_t i = 0; i < cache.series.x.size(); ++i) {
        const ImVec2 point = area.pixel(cache.series.x[i], cache.series.y[i]);
        if (drawable(point)) area.draw->AddCircleFilled(clamped(point), radius, colour, 12);
    }
}

void draw(const Points& points, const PlotArea& area, ElementCache&, const ElementStyle& style) {
    const ImU32 colour = element_colour(points.colour, style.theme, area.strength);
    const float radius = std::max(1.0f, points.size * area.em * 0.13f);
    const int sides = radius < 3 ? 8 : 16;
    const float thin = std::max(1.0f, area.em * 0.07f);
    for (std::size_t i = 0; i < points.x.size(); ++i) {
        const ImVec2 point = area.pixel(points.x[i], points.y[i]);
        if (!drawable(point) || point.x < area.min.x - radius || point.x > area.max.x + radius) continue;
        if (i < points.error_low.size() && i < points.error_high.size()) {
            const ImVec2 low = area.pixel(points.x[i], points.error_low[i]);
            const ImVec2 high = area.pixel(points.x[i], points.error_high[i]);
            if (drawable(low) && drawable(high)) area.draw->AddLine(clamped(low), clamped(high), colour, thin);
        }
        area.draw->AddCircleFilled(clamped(point), radius, colour, sides);
        if (style.selected_id && i < points.ids.size() && points.ids[i] == *style.selected_id)
            area.draw->AddCircle(clamped(point), radius + area.em * 0.25f, ImGui::GetColorU32(style.theme.accent), 20,
                                 area.em * 0.14f);
    }
}

void draw(const Bars& bars, const PlotArea& area, ElementCache&, const ElementStyle& style) {
    const ImU32 colour = element_colour(bars.colour, style.theme, area.strength);
    const auto base_of = [](const PlotAxis& axis) { return axis.logarithmic ? std::min(axis.low, axis.high) : 0.0; };
    for (std::size_t i = 0; i < bars.position.size(); ++i) {
        if (!std::isfinite(bars.value[i])) continue;
        const double from = bars.position[i] - bars.width / 2, to = bars.position[i] + bars.width / 2;
        const ImVec2 a = bars.horizontal ? area.pixel(base_of(area.x), from) : area.pixel(from, base_of(area.y));
        const ImVec2 b = bars.horizontal ? area.pixel(bars.value[i], to) : area.pixel(to, bars.value[i]);
        if (!drawable(a) || !drawable(b)) continue;
        const ImVec2 low = clamped({std::min(a.x, b.x), std::min(a.y, b.y)});
        ImVec2 high = clamped({std::max(a.x, b.x), std::max(a.y, b.y)});
        // Neighbouring bars of a histogram stay apart by a hair.
        if (!bars.horizontal && high.x - low.x > 3) high.x -= 1;
        area.draw->AddRectFilled(low, high, colour, bars.horizontal ? area.em * 0.12f : 0);
    }
}

void hatch(const PlotArea& area, ImVec2 min, ImVec2 max, ImU32 colour) {
    const float step = area.em * 0.5f;
    area.draw->PushClipRect(min, max, true);
    for (float x = min.x - (max.y - min.y); x < max.x; x += step)
        area.draw->AddLine({x, max.y}, {x + (max.y - min.y), min.y}, colour, 1);
    area.draw->PopClipRect();
}

void draw_hatched(const Band& band, const PlotArea& area, const ElementStyle& style) {
    const ImU32 colour = element_colour({.role = Colour::Role::muted, .alpha = 0.5f}, style.theme, area.strength);
    const ImU32 ground = element_colour({.role = Colour::Role::muted, .alpha = 0.3f}, style.theme, area.strength);
    for (std::size_t i = 1; i < std::min({band.x.size(), band.low.size(), band.high.size()}); ++i) {
        const ImVec2 a = area.pixel(band.x[i - 1], std::max(band.high[i - 1], band.high[i]));
        const ImVec2 b = area.pixel(band.x[i], std::min(band.low[i - 1], band.low[i]));
        if (!drawable(a) || !drawable(b)) continue;
        const ImVec2 low = clamped({std::min(a.x, b.x), std::min(a.y, b.y)});
        const ImVec2 high = clamped({std::max(a.x, b.x), std::max(a.y, b.y)});
        const ImVec2 from{std::max(low.x, area.min.x), std::max(low.y, area.min.y)};
        const ImVec2 to{std::min(high.x, area.max.x), std::min(high.y, area.max.y)};
        area.draw->AddRectFilled(from, to, ground); // a strip narrower than the lines' distance is seen too
        hatch(area, from, to, colour);
    }
}

void draw(const Band& band, const PlotArea& area, ElementCache&, const ElementStyle& style) {
    if (band.hatched) return draw_hatched(band, area, style);
    Colour tint = band.colour;
    tint.alpha *= 0.25f;
    const ImU32 colour = element_colour(tint, style.theme, area.strength);
    // Anti-aliased edges of neighbouring quads would show as seams.
    const ImDrawListFlags flags = area.draw->Flags;
    area.draw->Flags &= ~ImDrawListFlags_AntiAliasedFill;
    const std::size_t count = std::min({band.x.size(), band.low.size(), band.high.size()});
    const std::size_t step = std::max<std::size_t>(1, count / std::max<std::size_t>(1, std::size_t(area.width()) * 2));
    ImVec2 previous_low, previous_high;
    bool open = false;
    for (std::size_t i = 0; i < count; i += step) {
        double low = band.low[i], high = band.high[i];
        for (std::size_t k = i + 1; k < std::min(count, i + step); ++k) {
            low = std::min(low, band.low[k]);
            high = std::max(high, band.high[k]);
        }
        const ImVec2 a = area.pixel(band.x[i], low), b = area.pixel(band.x[i], high);
        const bool usable = drawable(a) && drawable(b);
        if (usable && open) area.draw->AddQuadFilled(previous_low, previous_high, clamped(b), clamped(a), colour);
        previous_low = clamped(a);
        previous_high = clamped(b);
        open = usable;
    }
    area.draw->Flags = flags;
}

std::string cell_number(float value, int digits) {
    if (!std::isfinite(value)) return {};
    char text[32];
    // 130 rather than 1.3e+02
    const bool whole = std::abs(value) >= std::pow(10.0f, float(digits)) - 0.5f && std::abs(value) < 1e5f;
    std::snprintf(text, sizeof text, "%.*g", whole ? 6 : digits, double(whole ? std::round(value) : value));
    return text;
}

/// Half-open range of the cells of an axis that are between two pixels, where the axis as a whole is between `begin`
/// and `end`.
std::pair<int, int> cells_in_sight(float begin, float end, int count, float low, float high) {
    const float a = (low - begin) / (end - begin) * float(count), b = (high - begin) / (end - begin) * float(count);
    return {int(std::clamp(std::floor(std::min(a, b)), 0.0f, float(count))),
            int(std::clamp(std::ceil(std::max(a, b)), 0.0f, float(count)))};
}

/// Brings the texts up to date: as many as are in sight, made when that or the figure changes.
void follow_cells(CellNumbers& numbers, const HeatMap& map, const CellNumbers& wanted) {
    if (numbers.generation == wanted.generation && numbers.digits == wanted.digits &&
        numbers.first_row == wanted.first_row && numbers.end_row == wanted.end_row &&
        numbers.first_column == wanted.first_column && numbers.end_column == wanted.end_column)
        return;
    numbers = wanted;
    for (int row = wanted.first_row; row < wanted.end_row; ++row)
        for (int column = wanted.first_column; column < wanted.end_column; ++column)
            numbers.texts.push_back(cell_number(
                map.values[std::size_t(row) * std::size_t(map.width) + std::size_t(column)], wanted.digits));
}

void draw_cell_numbers(const HeatMap& map, const PlotArea& area, ElementCache& cache, const ElementStyle& style) {
    const ImVec2 a = area.pixel(map.x_min, map.y_min), b = area.pixel(map.x_max, map.y_max);
    const float cell_width = std::abs(b.x - a.x) / map.width, cell_height = std::abs(b.y - a.y) / map.height;
    const float size = area.em * 0.8f;
    if (cell_width < size * 2.8f || cell_height < size * 1.3f || !map.category_names.empty() || map.smooth) return;
    ImFont* const font = style.theme.fonts.mono ? style.theme.fonts.mono : ImGui::GetFont();
    CellNumbers wanted;
    std::tie(wanted.first_column, wanted.end_column) = cells_in_sight(a.x, b.x, map.width, area.min.x, area.max.x);
    std::tie(wanted.first_row, wanted.end_row) = cells_in_sight(a.y, b.y, map.height, area.min.y, area.max.y);
    wanted.digits = cell_width > size * 4.5f ? 3 : 2;
    wanted.generation = style.generation;
    follow_cells(cache.numbers, map, wanted);
    auto text = cache.numbers.texts.begin();
    for (int row = wanted.first_row; row < wanted.end_row; ++row) {
        for (int column = wanted.first_column; column < wanted.end_column; ++column, ++text) {
            if (text->empty()) continue;
            const float value = map.values[std::size_t(row) * std::size_t(map.width) + std::size_t(column)];
            const ImVec4 under = heat_map_colour(map, value, cache.range, style.theme);
            const bool bright = 0.3f * under.x + 0.6f * under.y + 0.1f * under.z > 0.55f;
            const ImVec2 centre = area.pixel(map.x_min + (map.x_max - map.x_min) * (column + 0.5) / map.width,
                                             map.y_min + (map.y_max - map.y_min) * (row + 0.5) / map.height);
            const ImVec2 extent = font->CalcTextSizeA(size, FLT_MAX, 0, text->c_str());
            if (extent.x > cell_width) continue;
            area.draw->AddText(font, size, {centre.x - extent.x / 2, centre.y - extent.y / 2},
                               bright ? IM_COL32(20, 20, 20, 255) : IM_COL32(240, 240, 240, 255), text->c_str());
        }
    }
}

void draw(const HeatMap& map, const PlotArea& area, ElementCache& cache, const ElementStyle& style,
          const AxesCache& axes) {
    if (map.width < 1 || map.height < 1) return;
    const ImVec2 a = area.pixel(map.x_min, map.y_max), b = area.pixel(map.x_max, map.y_min);
    if (!drawable(a) || !drawable(b)) return;
    const float cell = std::max(std::abs(b.x - a.x) / map.width, std::abs(b.y - a.y) / map.height);
    int repeat = 1;
    while (!map.smooth && repeat < 128 && repeat < int(cell) && std::max(map.width, map.height) * repeat * 2 <= 2048)
        repeat *= 2;
    const auto range = colour_range(map, axes);
    if (cache.texture.empty() || cache.generation != style.generation || cache.range != range ||
        cache.repeat < repeat || cache.theme != style.theme.theme) {
        cache.range = range;
        cache.repeat = std::max(cache.generation == style.generation ? cache.repeat : 1, repeat);
        cache.theme = style.theme.theme;
        cache.has_nulls =
            std::any_of(map.values.begin(), map.values.end(), [](float v) { return !std::isfinite(v); }) &&
            !map.blank_nulls;
        cache.texture.set(map.width * cache.repeat, map.height * cache.repeat,
                          heat_map_pixels(map, range, cache.repeat, style.theme));
    }
    if (cache.has_nulls)
        hatch(area, {std::min(a.x, b.x), std::min(a.y, b.y)}, {std::max(a.x, b.x), std::max(a.y, b.y)},
              element_colour({.role = Colour::Role::muted, .alpha = 0.5f}, style.theme, area.strength));
    area.draw->AddImage(cache.texture.reference(), a, b, {0, 0}, {1, 1},
                        IM_COL32(255, 255, 255, int(255 * area.strength)));
    draw_cell_numbers(map, area, cache, style);
}

void draw(const Contours& contours, const PlotArea& area, ElementCache& cache, const ElementStyle& style) {
    if (cache.generation != style.generation) cache.segments = contour_segments(contours);
    const ImU32 colour = element_colour(contours.colour, style.theme, area.strength);
    for (const auto& [x0, y0, x1, y1] : cache.segments) {
        const ImVec2 from = area.pixel(x0, y0), to = area.pixel(x1, y1);
        if (drawable(from) && drawable(to)) area.draw->AddLine(clamped(from), clamped(to), colour, 1);
    }
}

bool overlaps(const ImVec4& a, const ImVec4& b) {
    return a.x < b.z && b.x < a.z && a.y < b.w && b.y < a.w;
}

void draw(const Marker& marker, const PlotArea& area, ElementStyle& style) {
    const ImU32 colour = element_colour(marker.colour, style.theme, area.strength);
    const float thickness = line_pixels(area, 1);
    const double at = marker.vertical ? area.x.pixel(marker.value) : area.y.pixel(marker.value);
    const float low = marker.vertical ? area.min.x : area.min.y, high = marker.vertical ? area.max.x : area.max.y;
    if (!(at >= low - 1 && at <= high + 1)) return;
    const ImVec2 from = marker.vertical ? ImVec2(float(at), area.min.y) : ImVec2(area.min.x, float(at));
    const ImVec2 to = marker.vertical ? ImVec2(float(at), area.max.y) : ImVec2(area.max.x, float(at));
    float phase = 0;
    if (marker.dashed)
        draw_dashed(*area.draw, from, to, colour, thickness, area.em * 0.4f, phase);
    else
        area.draw->AddLine(from, to, colour, thickness);
    if (marker.label.empty()) return;

    const ImVec2 extent = ImGui::CalcTextSize(marker.label.c_str());
    const float gap = area.em * 0.3f, row = extent.y * 1.1f;
    // Beside the line and clear of other labels; the next row down where there is one already.
    ImVec2 place;
    ImVec4 box;
    for (int attempt = 0; attempt < 10; ++attempt) {
        const bool other_side = attempt % 2 == 1;
        const float shift = float(attempt / 2) * row;
        if (marker.vertical) {
            const bool left = (float(at) + gap + extent.x > area.max.x) != other_side;
            place = {left ? float(at) - gap - extent.x : float(at) + gap, area.min.y + gap * 0.6f + shift};
        } else {
            const bool below = (float(at) - extent.y - gap * 0.4f < area.min.y) != other_side;
            place = {area.max.x - gap - extent.x - shift * 3,
                     below ? float(at) + gap * 0.4f : float(at) - extent.y - gap * 0.4f};
        }
        box = {place.x, place.y, place.x + extent.x, place.y + extent.y};
        const bool inside = box.x >= area.min.x && box.z <= area.max.x && box.y >= area.min.y && box.w <= area.max.y;
        if (inside && std::none_of(style.taken.begin(), style.taken.end(),
                                   [&](const ImVec4& other) { return overlaps(box, other); }))
            break;
        if (attempt == 9) return; // no room: the line alone
    }
    style.taken.push_back(box);
    area.draw->AddText(place, colour, marker.label.c_str());
}

void draw(const Annotation& note, const PlotArea& area, ElementStyle& style) {
    ImVec2 at = note.axes_fraction
                    ? ImVec2(area.min.x + float(note.x) * area.width(), area.max.y - float(note.y) * area.height())
                    : area.pixel(note.x, note.y);
    if (!drawable(at)) return;
    const ImVec2 extent = ImGui::CalcTextSize(note.text.c_str());
    if (note.anchor == Annotation::Anchor::centre) at.x -= extent.x / 2;
    if (note.anchor == Annotation::Anchor::right) at.x -= extent.x;
    at.y -= extent.y / 2;
    if (note.axes_fraction) {
        at.x = std::clamp(at.x, area.min.x + 2, std::max(area.min.x + 2, area.max.x - extent.x - 2));
        at.y = std::clamp(at.y, area.min.y + 2, std::max(area.min.y + 2, area.max.y - extent.y - 2));
    }
    area.draw->AddText(at, element_colour(note.colour, style.theme, area.strength), note.text.c_str());
    style.taken.push_back({at.x, at.y, at.x + extent.x, at.y + extent.y});
}

} // namespace

const std::string& element_name(const Element& element) {
    static const std::string none;
    return std::visit(
        [](const auto& e) -> const std::string& {
            if constexpr (requires { e.name; })
                return e.name;
            else
                return none;
        },
        element);
}

ImU32 element_colour(const Colour& colour, const ThemeColours& theme, float strength) {
    ImVec4 c = theme.resolve(colour);
    c.w *= strength;
    return ImGui::ColorConvertFloat4ToU32(c);
}

std::array<double, 2> colour_range(const HeatMap& map, const AxesCache& cache) {
    if (cache.locked_range) return *cache.locked_range;
    if (map.range) return *map.range;
    const auto known = cache.value_ranges.find(map.values.data());
    if (known != cache.value_ranges.end()) return known->second;
    return cache.value_ranges[map.values.data()] = value_range(map);
}

const HeatMap* explained_heat_map(const Axes& axes) {
    for (const Element& element : axes.elements)
        if (const auto* map = std::get_if<HeatMap>(&element); map && (map->colour_bar || !map->category_names.empty()))
            return map;
    return nullptr;
}

void draw_dashed(ImDrawList& draw, ImVec2 from, ImVec2 to, ImU32 colour, float thickness, float dash, float& phase) {
    const float dx = to.x - from.x, dy = to.y - from.y, length = std::hypot(dx, dy);
    if (!(length > 0) || length > 4 * far_away) return;
    const float period = dash * 1.7f;
    for (float at = -phase; at < length; at += period) {
        const float begin = std::max(0.0f, at), end = std::min(length, at + dash);
        if (end <= begin) continue;
        draw.AddLine({from.x + dx * begin / length, from.y + dy * begin / length},
                     {from.x + dx * end / length, from.y + dy * end / length}, colour, thickness);
    }
    phase = std::fmod(phase + length, period);
}

void draw_elements(const Axes& axes, const PlotArea& area, AxesCache& cache, ElementStyle& style) {
    cache.elements.resize(axes.elements.size());
    // Labels keep off the lines of other markers.
    for (const Element& element : axes.elements)
        if (const auto* marker = std::get_if<Marker>(&element)) {
            const float at = float(marker->vertical ? area.x.pixel(marker->value) : area.y.pixel(marker->value));
            if (marker->vertical)
                style.taken.push_back({at - 1, area.min.y, at + 1, area.max.y});
            else
                style.taken.push_back({area.min.x, at - 1, area.max.x, at + 1});
        }
    for (std::size_t i = 0; i < axes.elements.size(); ++i) {
        ElementCache& kept = cache.elements[i];
        const std::string& name = element_name(axes.elements[i]);
        if (!name.empty() && cache.hidden.contains(name)) continue;
        std::visit(
            [&](const auto& element) {
                using Kind = std::decay_t<decltype(element)>;
                if constexpr (std::is_same_v<Kind, HeatMap>)
                    draw(element, area, kept, style, cache);
                else if constexpr (std::is_same_v<Kind, Marker> || std::is_same_v<Kind, Annotation>)
                    draw(element, area, style);
                else
                    draw(element, area, kept, style);
            },
            axes.elements[i]);
        kept.generation = style.generation;
    }
}

} // namespace attnscope::ui
