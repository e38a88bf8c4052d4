// From numbers to places and words: the mapping of an axis, and its tick labels.
#pragma once

#include <attnscope/figure.h>

#include <span>
#include <string>
#include <vector>

namespace attnscope {

/// Maps data in [low, high] onto [from, to] (page coordinates), linearly or by logarithm. `high` may equal `low`.
struct AxisMap {
    double low = 0, high = 1, from = 0, to = 1;
    Scale scale = Scale::linear;

    /// NaN for what the scale cannot show (NaN; nothing or less on a logarithmic axis).
    double operator()(double value) const;
};

/// Labels that agree with each other: all plain, or all as powers of ten. `format_tick` of each value otherwise.
std::vector<std::string> format_ticks(std::span<const double> values, Scale scale);

/// Limits an axis is drawn with: its range, or the data's; positive and apart from each other on every scale.
std::array<double, 2> axis_limits(const Axes& axes, bool horizontal);

/// A number as people write it in a text: proper minus, thin spaces between thousands, ×10ⁿ outside 10⁻³ … 10⁶.
std::string format_number(double value, int significant = 3);
/// 117659 as "117 659", with thin spaces.
std::string format_count(std::size_t count);

} // namespace attnscope
