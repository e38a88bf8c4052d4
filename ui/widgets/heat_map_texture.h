// Heat maps as pictures: values through a colour map.
#pragma once

#include "widgets/theme.h"

#include <attnscope/figure.h>

#include <imgui.h>

#include <array>
#include <cstdint>
#include <vector>

namespace attnscope::ui {

/// Least and greatest finite value; {0, 1} without any, and never empty.
std::array<double, 2> value_range(const HeatMap& map);

/// A picture of the values, top row first, each cell `repeat` × `repeat` pixels (so that a renderer which interpolates
/// still shows cells); NaN is transparent. Size width·repeat × height·repeat.
std::vector<std::uint8_t> heat_map_pixels(const HeatMap& map, std::array<double, 2> range, int repeat,
                                          const ThemeColours& theme);

/// Colour of one value as the picture has it.
ImVec4 heat_map_colour(const HeatMap& map, double value, std::array<double, 2> range, const ThemeColours& theme);

} // namespace attnscope::ui
