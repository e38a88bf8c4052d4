#include "widgets/heat_map_texture.h"

#include <attnscope/error.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace attnscope::ui {

std::array<double, 2> value_range(const HeatMap& map) {
    double low = INFINITY, high = -INFINITY;
    for (const float value : map.values) {
        if (!std::isfinite(value)) continue;
        low = std::min(low, double(value));
        high = std::max(high, double(value));
    }
    if (!(low <= high)) return {0, 1};
    if (map.map == ColourMap::diverging) { // the neutral middle is zero
        high = std::max(std::abs(low), std::abs(high));
        if (high == 0) high = 1; // nothing differs: neutral all over
        low = -high;
    }
    return {low, high > low ? high : low + 1};
}

ImVec4 heat_map_colour(const HeatMap& map, double value, std::array<double, 2> range, const ThemeColours& theme) {
    if (!map.category_names.empty()) {
        // Half way to the ground: what lies on the areas has to stand out from all of them.
        const ImVec4 full = theme.resolve({.role = Colour::Role::series, .index = static_cast<int>(value)});
        const auto half = [](float colour, float ground) { return (colour + ground) / 2; };
        return {half(full.x, theme.panel.x), half(full.y, theme.panel.y), half(full.z, theme.panel.z), 1};
    }
    const double share = std::clamp((value - range[0]) / (range[1] - range[0]), 0.0, 1.0);
    const auto& rgb = colour_table(map.map)[static_cast<std::size_t>(std::lround(share * 255))];
    return {float(rgb[0]) / 255, float(rgb[1]) / 255, float(rgb[2]) / 255, 1};
}

namespace {

using Pixel = std::array<std::uint8_t, 4>;

Pixel pixel_of(ImVec4 colour) {
    const auto byte = [](float share) { return std::uint8_t(std::lround(share * 255)); };
    return {byte(colour.x), byte(colour.y), byte(colour.z), 255};
}

} // namespace

std::vector<std::uint8_t> heat_map_pixels(const HeatMap& map, std::array<double, 2> range, int repeat,
                                          const ThemeColours& theme) {
    ATTNSCOPE_ASSERT(map.values.size() == std::size_t(map.width) * map.height && repeat >= 1);
    // The colours there are, looked up once: a map has up to a million cells.
    std::array<Pixel, 256> palette;
    for (std::size_t i = 0; i < palette.size(); ++i)
        palette[i] = pixel_of(heat_map_colour(map, double(i), {0, 255}, theme));
    const bool categories = !map.category_names.empty();
    const double scale = range[1] > range[0] ? 255 / (range[1] - range[0]) : 0;
    const auto pixel = [&](double value) -> Pixel {
        if (categories) return pixel_of(heat_map_colour(map, value, range, theme));
        return palette[static_cast<std::size_t>(std::clamp((value - range[0]) * scale, 0.0, 255.0) + 0.5)];
    };
    const std::size_t cells = std::size_t(map.width), row_bytes = cells * repeat * 4;
    std::vector<std::uint8_t> pixels(row_bytes * map.height * repeat);
    for (int row = 0; row < map.height; ++row) {
        const float* const values = map.values.data() + std::size_t(map.height - 1 - row) * cells;
        std::uint8_t* const line = pixels.data() + row_bytes * row * repeat;
        std::uint8_t* to = line;
        for (std::size_t column = 0; column < cells; ++column) {
            const Pixel rgba = std::isfinite(values[column]) ? pixel(values[column]) : Pixel{};
            for (int i = 0; i < repeat; ++i, to += 4) std::memcpy(to, rgba.data(), 4);
        }
        for (int i = 1; i < repeat; ++i) std::memcpy(line + row_bytes * i, line, row_bytes);
    }
    return pixels;
}

} // namespace attnscope::ui
