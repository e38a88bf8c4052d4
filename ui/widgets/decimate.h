// Long series reduced to what their pixels can show.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace attnscope::ui {

struct Series {
    std::vector<double> x, y;
};

/// At most four points for each of `columns` equal parts of [low, high] (of its logarithm when asked): the first, the
/// lowest, the highest and the last in their order, so that the drawn line covers the same pixels. One point more on
/// either side keeps the line going to the border. NaN in y stays as a break. A series whose x does not increase, or
/// that is short, is given back whole.
Series decimate(std::span<const double> x, std::span<const double> y, double low, double high, bool logarithmic,
                int columns);

} // namespace attnscope::ui
