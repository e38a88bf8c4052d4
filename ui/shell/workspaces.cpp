#include "shell/workspaces.h"

#include "chrome/chrome.h"

#include <imgui_internal.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

namespace attnscope::ui {

namespace {

enum class Place { strip, left, top, bottom };
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
/// Left, middle and right; where there is no room for three the right ones wait behind the middle one.
constexpr std::array attention_places{
    Placed{"attention.text", Place::strip},  Placed{"attention.heads", Place::left},
    Placed{"attention.map", Place::top},     Placed{"attention.gain", Place::bottom},
    Placed{"attention.rows", Place::bottom},
};

constexpr std::array cv_places{
    Placed{"cv.band", Place::left},        Placed{"cv.table", Place::left},      Placed{"cv.training", Place::left},
    Placed{"cv.map", Place::top},          Placed{"cv.grid", Place::top},        Placed{"cv.volumes", Place::bottom},
    Placed{"cv.dimension", Place::bottom}, Placed{"cv.relation", Place::bottom},
};

constexpr std::array alignment_places{
    Placed{"alignment.map", Place::left},     Placed{"alignment.heads", Place::left},
    Placed{"alignment.profile", Place::top},  Placed{"alignment.angles", Place::top},
    Placed{"alignment.matched", Place::top},  Placed{"alignment.verdict", Place::bottom},
    Placed{"alignment.signs", Place::bottom}, Placed{"alignment.spectra", Place::bottom},
};

constexpr std::array residual_places{
    Placed{"residual.curve", Place::left},   Placed{"residual.map", Place::top},
    Placed{"residual.variance", Place::top}, Placed{"residual.spectrum", Place::top},
    Placed{"residual.text", Place::bottom},
};

constexpr std::array jacobian_places{
    Placed{"jacobian.map", Place::left},      Placed{"jacobian.bars", Place::left},
    Placed{"jacobian.row", Place::top},       Placed{"jacobian.maps", Place::top},
    Placed{"jacobian.energy", Place::bottom}, Placed{"jacobian.training", Place::top},
    Placed{"jacobian.grid", Place::bottom},   Placed{"jacobian.trained", Place::left},
};

std::span<const Placed> places_of(Workspace workspace) {
    switch (workspace) {
    case Workspace::attention: return attention_places;
    case Workspace::cv: return cv_places;
    case Workspace::alignment: return alignment_places;
    case Workspace::residual: return residual_places;
    case Workspace::jacobian: return jacobian_places;
    case Workspace::retrieval: break;
    }
    return retrieval_places;
}

/// The node of each place, split from `centre`.
std::map<Place, ImGuiID> split(Workspace workspace, ImGuiID centre, ImVec2 room, bool three) {
    ImGuiID left = centre, top = 0, bottom = 0, strip = 0;
    if (workspace == Workspace::attention) {
        const float em = ImGui::GetFontSize();
        strip =
            ImGui::DockBuilderSplitNode(left, ImGuiDir_Up, std::clamp(8.2f * em / room.y, 0.1f, 0.3f), nullptr, &left);
        top = ImGui::DockBuilderSplitNode(left, ImGuiDir_Right, three ? 0.74f : 0.62f, nullptr, &left);
        bottom = three ? ImGui::DockBuilderSplitNode(top, ImGuiDir_Right, 0.41f, nullptr, &top) : top;
    } else {
        const float share = workspace == Workspace::cv ? 0.42f : workspace == Workspace::jacobian ? 0.6f : 0.5f;
        top = ImGui::DockBuilderSplitNode(left, ImGuiDir_Right, share, nullptr, &left);
        bottom = three ? ImGui::DockBuilderSplitNode(top, ImGuiDir_Down, 0.5f, nullptr, &top) : top;
    }
    return {{Place::strip, strip}, {Place::left, left}, {Place::top, top}, {Place::bottom, bottom}};
}

void bring_to_front(ImGuiID node_id, const std::string& window) {
    ImGuiDockNode* node = ImGui::DockBuilderGetNode(node_id);
    if (!node) return;
    // Tabs are known by the number that their window derives from its name.
    node->SelectedTabId = ImHashStr("#TAB", 0, ImHashStr(window.c_str()));
}

} // namespace

const char* dock_space_name(Workspace workspace) noexcept {
    switch (workspace) {
    case Workspace::attention: return "workspace.attention";
    case Workspace::cv: return "workspace.cv";
    case Workspace::alignment: return "workspace.alignment";
    case Workspace::residual: return "workspace.residual";
    case Workspace::jacobian: return "workspace.jacobian";
    case Workspace::retrieval: break;
    }
    return "workspace";
}
ImGuiID dock_space_id(Workspace workspace) {
    // As ImGui::GetID() gives it outside of every window, which is in the one that ImGui opens by itself.
    return ImHashStr(dock_space_name(workspace), 0, ImHashStr("Debug##Default"));
}

const char* sources_window(Workspace workspace) noexcept {
    switch (workspace) {
    case Workspace::attention: return "Sources###sources.attention";
    case Workspace::cv: return "Sources###sources.cv";
    case Workspace::alignment: return "Sources###sources.alignment";
    case Workspace::residual: return "Sources###sources.residual";
    case Workspace::jacobian: return "Sources###sources.jacobian";
    case Workspace::retrieval: break;
    }
    return "Sources###sources";
}
const char* inspector_window(Workspace workspace) noexcept {
    switch (workspace) {
    case Workspace::attention: return "Inspector###inspector.attention";
    case Workspace::cv: return "Inspector###inspector.cv";
    case Workspace::alignment: return "Inspector###inspector.alignment";
    case Workspace::residual: return "Inspector###inspector.residual";
    case Workspace::jacobian: return "Inspector###inspector.jacobian";
    case Workspace::retrieval: break;
    }
    return "Inspector###inspector";
}

std::vector<Workspace> shown_workspaces(const std::vector<std::unique_ptr<Panel>>& panels) {
    std::vector<Workspace> shown;
    for (const Workspace workspace : all_workspaces)
        if (std::ranges::any_of(panels, [workspace](const auto& panel) { return panel->workspace() == workspace; }))
            shown.push_back(workspace);
    return shown;
}

std::string window_name(const std::string& title, const std::string& id) {
    return title + "###" + id;
}
std::string window_name(const Panel& panel) {
    return window_name(panel.title(), panel.id());
}

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
    ImGuiID centre = dock_space, sources = 0, inspector = 0;
    sources = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, side, nullptr, &centre);
    inspector = ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, side * 1.1f / (1 - side), nullptr, &centre);
    const auto nodes = split(workspace, centre, size, three);
    ImGui::DockBuilderDockWindow(sources_window(workspace), sources);
    ImGui::DockBuilderDockWindow(inspector_window(workspace), inspector);
    const auto places = places_of(workspace);
    std::set<ImGuiID> fronted;
    for (const auto& [id, place] : places) {
        const auto panel = std::find_if(panels.begin(), panels.end(), [id = id, workspace](const auto& p) {
            return p->id() == id && p->workspace() == workspace;
        });
        if (panel == panels.end()) continue;
        const ImGuiID node = nodes.at(place);
        ImGui::DockBuilderDockWindow(window_name(**panel).c_str(), node);
        if (fronted.insert(node).second) bring_to_front(node, window_name(**panel));
    }
    // A panel without a place of its own waits behind the others.
    for (const auto& panel : panels) {
        const bool placed =
            std::any_of(places.begin(), places.end(), [&](const Placed& p) { return panel->id() == p.panel; });
        if (!placed && panel->workspace() == workspace)
            ImGui::DockBuilderDockWindow(window_name(*panel).c_str(), nodes.at(Place::left));
    }
    ImGui::DockBuilderFinish(dock_space);
}

void bring_to_front(const Panel& panel) {
    const ImGuiWindow* const window = ImGui::FindWindowByName(window_name(panel).c_str());
    if (window && window->DockNode && window->DockNode->TabBar)
        window->DockNode->TabBar->NextSelectedTabId = window->TabId;
}

} // namespace attnscope::ui
