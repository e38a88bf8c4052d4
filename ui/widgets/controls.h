// The controls of the transport bar: a slider with labelled ticks, icon buttons drawn rather than typed, a number box.
#pragma once

#include "widgets/theme.h"

#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// A mark above the groove of a slider. The strong ones carry their label.
struct SliderTick {
    double value = 0;
    std::string label, tooltip;
    bool strong = false;
};

struct SliderRange {
    double low = 0, high = 1;
    bool logarithmic = false;
    double wheel_step = 0.01; ///< share of the range for one notch of the wheel; a tenth of it with Shift
    bool integer = false;
};

/// Returns the value wanted while it is dragged, clicked, turned by the wheel or moved by the arrow keys.
std::optional<double> draw_slider(const char* id, double value, const SliderRange& range, float width,
                                  const std::vector<SliderTick>& ticks, const ThemeColours& theme);

enum class Icon { play, pause, back, forward, close, chevron };
/// A square button; `tooltip` says what it does.
bool icon_button(const char* id, Icon icon, const char* tooltip, const ThemeColours& theme, bool framed = true);

/// A box that shows a number and takes a typed one on Enter or when it is left.
std::optional<double> number_box(const char* id, double value, const char* format, float width,
                                 const ThemeColours& theme);

/// A number for people: four significant digits, no exponent between 0.001 and 100 000.
std::string readable_number(double value, int digits = 4);
/// "0:07 left", "2:30 left"; empty when unknown.
std::string time_left(double seconds);

/// Text in a colour and a font, at the cursor.
void styled_text(const std::string& text, const ImVec4& colour, ImFont* font = nullptr, float scale = 1);

} // namespace attnscope::ui
