// The menus, built from the registry, and on their right the device and the running jobs.
#include "chrome/chrome.h"
#include "state/shortcuts.h"
#include "widgets/controls.h"
#include "widgets/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr std::array menus{"File", "Edit", "View", "Analyses", "Figures", "Help"};
/// Commands that a menu sets apart from those before them.
constexpr std::array set_apart{"session.open",      "file.clear_recent",     "file.quit", "view.zoom_in",
                               "view.presentation", "view.palette",          "view.pin",  "playback.play",
                               "figure.copy_data",  "retrieval.beta_default"};

void command_item(ChromeContext& context, const CommandSpec& spec) {
    std::string title = spec.title;
    bool enabled = !spec.enabled || spec.enabled(context.state);
    if (spec.id == "edit.undo") {
        enabled = context.runner.can_undo();
        if (enabled) title = context.runner.undo_title();
    } else if (spec.id == "edit.redo") {
        enabled = context.runner.can_redo();
        if (enabled) title = context.runner.redo_title();
    }
    // The id keeps its place when the title changes.
    const std::string label = title + "###" + spec.id;
    const bool checked = spec.checked && spec.checked(context.state);
    if (ImGui::MenuItem(label.c_str(), shortcut_of(spec, context.state.preferences).c_str(), checked, enabled))
        context.emit(spec.id);
}

void recent_files(ChromeContext& context) {
    const auto& recent = context.state.preferences.recent;
    if (!ImGui::BeginMenu("Open recent", !recent.empty())) return;
    for (const auto& path : recent)
        if (ImGui::MenuItem(path.filename().empty() ? path.string().c_str() : path.filename().string().c_str()))
            context.emit("file.open", {{"path", path.string()}});
        else
            ImGui::SetItemTooltip("%s", path.string().c_str());
    ImGui::EndMenu();
}

void panel_items(ChromeContext& context) {
    for (const auto& panel : context.panels) {
        if (panel->workspace() != context.state.view.workspace) continue;
        const bool open = context.state.view.open_panels.contains(panel->id());
        const std::string label = panel->title() + "###" + panel->id();
        if (ImGui::MenuItem(label.c_str(), nullptr, open))
            context.emit("view.panel", {{"panel", panel->id()}, {"open", !open}});
    }
}

void menu(ChromeContext& context, const std::string& name) {
    const std::string submenu = name + "/";
    std::vector<std::string> drawn;
    if (name == "View") {
        panel_items(context);
        ImGui::Separator();
    }
    for (const CommandSpec& spec : context.commands.all()) {
        if (spec.menu.starts_with(submenu)) {
            // All of a submenu where its first command stands.
            if (std::find(drawn.begin(), drawn.end(), spec.menu) != drawn.end()) continue;
            drawn.push_back(spec.menu);
            if (!ImGui::BeginMenu(spec.menu.substr(submenu.size()).c_str())) continue;
            for (const CommandSpec& inner : context.commands.all())
                if (inner.menu == spec.menu) command_item(context, inner);
            ImGui::EndMenu();
        } else if (spec.menu == name) {
            if (std::find(set_apart.begin(), set_apart.end(), spec.id) != set_apart.end()) ImGui::Separator();
            command_item(context, spec);
            if (spec.id == "file.open") recent_files(context);
        }
    }
}

/// The jobs worth a word: those that outlive a blink.
std::vector<JobStatus> visible_jobs(ChromeContext& context) {
    auto jobs = context.services.jobs().jobs();
    std::erase_if(jobs, [](const JobStatus& job) { return job.running ? job.running_seconds < 0.4 : !job.loses_work; });
    return jobs;
}

std::string job_line(const JobStatus& job) {
    std::string text = job.name;
    if (!job.progress.stage.empty() && job.progress.stage != job.name) text += " · " + job.progress.stage;
    char share[24];
    if (job.progress.fraction >= 0) {
        std::snprintf(share, sizeof share, " · %.0f %%", job.progress.fraction * 100);
        text += share;
    }
    const auto left = time_left(job.progress.seconds_left);
    if (!left.empty() && job.progress.seconds_left >= 1) text += " · " + left;
    return text;
}

void job_row(ChromeContext& context, const JobStatus& job) {
    const float em = ImGui::GetFontSize();
    ImGui::PushID(static_cast<int>(job.id));
    ImGui::TextUnformatted(job_line(job).c_str());
    const float share = job.progress.fraction >= 0 ? float(job.progress.fraction) : -float(context.seconds);
    ImGui::ProgressBar(share, {em * 20, em * 0.4f}, "");
    ImGui::SameLine();
    if (ImGui::SmallButton("Cancel")) context.emit("compute.cancel", {{"job", static_cast<std::int64_t>(job.id)}});
    ImGui::PopID();
}

