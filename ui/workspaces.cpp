#include "workspaces.h"

#include "panels/chrome.h"

#include <imgui_internal.h>

#include <algorithm>
#include <array>

namespace attnscope::ui {

namespace {

enum class Place { left, top, bottom };
struct Placed {
    const char* panel;
    Place place;
};
/// The first of a place is the one in sight.
constexpr std::array retrieval_places{
    Placed{"retrieval.weights", Place::left},      Placed{"retrieval.letters", Place::left},
    Placed{"retrieval.trajectories", Place::left}, Placed{"retrieval.modes", Place::left},
    Placed{"retrieval.entropy", Place::top},       Placed{"retrieval.hysteresis", Place::top},
    Placed{"retrieval.spectrum", Place::top},      Placed{"retrieval.plane", Place::bottom},
    Placed{"retrieval.origin", Place::bottom},     Placed{"retrieval.separation", Place::bottom},
};

void bring_to_front(ImGuiID node_id, const std::string& window) {
    ImGuiDockNode* node = ImGui::DockBuilderGetNode(node_id);
    if (!node) return;
    // Tabs are known by the number that their window derives from its name.
    node->SelectedTabId = ImHashStr("#TAB", 0, ImHashStr(window.c_str()));
}

}  // namespace

std::string window_name(const std::string& title, const std::string& id) { return title + "###" + id; }
std::string window_name(const Panel& panel) { return window_name(panel.title(), panel.id()); }

std::set<std::string> default_panels(Workspace workspace, const std::vector<std::unique_ptr<Panel>>& panels) {
    std::set<std::string> ids;
    for (const auto& panel : panels)
        if (panel->workspace() == workspace) ids.insert(panel->id());
    return ids;
}

void build_layout(Workspace workspace, ImGuiID dock_space, ImVec2 size,
                  const std::vector<std::unique_ptr<Panel>>& panels) {
    const float em = ImGui::GetFontSize();
    const bool three = size.x >= 88 * em && size.y >= 46 * em;
    ImGui::DockBuilderRemoveNode(dock_space);
    ImGui::DockBuilderAddNode(dock_space, ImGuiDockNodeFlags_DockSpace);
    ImGui::DockBuilderSetNodeSize(dock_space, size);
    const float side = std::clamp(14.5f * em / size.x, 0.1f, 0.25f);
    ImGuiID centre = dock_space, sources = 0, inspector = 0, top = 0, bottom = 0;
    sources = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, side, nullptr, &centre);
    inspector = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, side * 1.1f / (1 - side), nullptr, &centre);
    top = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, 0.5f, nullptr, &centre);
    bottom = three ? ImGui::DockBuilderSplitNode(top, ImGuiDir_Down, 0.5f, nullptr, &top) : top;
    ImGui::DockBuilderDockWindow(sources_window, sources);
    ImGui::DockBuilderDockWindow(inspector_window, inspector);
    const auto node_of = [&](Place place) {
        return place == Place::left ? centre : place == Place::top ? top : bottom;
    };
    std::set<ImGuiID> fronted;
    for (const auto& [id, place] : retrieval_places) {
        const auto panel = std::find_if(panels.begin(), panels.end(), [id = id, workspace](const auto& p) {
            return p->id() == id && p->workspace() == workspace;
        });
        if (panel == panels.end()) continue;
        const ImGuiID node = node_of(place);
        ImGui::DockBuilderDockWindow(window_name(**panel).c_str(), node);
        if (fronted.insert(node).second) bring_to_front(node, window_name(**panel));
    }
    // A panel without a place of its own waits behind the others.
    for (const auto& panel : panels) {
        const bool placed = std::any_of(retrieval_places.begin(), retrieval_places.end(),
                                        [&](const Placed& p) { return panel->id() == p.panel; });
        if (!placed && panel->workspace() == workspace)
            ImGui::DockBuilderDockWindow(window_name(*panel).c_str(), centre);
    }
    ImGui::DockBuilderFinish(dock_space);
}

}  // namespace attnscope::ui
