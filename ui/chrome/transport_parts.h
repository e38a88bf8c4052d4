// What the bars of the workspaces are made of.
#pragma once

#include "chrome/chrome.h"
#include "widgets/controls.h"

#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// Words before a control, on its line.
void bar_label(const char* text, const ThemeColours& theme, bool strong = false);
/// A combo as wide as its content; EndCombo() when it is open.
bool begin_choice(const char* id, const char* shown);
float choice_width(const char* shown);
/// Goes on beside the last control, on the next line where less than `width` is left.
void next_control(float width);
/// A slider on the line of the other controls, its ticks' labels above.
std::optional<double> bar_slider(const char* id, double value, const SliderRange& range, float width,
                                 const std::vector<SliderTick>& ticks, const ThemeColours& theme);
/// A whole number with its name: "pool [512]". What is typed, or turned by the wheel, goes to the command as `value`.
void whole_box(ChromeContext& context, const char* name, const char* command_id, double value, float width,
               double least, double most, const char* tooltip, bool wheel = false);
/// Where a timeline is, of where it ends: "epoch [12 / 50]". What is typed, or turned by the wheel, goes to the command
/// as `value`; grey where it has no length.
void frame_box(ChromeContext& context, const char* name, const char* command_id, int now, int last,
               const char* tooltip);
/// One frame back, play, one frame on.
void playback_buttons(ChromeContext& context);

/// The controls of a workspace, from the left of the bar.
void draw_retrieval_transport(ChromeContext& context);
void draw_attention_transport(ChromeContext& context);
void draw_jacobian_transport(ChromeContext& context);
void draw_cv_transport(ChromeContext& context);
void draw_alignment_transport(ChromeContext& context);
void draw_residual_transport(ChromeContext& context);

} // namespace attnscope::ui
