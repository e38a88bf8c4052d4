// What a panel shows now.
#pragma once

#include <attnscope/figure.h>

#include <vector>

namespace attnscope::ui {

struct ShownFigure {
    Figure figure;            ///< as far as it is in sight
    std::vector<Zoom> zoom;   ///< what of it is in sight
    bool with_pinned = false; ///< compared with A
};

} // namespace attnscope::ui