/// Where analyses are computed, ending at `right`: a menu of what there is.
void device_choice(ChromeContext& context, float right) {
    const float em = ImGui::GetFontSize();
    const Device chosen = context.services.jobs().device();
    const std::string name = chosen.name();
    right -= ImGui::CalcTextSize(name.c_str()).x + em * 2.0f;
    ImGui::SetCursorPosX(right);
    ImGui::PushStyleColor(ImGuiCol_Text, context.theme.muted_text);
    const bool open = ImGui::BeginMenu((name + "###device").c_str());
    ImGui::PopStyleColor();
    if (!open) {
        ImGui::SetItemTooltip("Where analyses are computed");
        return;
    }
    const AppState& state = context.state;
    if (!state.devices_asked) context.emit("compute.find_devices");
    const auto item = [&](const std::string& shown, const std::string& device) {
        const bool checked = Device::parse(device) == chosen;
        if (ImGui::MenuItem(shown.c_str(), nullptr, checked)) context.emit("compute.device", {{"device", device}});
    };
    item("auto: the first CUDA device, else the processor", "auto");
    for (const std::string& device : state.devices) item(device, device.substr(0, device.find(' ')));
    if (state.devices.empty()) ImGui::TextDisabled("looking for devices…");
    ImGui::EndMenu();
}

void jobs_area(ChromeContext& context) {
    const ThemeColours& theme = context.theme;
    const float em = ImGui::GetFontSize(), height = ImGui::GetFrameHeight();
    const auto jobs = visible_jobs(context);
    float right = ImGui::GetWindowWidth() - em * 0.4f;
    if (!jobs.empty()) {
        const std::string all = jobs.size() > 1 ? "  +" + std::to_string(jobs.size() - 1) : "";
        const std::string line = elide(job_line(jobs.front()), em * 26) + all;
        const float width = ImGui::CalcTextSize(line.c_str()).x + em * 2.0f + height;
        right -= width;
        ImGui::SetCursorPosX(right);
        const ImVec2 at = ImGui::GetCursorScreenPos();
        ImDrawList& draw = *ImGui::GetWindowDrawList();
        const float top = at.y + em * 0.15f, bottom = at.y + height - em * 0.15f;
        draw.AddRectFilled({at.x, top}, {at.x + width, bottom}, ImGui::GetColorU32(theme.background), height);
        draw.AddRect({at.x, top}, {at.x + width, bottom}, ImGui::GetColorU32(theme.border), height);
        // A quiet disc that fills: the share that is done.
        const ImVec2 centre{at.x + em * 0.9f, at.y + height / 2};
        draw.AddCircleFilled(centre, em * 0.32f, ImGui::GetColorU32(theme.border));
        const float share = jobs.front().progress.fraction >= 0 ? float(jobs.front().progress.fraction) : 1;
        draw.PathLineTo(centre);
        draw.PathArcTo(centre, em * 0.32f, -1.5708f, -1.5708f + 6.2832f * share, 24);
        draw.PathFillConvex(ImGui::GetColorU32(theme.accent));
        draw.AddText({at.x + em * 1.5f, at.y + (height - em) / 2}, ImGui::GetColorU32(theme.text), line.c_str());
        if (ImGui::InvisibleButton("##jobs", {width - height, height})) ImGui::OpenPopup("jobs");
        ImGui::SetItemTooltip("What is running");
        ImGui::SameLine(0, 0);
        if (icon_button("##cancel job", Icon::close, "Cancel", theme, false))
            context.emit("compute.cancel", {{"job", static_cast<std::int64_t>(jobs.front().id)}});
        if (ImGui::BeginPopup("jobs")) {
            for (const auto& job : jobs) job_row(context, job);
            ImGui::EndPopup();
        }
    }
    device_choice(context, right);
}

} // namespace

void draw_menu_bar(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em * 0.6f, em * 0.4f));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em * 0.7f, em * 0.5f));
    if (ImGui::BeginMainMenuBar()) {
        ImGui::SetCursorPosX(em);
        styled_text("attnscope", context.theme.text, context.theme.fonts.bold);
        // A menu takes the place after it by its own rule, not by SameLine.
        ImGui::SetCursorPosX(em * 2.2f + ImGui::GetItemRectSize().x);
        for (const char* name : menus)
            if (ImGui::BeginMenu(name)) {
                menu(context, name);
                ImGui::EndMenu();
            }
        jobs_area(context);
        ImGui::EndMainMenuBar();
    }
    ImGui::PopStyleVar(2);
}

} // namespace attnscope::ui
