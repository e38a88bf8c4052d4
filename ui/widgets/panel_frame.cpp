#include "widgets/panel_frame.h"

#include "widgets/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr const char* menu_id = "panel menu";

struct FileKind {
    const char *label, *extension;
};
constexpr std::array<FileKind, 7> file_kinds{{{"SVG", "svg"},
                                              {"PDF", "pdf"},
                                              {"PNG", "png"},
                                              {"CSV", "csv"},
                                              {"JSON", "json"},
                                              {"npz", "npz"},
                                              {"Python script and npz", "py"}}};

std::string shortcut_of(const PanelContext& context, const char* command_id) {
    const auto& changed = context.state.preferences.shortcuts;
    if (const auto found = changed.find(command_id); found != changed.end()) return found->second;
    const CommandSpec* const spec = context.commands.find(command_id);
    return spec ? spec->shortcut : "";
}

void draw_menu(const Panel& panel, const PanelStatus& status, PanelContext& context) {
    const Arguments of_panel{{"panel", panel.id()}};
    const auto item = [&](const char* label, const char* command_id, Arguments arguments, bool enabled) {
        if (ImGui::MenuItem(label, shortcut_of(context, command_id).c_str(), false, enabled))
            context.emit(command_id, std::move(arguments));
    };
    item("Copy data", "figure.copy_data", of_panel, status.has_figure);
    item("Copy as Python", "figure.copy_python", of_panel, status.has_figure);
    item("Copy recipe", "figure.copy_recipe", of_panel, status.has_figure);
    ImGui::Separator();
    item("Export…", "figure.export", of_panel, status.has_figure);
    if (ImGui::BeginMenu("Save as", status.has_figure)) {
        for (const FileKind& kind : file_kinds) {
            if (!ImGui::MenuItem(kind.label)) continue;
            Arguments arguments = of_panel;
            arguments["format"] = std::string(kind.extension);
            context.emit("figure.export", std::move(arguments));
        }
        ImGui::EndMenu();
    }
    ImGui::Separator();
    if (context.state.pinned) {
        item("Pin this view as A instead", "view.pin", {}, true);
        item("Go to A", "view.show_pin", {}, true);
        item("Unpin A", "view.unpin", {}, true);
    } else {
        const CommandSpec& pin = *context.commands.find("view.pin");
        item("Pin as A to compare", "view.pin", {}, pin.enabled(context.state));
    }
    ImGui::Separator();
    item("What does this show?", "help.panel", of_panel, true);
}

/// An arc that turns while something is computed.
void draw_spinner(ImVec2 centre, float radius, double seconds, ImU32 colour) {
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    const float begin = float(std::fmod(seconds * 5.0, 6.283185307));
    draw.PathArcTo(centre, radius, begin, begin + 4.2f, 16);
    draw.PathStroke(colour, radius * 0.35f);
}

} // namespace

void panel_header(const Panel& panel, const PanelStatus& status, PanelContext& context) {
    const ThemeColours& theme = context.theme;
    const float em = ImGui::GetFontSize(), height = em * 1.3f;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x, button = height;
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    float right = at.x + width - button;

    ImGui::SetCursorScreenPos({right, at.y});
    if (ImGui::InvisibleButton("##menu button", {button, height})) ImGui::OpenPopup(menu_id);
    ImGui::SetItemTooltip("Copy, save, compare, explain");
    const ImU32 dots = ImGui::GetColorU32(ImGui::IsItemHovered() ? theme.accent : theme.muted_text);
    for (const float shift : {-0.32f, 0.0f, 0.32f})
        draw.AddCircleFilled({right + button / 2 + shift * em, at.y + height / 2}, em * 0.09f, dots);

    if (context.state.pinned) {
        const char* const chip = "A";
        const ImVec2 extent = ImGui::CalcTextSize(chip);
        right -= extent.x + em * 0.9f;
        draw.AddRectFilled({right, at.y + em * 0.08f}, {right + extent.x + em * 0.6f, at.y + height - em * 0.08f},
                           ImGui::GetColorU32(ImGuiCol_Button), em * 0.25f);
        draw.AddText({right + em * 0.3f, at.y + (height - extent.y) / 2}, ImGui::GetColorU32(theme.muted_text), chip);
        if (ImGui::IsWindowHovered() &&
            ImGui::IsMouseHoveringRect({right, at.y}, {right + extent.x + em * 0.6f, at.y + height}))
            ImGui::SetTooltip("A: %s", context.state.pinned->title.c_str());
    }
    if (status.busy) {
        right -= em * 1.2f;
        draw_spinner({right + em * 0.5f, at.y + height / 2}, em * 0.36f, context.seconds,
                     ImGui::GetColorU32(theme.muted_text));
    }
    if (!status.subtitle.empty()) {
        const std::string line = keep_last_parts(status.subtitle, right - at.x - em * 0.5f);
        const ImVec2 extent = ImGui::CalcTextSize(line.c_str());
        draw.AddText({at.x, at.y + (height - extent.y) / 2}, ImGui::GetColorU32(theme.muted_text), line.c_str());
        if (line != status.subtitle && ImGui::IsWindowHovered() &&
            ImGui::IsMouseHoveringRect(at, {at.x + extent.x, at.y + height})) {
            ImGui::BeginTooltip();
            ImGui::PushTextWrapPos(em * 30);
            ImGui::TextUnformatted(status.subtitle.c_str());
            ImGui::PopTextWrapPos();
            ImGui::EndTooltip();
        }
    }
    ImGui::SetCursorScreenPos(at);
    ImGui::Dummy({width, height});
    if (ImGui::BeginPopup(menu_id)) {
        draw_menu(panel, status, context);
        ImGui::EndPopup();
    }
}

