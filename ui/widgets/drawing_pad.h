// A small picture to draw in, pixel by pixel.
#pragma once

#include "widgets/memory_text.h"
#include "widgets/theme.h"

#include <imgui.h>

#include <vector>

namespace attnscope::ui {

class DrawingPad {
public:
    enum class Tool { pen, eraser };
    enum class Half { left, right, upper, lower };

    /// Shows `values` (width × height, −1 paper … 1 ink) unless a stroke is under way. True when the user changed the
    /// picture in this frame.
    bool draw(const char* id, const std::vector<float>& values, int width, int height, float side, Tool tool,
              const ThemeColours& theme);
    /// The picture as it is now.
    const std::vector<float>& values() const { return values_; }
    bool drawing() const { return drawing_; }

    static std::vector<float> without(std::vector<float> values, int width, int height, Half half);

private:
    void stroke(ImVec2 from, ImVec2 to, float ink, int width, int height);

    std::vector<float> values_, shown_;
    Theme theme_ = Theme::dark;
    PictureSheet picture_;
    bool drawing_ = false;
    ImVec2 last_{0, 0}; ///< of the stroke, in pixels of the picture
};

} // namespace attnscope::ui
