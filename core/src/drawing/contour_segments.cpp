// Iso-lines for renderers that draw segment by segment.
#include "drawing/contour.h"

#include <attnscope/figure.h>

namespace attnscope {

std::vector<std::array<double, 4>> contour_segments(const Contours& contours) {
    std::vector<std::array<double, 4>> segments;
    for (const ContourLine& line : contour_lines(contours))
        for (std::size_t i = 1; i < line.x.size(); ++i)
            segments.push_back({line.x[i - 1], line.y[i - 1], line.x[i], line.y[i]});
    return segments;
}

} // namespace attnscope
