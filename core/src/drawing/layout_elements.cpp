// The elements of an Axes as shapes inside its plot.
#include "drawing/contour.h"
#include "drawing/heat_map.h"
#include "drawing/layout_plan.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

// Far outside the plot every point is as good as another, and renderers keep to small numbers.
double near_page(double value) {
    return std::clamp(value, -1e4, 1e4);
}

// A long line has many points in a column of ink: the first, last, lowest and highest of it draw the same.
std::vector<Position> thinned(const std::vector<Position>& points, double column) {
    if (points.size() < 4000) return points;
    std::vector<Position> kept;
    for (std::size_t begin = 0; begin < points.size();) {
        std::size_t end = begin + 1, low = begin, high = begin;
        while (end < points.size() && std::abs(points[end].x - points[begin].x) < column) {
            if (points[end].y < points[low].y) low = end;
            if (points[end].y > points[high].y) high = end;
            ++end;
        }
        std::vector<std::size_t> chosen{begin, low, high, end - 1};
        std::sort(chosen.begin(), chosen.end());
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
        for (const std::size_t i : chosen) kept.push_back(points[i]);
        begin = end;
    }
    return kept;
}

} // namespace

void LayoutEngine::draw_elements(AxesPlan& plan) {
    for (const Element& element : plan.axes->elements) std::visit([&](const auto& what) { draw(plan, what); }, element);
}

void LayoutEngine::draw_discs(const AxesPlan& plan, const std::vector<Position>& centres, double radius, Rgba fill) {
    DiscsShape discs;
    for (const Position centre : centres) {
        // A disc on the frame is drawn whole; what lies outside is not drawn at all.
        const Rect reach{plan.plot.x - 0.01, plan.plot.y - 0.01, plan.plot.width + 0.02, plan.plot.height + 0.02};
        if (!reach.contains(centre)) continue;
        discs.centres.push_back(centre);
        obstacles_.push_back(centre);
    }
    discs.radius = radius;
    discs.fill = fill;
    if (!discs.centres.empty()) add(std::move(discs));
}

void LayoutEngine::draw(const AxesPlan& plan, const Line& line) {
    const AxisMap x = plan.x_map(), y = plan.y_map();
    PathShape path;
    path.stroke = print_colour(line.colour);
    path.line_width = line.width * style_.line_pt;
    if (line.dashed) path.dashes = {3.2 * style_.line_pt, 2 * style_.line_pt};
    std::vector<Position> part;
    const auto finish = [&] {
        if (part.size() > 1) path.parts.push_back(thinned(part, 0.2));
        part.clear();
    };
    std::vector<Position> discs;
    const std::size_t count = std::min(line.x.size(), line.y.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Position at{x(line.x[i]), y(line.y[i])};
        if (!std::isfinite(at.x) || !std::isfinite(at.y)) {
            finish();
            continue;
        }
        // A single point between gaps would leave no ink.
        const bool alone = part.empty() && (i + 1 == count || !std::isfinite(y(line.y[i + 1])));
        if (line.markers || alone) discs.push_back(at);
        part.push_back({near_page(at.x), near_page(at.y)});
    }
    finish();
    for (const auto& piece : path.parts)
        for (std::size_t i = 0; i + 1 < piece.size(); ++i) {
            const double length = std::hypot(piece[i + 1].x - piece[i].x, piece[i + 1].y - piece[i].y);
            const int steps = std::clamp(static_cast<int>(length / 3), 1, 200);
            for (int k = 0; k <= steps; ++k) {
                const double share = static_cast<double>(k) / steps;
                obstacles_.push_back(
                    {std::lerp(piece[i].x, piece[i + 1].x, share), std::lerp(piece[i].y, piece[i + 1].y, share)});
            }
        }
    // The frame must not halve a line that runs along it.
    const double rim = path.line_width;
    const int clip =
        add_clip({plan.plot.x - rim / 2, plan.plot.y - rim, plan.plot.width + rim, plan.plot.height + 2 * rim});
    const Rgba fill = *path.stroke;
    if (!path.parts.empty()) add(std::move(path), clip);
    if (!discs.empty())
        draw_discs(plan, discs, 0.5 * style_.marker_pt * std::max(0.7f, std::min(line.width, 1.4f)), fill);
}

