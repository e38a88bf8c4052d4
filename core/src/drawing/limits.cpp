// How far an axis reaches: the data of its elements, or what was asked for.
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope {
namespace {

struct Limits {
    double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
    bool positive_only = false;

    void add(double value) {
        if (!std::isfinite(value) || (positive_only && !(value > 0))) return;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    void add(const std::vector<double>& values) {
        for (const double value : values) add(value);
    }
    bool empty() const { return low > high; }
};

struct Collect {
    Limits& limits;
    bool horizontal;
    // Cells and bars touch the frame: a margin beside them would be a blank stripe.
    bool filled = false;

    void operator()(const Line& line) { limits.add(horizontal ? line.x : line.y); }
    void operator()(const Points& points) {
        limits.add(horizontal ? points.x : points.y);
        if (horizontal) return;
        limits.add(points.error_low);
        limits.add(points.error_high);
    }
    void operator()(const Bars& bars) {
        if (bars.horizontal == horizontal) {
            limits.add(0.0);
            limits.add(bars.value);
            return;
        }
        for (const double position : bars.position) {
            limits.add(position - bars.width / 2);
            limits.add(position + bars.width / 2);
        }
    }
    void operator()(const Band& band) {
        limits.add(horizontal ? band.x : band.low);
        if (!horizontal) limits.add(band.high);
    }
    void operator()(const HeatMap& map) {
        filled = true;
        limits.add(horizontal ? map.x_min : map.y_min);
        limits.add(horizontal ? map.x_max : map.y_max);
    }
    void operator()(const Contours& contours) {
        limits.add(horizontal ? contours.x_min : contours.y_min);
        limits.add(horizontal ? contours.x_max : contours.y_max);
    }
    // A threshold far off must not squeeze the data: markers and notes never widen an axis.
    void operator()(const Marker&) {}
    void operator()(const Annotation&) {}
};

bool is_logarithmic(const Axes& axes, bool horizontal) {
    return (horizontal ? axes.x : axes.y).scale == Scale::logarithmic;
}

} // namespace

std::array<double, 2> data_range(const Axes& axes, bool horizontal, double margin) {
    Limits limits;
    limits.positive_only = is_logarithmic(axes, horizontal);
    Collect collect{limits, horizontal};
    for (const Element& element : axes.elements) std::visit(collect, element);
    if (limits.empty()) return {0, 1};
    if (collect.filled) margin = 0;
    if (limits.positive_only) {
        const double factor = limits.low < limits.high ? std::pow(limits.high / limits.low, margin) : 2;
        return {limits.low / factor, limits.high * factor};
    }
    double pad = margin * (limits.high - limits.low);
    if (!(limits.high > limits.low)) pad = limits.low == 0 ? 1 : 0.5 * std::abs(limits.low);
    std::array<double, 2> range{limits.low - pad, limits.high + pad};
    // Bars stand on zero.
    for (const Element& element : axes.elements)
        if (const auto* bars = std::get_if<Bars>(&element); bars && bars->horizontal == horizontal) {
            if (limits.low == 0) range[0] = 0;
            if (limits.high == 0) range[1] = 0;
        }
    return range;
}

std::array<double, 2> axis_limits(const Axes& axes, bool horizontal) {
    const Axis& axis = horizontal ? axes.x : axes.y;
    std::array<double, 2> range = data_range(axes, horizontal);
    if (!axis.categories.empty() && !axis.range) range = {-0.5, static_cast<double>(axis.categories.size()) - 0.5};
    if (axis.range && std::isfinite((*axis.range)[0]) && std::isfinite((*axis.range)[1])) range = *axis.range;
    if (range[0] > range[1]) std::swap(range[0], range[1]);
    // The span of the axis must be a number itself.
    for (double& end : range) end = std::clamp(end, -1e300, 1e300);
    if (axis.scale == Scale::logarithmic) {
        if (!(range[1] > 0)) range = {0.1, 1};
        if (!(range[0] > 0)) range[0] = range[1] * 1e-3;
        if (range[0] == range[1]) range = {range[0] / 2, range[1] * 2};
    } else if (range[0] == range[1]) {
        const double pad = range[0] == 0 ? 1 : 0.5 * std::abs(range[0]);
        range = {range[0] - pad, range[1] + pad};
    }
    return range;
}

} // namespace attnscope
