#include <attnscope/figure.h>

#include <cmath>

namespace attnscope {

void zoom_into(Figure& figure, const std::vector<Zoom>& zooms) {
    const auto usable = [](const std::array<double, 2>& range) {
        return std::isfinite(range[0]) && std::isfinite(range[1]) && range[0] < range[1];
    };
    for (const Zoom& zoom : zooms) {
        if (zoom.axes >= figure.axes.size() || !usable(zoom.x) || !usable(zoom.y)) continue;
        figure.axes[zoom.axes].x.range = zoom.x;
        figure.axes[zoom.axes].y.range = zoom.y;
    }
}

} // namespace attnscope
