// A heat map's values as colours.
#pragma once

#include "drawing/layout.h"

namespace attnscope {

/// Range of the colours: as asked, else of the finite values; about zero for a diverging map. {0, 1} without values.
std::array<double, 2> heat_map_range(const HeatMap& map);
/// Colour of a value; of a category when the map has names.
Rgba heat_map_colour(const HeatMap& map, const std::array<double, 2>& range, double value);
/// A category's colour: the series colours, paled so that marks on them stay visible.
Rgba category_colour(int index);
/// Row 0 on top is the row of y_max. A smooth map is interpolated (Catmull–Rom) to at least `least_width` pixels.
ImageShape heat_map_image(const HeatMap& map, int least_width);

} // namespace attnscope
