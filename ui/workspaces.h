// How the windows of a workspace lie beside each other before the user has moved any.
#pragma once

#include "panels/panel.h"

#include <imgui.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace attnscope::ui {

inline constexpr const char* sources_window = "Sources###sources";
inline constexpr const char* inspector_window = "Inspector###inspector";

/// The panels that a workspace shows when it is opened for the first time.
std::set<std::string> default_panels(Workspace workspace, const std::vector<std::unique_ptr<Panel>>& panels);

/// Builds the docking layout of a workspace in the dock space: three panels in sight, two when the room is less than
/// 1400 × 760 points, the others as tabs behind them.
void build_layout(Workspace workspace, ImGuiID dock_space, ImVec2 size, const std::vector<std::unique_ptr<Panel>>& panels);

}  // namespace attnscope::ui
