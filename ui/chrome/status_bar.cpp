// One line at the bottom: what the shown result cost, what it was computed from, and how the window is doing; above it
// what commands had to say.
#include "chrome/chrome.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "widgets/controls.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr double notice_seconds = 6, error_seconds = 12;

} // namespace

std::string duration_text(double seconds) {
    char text[32];
    if (seconds < 1e-4)
        std::snprintf(text, sizeof text, "< 0.1 ms");
    else if (seconds < 0.01)
        std::snprintf(text, sizeof text, "%.1f ms", seconds * 1e3);
    else if (seconds < 1)
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
    else
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

void status_part(const std::string& text, const ImVec4& colour, const char* tooltip) {
    styled_text(text, colour);
    if (tooltip) ImGui::SetItemTooltip("%s", tooltip);
    ImGui::SameLine(0, ImGui::GetFontSize() * 1.4f);
}

void draw_status_bar(ChromeContext& context) {
    const float em = ImGui::GetFontSize(), height = em * 1.7f;
    ImGui::PushStyleColor(ImGuiCol_WindowBg, context.theme.panel_header);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em, (height - em) / 2));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
    const auto flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                       ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoNav;
    if (ImGui::BeginViewportSideBar("##status", ImGui::GetMainViewport(), ImGuiDir_Down, height, flags)) {
        const ImVec4& muted = context.theme.muted_text;
        const AnalysisView& view = view_of(context.state.view.workspace);
        view.status(context);
        if (context.state.preferences.hints) {
            const char* const hint = view.hint(context.state);
            const float centred = (ImGui::GetWindowWidth() - ImGui::CalcTextSize(hint).x) / 2;
            ImGui::SameLine();
            if (centred > ImGui::GetCursorPosX()) {
                ImGui::SetCursorPosX(centred);
                styled_text(hint, muted);
                if (ImGui::IsItemClicked()) context.emit("help.hints");
                ImGui::SetItemTooltip("Click to put this away");
            }
        }
        char text[32] = "idle";
        if (context.frames_per_second > 0) std::snprintf(text, sizeof text, "%.0f fps", context.frames_per_second);
        const bool busy = !context.services.idle();
        const std::string right = busy && context.frames_per_second <= 0 ? "computing" : text;
        ImGui::SameLine(ImGui::GetWindowWidth() - ImGui::CalcTextSize(right.c_str()).x - em);
        styled_text(right, muted);
    }
    ImGui::End();
    ImGui::PopStyleVar(3);
    ImGui::PopStyleColor();
}

double draw_notices(ChromeContext& context) {
    double ends = 0;
    std::vector<const Notice*> shown;
    for (const Notice& notice : context.state.notices) {
        const double until = notice.since + (notice.is_error ? error_seconds : notice_seconds);
        if (until <= context.seconds) continue;
        shown.push_back(&notice);
        ends = ends == 0 ? until : std::min(ends, until);
    }
    if (shown.empty()) return 0;
    constexpr std::size_t at_most = 3;
    if (shown.size() > at_most) shown.erase(shown.begin(), shown.end() - at_most);
    const float em = ImGui::GetFontSize();
    const ImGuiViewport& viewport = *ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(
        {viewport.WorkPos.x + viewport.WorkSize.x / 2, viewport.WorkPos.y + viewport.WorkSize.y - em}, ImGuiCond_Always,
        {0.5f, 1});
    ImGui::SetNextWindowSizeConstraints({em * 10, 0}, {std::max(em * 10, viewport.WorkSize.x * 0.6f), FLT_MAX});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, ImGui::GetStyleColorVec4(ImGuiCol_PopupBg));
    if (ImGui::Begin("##notices", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_AlwaysAutoResize |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking |
                         ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoInputs)) {
        ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
        ImGui::PushTextWrapPos(viewport.WorkSize.x * 0.58f);
        for (const Notice* notice : shown)
            styled_text(notice->text, notice->is_error ? context.theme.error : context.theme.text);
        ImGui::PopTextWrapPos();
    }
    ImGui::End();
    ImGui::PopStyleColor();
    return ends;
}

bool draw_quit_question(ChromeContext& context) {
    if (!context.state.quit_wanted) return false;
    auto jobs = context.services.jobs().jobs();
    std::erase_if(jobs, [](const JobStatus& job) { return !job.loses_work; });
    if (jobs.empty()) return true;
    constexpr const char* id = "Leave attnscope?";
    if (!ImGui::IsPopupOpen(id)) ImGui::OpenPopup(id);
    bool leave = false;
    ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Always, {0.5f, 0.5f});
    if (ImGui::BeginPopupModal(id, nullptr, ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoSavedSettings)) {
        ImGui::TextUnformatted("This is not finished yet:");
        for (const auto& job : jobs) ImGui::BulletText("%s", job.name.c_str());
        ImGui::Spacing();
        if (ImGui::Button("Leave")) leave = true;
        ImGui::SameLine();
        ImGui::SetItemDefaultFocus();
        if (ImGui::Button("Stay") || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
            context.emit("file.stay");
            ImGui::CloseCurrentPopup();
        }
        ImGui::EndPopup();
    }
    return leave;
}

} // namespace attnscope::ui
