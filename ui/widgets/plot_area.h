// The pixels of one plot and their data coordinates.
#pragma once

#include <attnscope/figure.h>

#include <imgui.h>

#include <cmath>
#include <limits>

namespace attnscope::ui {

/// One direction of a plot: data value ↔ pixel.
struct PlotAxis {
    double low = 0, high = 1;  ///< data values at the two ends
    double begin = 0, end = 1; ///< their pixels
    bool logarithmic = false;

    static PlotAxis between(double low, double high, double begin, double end, Scale scale) {
        return {low, high, begin, end, scale == Scale::logarithmic};
    }
    /// NaN where a logarithmic axis has no place for the value.
    double pixel(double value) const {
        if (!logarithmic) return begin + (value - low) / (high - low) * (end - begin);
        if (!(value > 0)) return std::numeric_limits<double>::quiet_NaN();
        return begin + std::log(value / low) / std::log(high / low) * (end - begin);
    }
    double value(double pixel) const {
        const double share = (pixel - begin) / (end - begin);
        return logarithmic ? low * std::pow(high / low, share) : low + share * (high - low);
    }
};

struct PlotArea {
    PlotAxis x, y;
    ImVec2 min, max; ///< of the plot's rectangle in pixels
    ImDrawList* draw = nullptr;
    float em = 13;      ///< height of the text font
    float strength = 1; ///< below 1 while the figure waits for a newer result

    float width() const { return max.x - min.x; }
    float height() const { return max.y - min.y; }
    ImVec2 pixel(double at_x, double at_y) const { return {float(x.pixel(at_x)), float(y.pixel(at_y))}; }
    bool contains(ImVec2 point) const {
        return point.x >= min.x && point.x < max.x && point.y >= min.y && point.y < max.y;
    }
};

} // namespace attnscope::ui
