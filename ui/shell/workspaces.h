// How the windows of a workspace lie beside each other before the user has moved any.
#pragma once

#include "shell/panel.h"

#include <imgui.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace attnscope::ui {

/// Every workspace has a dock space of its own, with its own windows of Sources and Inspector docked in it.
const char* dock_space_name(Workspace workspace) noexcept;
ImGuiID dock_space_id(Workspace workspace); ///< its node's number, also outside of a frame
const char* sources_window(Workspace workspace) noexcept;
const char* inspector_window(Workspace workspace) noexcept;
/// The workspaces that have panels, in the order of the tabs.
std::vector<Workspace> shown_workspaces(const std::vector<std::unique_ptr<Panel>>& panels);

/// The panels that a workspace shows when it is opened for the first time.
std::set<std::string> default_panels(Workspace workspace, const std::vector<std::unique_ptr<Panel>>& panels);

/// Builds the docking layout of a workspace in the dock space: three panels in sight, two when the room is less than
/// 88 × 46 font heights, the others as tabs behind them. The text of the attention workspace is a strip above them.
void build_layout(Workspace workspace, ImGuiID dock_space, ImVec2 size,
                  const std::vector<std::unique_ptr<Panel>>& panels);

/// Puts a docked panel's tab in front of the others of its node; the keyboard stays where it is.
void bring_to_front(const Panel& panel);

} // namespace attnscope::ui