void LayoutEngine::draw(const AxesPlan& plan, const Points& points) {
    const AxisMap x = plan.x_map(), y = plan.y_map();
    std::vector<Position> centres;
    const std::size_t count = std::min(points.x.size(), points.y.size());
    const bool errors = points.error_low.size() == count && points.error_high.size() == count;
    PathShape bars;
    bars.stroke = print_colour(points.colour);
    bars.line_width = 0.8 * style_.line_pt;
    const double cap = 0.4 * style_.marker_pt;
    for (std::size_t i = 0; i < count; ++i) {
        const Position at{x(points.x[i]), y(points.y[i])};
        if (!std::isfinite(at.x) || !std::isfinite(at.y)) continue;
        centres.push_back(at);
        if (!errors) continue;
        const double low = near_page(y(points.error_low[i])), high = near_page(y(points.error_high[i]));
        if (!std::isfinite(low) || !std::isfinite(high)) continue;
        bars.parts.push_back({{at.x, low}, {at.x, high}});
        for (const double end : {low, high}) bars.parts.push_back({{at.x - cap, end}, {at.x + cap, end}});
    }
    if (!bars.parts.empty()) add(std::move(bars), add_clip(plan.plot));
    draw_discs(plan, centres, 0.5 * style_.marker_pt * points.size, print_colour(points.colour));
}

void LayoutEngine::draw(const AxesPlan& plan, const Bars& bars) {
    const AxisMap x = plan.x_map(), y = plan.y_map();
    const AxisMap& along = bars.horizontal ? y : x;
    const AxisMap& up = bars.horizontal ? x : y;
    const auto& limits = bars.horizontal ? plan.x_limits : plan.y_limits;
    const Scale scale = bars.horizontal ? plan.axes->x.scale : plan.axes->y.scale;
    const double base = scale == Scale::logarithmic ? limits[0] : std::clamp(0.0, limits[0], limits[1]);
    const int clip = add_clip(plan.plot);
    PathShape path;
    path.closed = true;
    path.fill = print_colour(bars.colour);
    for (std::size_t i = 0; i < std::min(bars.position.size(), bars.value.size()); ++i) {
        double low = near_page(along(bars.position[i] - bars.width / 2)),
               high = near_page(along(bars.position[i] + bars.width / 2));
        const double from = up(base), to = near_page(up(bars.value[i]));
        if (!std::isfinite(low) || !std::isfinite(high) || !std::isfinite(to)) continue;
        if (low > high) std::swap(low, high);
        // Neighbouring bins are told apart by a hair of paper.
        const double hair = std::min(0.3, 0.1 * (high - low));
        low += hair;
        high -= hair;
        if (bars.horizontal)
            path.parts.push_back({{from, low}, {to, low}, {to, high}, {from, high}});
        else
            path.parts.push_back({{low, from}, {high, from}, {high, to}, {low, to}});
        for (double share = 0; share <= 1; share += 0.1) {
            const double height = std::lerp(from, to, share), middle = (low + high) / 2;
            obstacles_.push_back(bars.horizontal ? Position{height, middle} : Position{middle, height});
        }
    }
    if (!path.parts.empty()) add(std::move(path), clip);
}

