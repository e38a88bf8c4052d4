// Iso-lines of a grid.
#pragma once

#include <attnscope/figure.h>

#include <vector>

namespace attnscope {

/// A connected piece of an iso-line in data coordinates. A closed one repeats its first point at the end.
struct ContourLine {
    double level = 0;
    std::vector<double> x, y;
};

/// Marching squares through the cell centres, at `contours.levels` values evenly between the extremes. Squares with a
/// NaN corner are left out.
std::vector<ContourLine> contour_lines(const Contours& contours);

} // namespace attnscope
