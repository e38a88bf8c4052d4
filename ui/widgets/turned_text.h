// Text that does not run from left to right.
#pragma once

#include <imgui.h>

namespace attnscope::ui {

/// Which point of the text lies at the given place: the share of its length, and its middle line.
enum class TurnedAnchor { middle, end };
/// `angle` in radians, counted against the clock: π/2 reads from below.
void draw_turned_text(ImDrawList& draw, ImVec2 at, float angle, TurnedAnchor anchor, ImU32 colour, const char* text);

} // namespace attnscope::ui
