// The workspaces side by side: one click, or Ctrl and its number.
#include "chrome/chrome.h"
#include "shell/workspaces.h"
#include "state/shortcuts.h"

#include <imgui_internal.h>

namespace attnscope::ui {

void draw_workspace_tabs(ChromeContext& context) {
    const auto workspaces = shown_workspaces(context.panels);
    if (workspaces.size() < 2) return;
    const ThemeColours& theme = context.theme;
    const float em = ImGui::GetFontSize(), height = em * 2.3f;
    ImGui::PushStyleColor(ImGuiCol_WindowBg, theme.background);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em * 0.4f, em * 0.35f));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
    const auto flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                       ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking;
    if (ImGui::BeginViewportSideBar("##workspaces", ImGui::GetMainViewport(), ImGuiDir_Up, height, flags)) {
        for (const Workspace workspace : workspaces) {
            const bool chosen = workspace == context.state.view.workspace;
            const std::string command_id = std::string("view.workspace_") + workspace_id(workspace);
            ImGui::PushStyleColor(ImGuiCol_Button, chosen ? theme.accent : theme.panel);
            ImGui::PushStyleColor(ImGuiCol_Text, chosen ? theme.accent_text : theme.text);
            if (chosen) {
                ImGui::PushStyleColor(ImGuiCol_ButtonHovered, theme.accent);
                ImGui::PushStyleColor(ImGuiCol_ButtonActive, theme.accent);
            }
            ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em * 0.95f, em * 0.28f));
            if (ImGui::Button(workspace_name(workspace)) && !chosen) context.emit(command_id);
            ImGui::PopStyleVar();
            ImGui::PopStyleColor(chosen ? 4 : 2);
            const CommandSpec* const spec = context.commands.find(command_id);
            ImGui::SetItemTooltip("%s", shortcut_of(*spec, context.state.preferences).c_str());
            ImGui::SameLine(0, em * 0.35f);
        }
    }
    ImGui::End();
    ImGui::PopStyleVar(3);
    ImGui::PopStyleColor();
}

} // namespace attnscope::ui