void panel_context_menu(const Panel& panel, const PanelStatus& status, PanelContext& context) {
    const bool over =
        ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows | ImGuiHoveredFlags_AllowWhenBlockedByActiveItem);
    const float drag = ImGui::GetIO().MouseDragMaxDistanceSqr[ImGuiMouseButton_Right];
    const float em = ImGui::GetFontSize();
    if (over && ImGui::IsMouseReleased(ImGuiMouseButton_Right) && drag < em * em * 0.15f)
        ImGui::OpenPopup("panel context menu");
    if (ImGui::BeginPopup("panel context menu")) {
        draw_menu(panel, status, context);
        ImGui::EndPopup();
    }
}

void draw_hint(const Hint& hint, PanelContext& context) {
    const ThemeColours& theme = context.theme;
    const float em = ImGui::GetFontSize();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float width = std::min(room.x - em, em * 26);
    const float text_height = ImGui::CalcTextSize(hint.text.c_str(), nullptr, false, width).y;
    const float height = em * 1.6f + text_height + (hint.actions.empty() ? 0 : em * 2.6f);
    const float left = ImGui::GetCursorPosX() + std::max(0.0f, (room.x - width) / 2);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + std::max(0.0f, (room.y - height) / 2.4f));
    if (!hint.title.empty()) {
        ImGui::SetCursorPosX(left);
        if (theme.fonts.bold) ImGui::PushFont(theme.fonts.bold, 0);
        ImGui::TextColored(hint.is_error ? theme.error : theme.text, "%s", hint.title.c_str());
        if (theme.fonts.bold) ImGui::PopFont();
    }
    ImGui::SetCursorPosX(left);
    ImGui::PushTextWrapPos(left + width);
    ImGui::PushStyleColor(ImGuiCol_Text, theme.muted_text);
    ImGui::TextUnformatted(hint.text.c_str());
    ImGui::PopStyleColor();
    ImGui::PopTextWrapPos();
    ImGui::Spacing();
    bool first = true;
    for (const Hint::Action& action : hint.actions) {
        if (first)
            ImGui::SetCursorPosX(left);
        else
            ImGui::SameLine();
        first = false;
        if (ImGui::Button(action.label.c_str())) context.out.push_back(action.command);
    }
}

void draw_cancelled(PanelContext& context) {
    ImGui::AlignTextToFramePadding();
    ImGui::TextColored(context.theme.muted_text, "cancelled –");
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.3f);
    if (ImGui::SmallButton("retry")) context.emit("compute.retry");
    ImGui::SetItemTooltip("Compute what was cancelled after all");
}

void draw_waiting(const Progress& progress, const std::string& what, const ThemeColours& theme) {
    const float em = ImGui::GetFontSize();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float width = std::min(room.x - em, em * 18);
    const float left = ImGui::GetCursorPosX() + std::max(0.0f, (room.x - width) / 2);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + std::max(0.0f, (room.y - em * 3) / 2.4f));
    char line[160];
    const std::string& stage = progress.stage.empty() ? what : progress.stage;
    if (progress.seconds_left >= 1)
        std::snprintf(line, sizeof line, "%.100s · %d:%02d left", stage.c_str(), int(progress.seconds_left) / 60,
                      int(progress.seconds_left) % 60);
    else
        std::snprintf(line, sizeof line, "%.100s…", stage.c_str());
    ImGui::SetCursorPosX(left);
    ImGui::TextColored(theme.muted_text, "%s", line);
    ImGui::SetCursorPosX(left);
    const float share = progress.fraction >= 0 ? float(progress.fraction) : -float(ImGui::GetTime());
    ImGui::ProgressBar(share, {width, em * 0.5f}, "");
}

} // namespace attnscope::ui
