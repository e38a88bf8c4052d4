#include "widgets/decimate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::ui {

namespace {

/// The points of one pixel column that matter to its picture.
struct Column {
    std::size_t first = 0, lowest = 0, highest = 0, last = 0;
    long index = -1;
    bool open = false;
};

void close(Column& column, std::span<const double> x, std::span<const double> y, Series& out) {
    if (!column.open) return;
    std::array<std::size_t, 4> points{column.first, column.lowest, column.highest, column.last};
    std::sort(points.begin(), points.end());
    const auto end = std::unique(points.begin(), points.end());
    for (auto point = points.begin(); point != end; ++point) {
        out.x.push_back(x[*point]);
        out.y.push_back(y[*point]);
    }
    column.open = false;
}

} // namespace

Series decimate(std::span<const double> x, std::span<const double> y, double low, double high, bool logarithmic,
                int columns) {
    const std::size_t count = std::min(x.size(), y.size());
    const auto whole = [&] {
        return Series{{x.begin(), x.begin() + std::ptrdiff_t(count)}, {y.begin(), y.begin() + std::ptrdiff_t(count)}};
    };
    if (columns < 1 || count <= std::size_t(columns) * 4 || !(high > low) || (logarithmic && low <= 0)) return whole();
    if (!std::is_sorted(x.begin(), x.begin() + std::ptrdiff_t(count))) return whole();

    const auto begin = x.begin(), end = x.begin() + std::ptrdiff_t(count);
    const auto first_inside = std::lower_bound(begin, end, low),
               past_inside = std::upper_bound(first_inside, end, high);
    const std::size_t from = std::size_t(std::max<std::ptrdiff_t>(0, first_inside - begin - 1));
    const std::size_t to = std::min(count, std::size_t(past_inside - begin) + 1);

    const double origin = logarithmic ? std::log(low) : low;
    const double scale = columns / ((logarithmic ? std::log(high) : high) - origin);
    Series out;
    Column column;
    for (std::size_t i = from; i < to; ++i) {
        if (std::isnan(y[i]) || (logarithmic && !(x[i] > 0))) {
            close(column, x, y, out);
            if (out.y.empty() || !std::isnan(out.y.back())) {
                out.x.push_back(x[i]);
                out.y.push_back(std::nan(""));
            }
            continue;
        }
        const long index = std::lround(std::floor(((logarithmic ? std::log(x[i]) : x[i]) - origin) * scale));
        if (column.open && index != column.index) close(column, x, y, out);
        if (!column.open) {
            column = {i, i, i, i, index, true};
        } else {
            if (y[i] < y[column.lowest]) column.lowest = i;
            if (y[i] > y[column.highest]) column.highest = i;
            column.last = i;
        }
    }
    close(column, x, y, out);
    return out;
}

} // namespace attnscope::ui