void LayoutEngine::draw(const AxesPlan& plan, const Band& band) {
    const AxisMap x = plan.x_map(), y = plan.y_map();
    if (band.hatched) {
        HatchShape hatch;
        for (std::size_t i = 1; i < std::min({band.x.size(), band.low.size(), band.high.size()}); ++i) {
            const double left = near_page(x(band.x[i - 1])), right = near_page(x(band.x[i]));
            const double bottom = near_page(y(std::min(band.low[i - 1], band.low[i])));
            const double top = near_page(y(std::max(band.high[i - 1], band.high[i])));
            if (std::isfinite(left) && std::isfinite(right) && std::isfinite(bottom) && std::isfinite(top))
                hatch.cells.push_back(
                    {std::min(left, right), std::min(bottom, top), std::abs(right - left), std::abs(bottom - top)});
        }
        if (!hatch.cells.empty()) add(std::move(hatch), add_clip(plan.plot));
        return;
    }
    PathShape path;
    path.closed = true;
    path.fill = print_colour(band.colour);
    std::vector<Position> lower, upper;
    const auto finish = [&] {
        if (lower.size() > 1) {
            lower.insert(lower.end(), upper.rbegin(), upper.rend());
            path.parts.push_back(std::move(lower));
        }
        lower.clear();
        upper.clear();
    };
    for (std::size_t i = 0; i < std::min({band.x.size(), band.low.size(), band.high.size()}); ++i) {
        const double at = x(band.x[i]), low = y(band.low[i]), high = y(band.high[i]);
        if (!std::isfinite(at) || !std::isfinite(low) || !std::isfinite(high)) {
            finish();
            continue;
        }
        lower.push_back({near_page(at), near_page(low)});
        upper.push_back({near_page(at), near_page(high)});
    }
    finish();
    if (!path.parts.empty()) add(std::move(path), add_clip(plan.plot));
}

namespace {

/// Lengthens a cell to the middle of the cell beside it.
void reach_under(Rect& rect, const Rect& neighbour) {
    if (!std::isfinite(neighbour.width) || !std::isfinite(neighbour.height)) return;
    const double middle_x = neighbour.x + neighbour.width / 2, middle_y = neighbour.y + neighbour.height / 2;
    if (neighbour.x >= rect.right() - 1e-6)
        rect.width = middle_x - rect.x;
    else if (neighbour.right() <= rect.x + 1e-6)
        rect = {middle_x, rect.y, rect.right() - middle_x, rect.height};
    else if (neighbour.y >= rect.bottom() - 1e-6)
        rect.height = middle_y - rect.y;
    else
        rect = {rect.x, middle_y, rect.width, rect.bottom() - middle_y};
}

} // namespace

