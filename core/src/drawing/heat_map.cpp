#include "drawing/heat_map.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

// Weights of the four neighbours at a place `u` between the middle two.
std::array<double, 4> catmull_rom(double u) {
    return {((2 - u) * u - 1) * u / 2, ((3 * u - 5) * u * u + 2) / 2, ((4 - 3 * u) * u + 1) * u / 2,
            (u - 1) * u * u / 2};
}

double value_in(const HeatMap& map, int column, int row) {
    column = std::clamp(column, 0, map.width - 1);
    row = std::clamp(row, 0, map.height - 1);
    return map.values[static_cast<std::size_t>(row) * map.width + column];
}

// At (column, row) in cells; the nearest cell's value where a neighbour has none.
double interpolated(const HeatMap& map, double column, double row) {
    const int i = static_cast<int>(std::floor(column - 0.5)), j = static_cast<int>(std::floor(row - 0.5));
    const auto across = catmull_rom(column - 0.5 - i), along = catmull_rom(row - 0.5 - j);
    double sum = 0;
    for (int b = 0; b < 4; ++b)
        for (int a = 0; a < 4; ++a) sum += along[b] * across[a] * value_in(map, i + a - 1, j + b - 1);
    return std::isfinite(sum) ? sum
                              : value_in(map, static_cast<int>(std::floor(column)), static_cast<int>(std::floor(row)));
}

} // namespace

std::array<double, 2> heat_map_range(const HeatMap& map) {
    if (map.range && std::isfinite((*map.range)[0]) && std::isfinite((*map.range)[1])) return *map.range;
    double low = INFINITY, high = -INFINITY;
    for (const float value : map.values) {
        if (!std::isfinite(value)) continue;
        low = std::min<double>(low, value);
        high = std::max<double>(high, value);
    }
    if (low > high) return {0, 1};
    if (map.map == ColourMap::diverging) {
        const double reach = std::max(std::abs(low), std::abs(high));
        return reach > 0 ? std::array{-reach, reach} : std::array{-1.0, 1.0};
    }
    if (low == high) return {low - 0.5, high + 0.5};
    return {low, high};
}

Rgba category_colour(int index) {
    const auto& colours = series_colours();
    const auto& full = colours[static_cast<std::size_t>(index) % colours.size()];
    const auto pale = [](std::uint8_t part) { return static_cast<std::uint8_t>(255 - (255 - part) * 0.48); };
    return {pale(full[0]), pale(full[1]), pale(full[2])};
}

Rgba heat_map_colour(const HeatMap& map, const std::array<double, 2>& range, double value) {
    if (!std::isfinite(value)) return map.blank_nulls ? ink::paper : ink::hatch_ground;
    if (!map.category_names.empty()) return category_colour(static_cast<int>(std::clamp(value, 0.0, 1e6)));
    const double share = range[1] == range[0] ? 0.5 : (value - range[0]) / (range[1] - range[0]);
    const auto& entry = colour_table(map.map)[static_cast<std::size_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)))];
    return {entry[0], entry[1], entry[2]};
}

ImageShape heat_map_image(const HeatMap& map, int least_width) {
    ImageShape image;
    const bool smooth = map.smooth && map.category_names.empty();
    const int factor = smooth ? std::clamp((least_width + map.width - 1) / map.width, 1, 16) : 1;
    image.width = map.width * factor;
    image.height = map.height * factor;
    image.rgb.resize(static_cast<std::size_t>(image.width) * image.height * 3);
    const auto range = heat_map_range(map);
    std::size_t at = 0;
    for (int y = image.height - 1; y >= 0; --y)
        for (int x = 0; x < image.width; ++x) {
            const double value =
                smooth ? interpolated(map, (x + 0.5) / factor, (y + 0.5) / factor) : value_in(map, x, y);
            const Rgba colour = heat_map_colour(map, range, value);
            image.rgb[at++] = colour.red;
            image.rgb[at++] = colour.green;
            image.rgb[at++] = colour.blue;
        }
    return image;
}

} // namespace attnscope