void LayoutEngine::draw(const AxesPlan& plan, const HeatMap& map) {
    if (map.width < 1 || map.height < 1 ||
        map.values.size() != static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.height))
        return;
    const AxisMap x = plan.x_map(), y = plan.y_map();
    const int clip = add_clip(plan.plot);
    const auto range = heat_map_range(map);
    const auto cell = [&](int i, int j, int count) {
        const double from = near_page(x(std::lerp(map.x_min, map.x_max, static_cast<double>(i) / map.width)));
        const double to = near_page(x(std::lerp(map.x_min, map.x_max, static_cast<double>(i + count) / map.width)));
        const double low = near_page(y(std::lerp(map.y_min, map.y_max, static_cast<double>(j) / map.height)));
        const double high = near_page(y(std::lerp(map.y_min, map.y_max, static_cast<double>(j + 1) / map.height)));
        return Rect{std::min(from, to), std::min(low, high), std::abs(to - from), std::abs(high - low)};
    };
    const bool straight = plan.axes->x.scale == Scale::linear && plan.axes->y.scale == Scale::linear;
    const bool rectangles = !straight || (!map.smooth && map.width <= 64 && map.height <= 64) ||
                            (!map.category_names.empty() && map.width <= 64 && map.height <= 64);
    const auto value = [&](int i, int j) { return map.values[static_cast<std::size_t>(j) * map.width + i]; };
    const auto blank = [&](int i, int j) { return map.blank_nulls && !std::isfinite(value(i, j)); };
    if (rectangles) {
        for (int j = 0; j < map.height; ++j)
            for (int i = 0; i < map.width;) {
                const Rgba colour = heat_map_colour(map, range, value(i, j));
                int count = 1;
                while (i + count < map.width && heat_map_colour(map, range, value(i + count, j)) == colour) ++count;
                Rect rect = cell(i, j, count);
                if (!blank(i, j) && std::isfinite(rect.width) && std::isfinite(rect.height)) {
                    // Reaching under the neighbours that are drawn later, cells leave no white seams when a viewer
                    // smooths their edges.
                    const bool wider = i + count < map.width && !blank(i + count, j);
                    if (wider) reach_under(rect, cell(i + count, j, 1));
                    bool covered = j + 1 < map.height;
                    for (int k = i; covered && k < i + count + (wider ? 1 : 0); ++k) covered = !blank(k, j + 1);
                    if (covered) reach_under(rect, cell(i, j + 1, count));
                    add_rect(rect, colour, clip);
                }
                i += count;
            }
    } else {
        ImageShape image = heat_map_image(map, 560);
        if (plan.axes->x.reversed || plan.axes->y.reversed) {
            const auto source = image.rgb;
            for (int row = 0; row < image.height; ++row)
                for (int column = 0; column < image.width; ++column) {
                    const int from_row = plan.axes->y.reversed ? image.height - 1 - row : row;
                    const int from_column = plan.axes->x.reversed ? image.width - 1 - column : column;
                    for (int part = 0; part < 3; ++part)
                        image.rgb[3 * (static_cast<std::size_t>(row) * image.width + column) + part] =
                            source[3 * (static_cast<std::size_t>(from_row) * image.width + from_column) + part];
                }
        }
        const double left = x(map.x_min), right = x(map.x_max), bottom = y(map.y_min), top = y(map.y_max);
        image.place = {std::min(left, right), std::min(top, bottom), std::abs(right - left), std::abs(bottom - top)};
        if (std::isfinite(image.place.width) && std::isfinite(image.place.height)) add(std::move(image), clip);
    }
    if (map.blank_nulls) return;
    HatchShape hatch;
    for (int j = 0; j < map.height; ++j)
        for (int i = 0; i < map.width;) {
            int count = 0;
            while (i + count < map.width && !std::isfinite(value(i + count, j))) ++count;
            if (count > 0) hatch.cells.push_back(cell(i, j, count));
            i += std::max(count, 1);
        }
    if (!hatch.cells.empty()) add(std::move(hatch), clip);
}

void LayoutEngine::draw(const AxesPlan& plan, const Contours& contours) {
    const AxisMap x = plan.x_map(), y = plan.y_map();
    PathShape path;
    path.stroke = print_colour(contours.colour);
    path.line_width = 0.55 * style_.line_pt;
    for (const ContourLine& line : contour_lines(contours)) {
        std::vector<Position> part;
        for (std::size_t i = 0; i < line.x.size(); ++i) {
            const Position at{x(line.x[i]), y(line.y[i])};
            if (std::isfinite(at.x) && std::isfinite(at.y)) part.push_back({near_page(at.x), near_page(at.y)});
        }
        if (part.size() > 1) path.parts.push_back(std::move(part));
    }
    if (!path.parts.empty()) add(std::move(path), add_clip(plan.plot));
}

void LayoutEngine::draw(const AxesPlan& plan, const Marker& marker) {
    const AxisMap map = marker.vertical ? plan.x_map() : plan.y_map();
    const auto& limits = marker.vertical ? plan.x_limits : plan.y_limits;
    if (!(marker.value >= limits[0] && marker.value <= limits[1])) return;
    const double at = map(marker.value);
    PathShape path;
    if (marker.vertical)
        path.parts = {{{at, plan.plot.bottom()}, {at, plan.plot.y - 0.15 * plan.marker_strip}}};
    else
        path.parts = {{{plan.plot.x, at}, {plan.plot.right(), at}}};
    path.stroke = print_colour(marker.colour);
    path.line_width = style_.line_pt;
    if (marker.dashed) path.dashes = {3.2 * style_.line_pt, 2 * style_.line_pt};
    add(std::move(path));
}

} // namespace attnscope
