// The bar below the menus: what the workspace is driven by, and the timeline that plays.
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

void bar_label(const char* text, const ThemeColours& theme, bool strong) {
    ImGui::AlignTextToFramePadding();
    styled_text(text, strong ? theme.text : theme.muted_text, strong ? theme.fonts.bold : nullptr);
    ImGui::SameLine();
}

float choice_width(const char* shown) {
    return ImGui::CalcTextSize(shown).x + ImGui::GetStyle().FramePadding.x * 3 + ImGui::GetFrameHeight();
}

bool begin_choice(const char* id, const char* shown) {
    ImGui::SetNextItemWidth(choice_width(shown));
    return ImGui::BeginCombo(id, shown, ImGuiComboFlags_HeightLarge);
}

void next_control(float width) {
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
    if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
}

std::optional<double> bar_slider(const char* id, double value, const SliderRange& range, float width,
                                 const std::vector<SliderTick>& ticks, const ThemeColours& theme) {
    // The groove of the slider, not its middle, is on the line.
    const float lift = (ImGui::GetFontSize() * 2.2f * 0.56f) - ImGui::GetFrameHeight() / 2;
    const ImVec2 at = ImGui::GetCursorPos();
    ImGui::SetCursorPosY(at.y - lift);
    const auto wanted = draw_slider(id, value, range, width, ticks, theme);
    ImGui::SameLine(0, 0);
    ImGui::SetCursorPosY(at.y);
    // The next SameLine() continues from the slider on the line of the bar.
    ImGui::Dummy({0, ImGui::GetFrameHeight()});
    return wanted;
}

void whole_box(ChromeContext& context, const char* name, const char* command_id, double value, float width,
               double least, double most, const char* tooltip, bool wheel) {
    bar_label(name, context.theme);
    const auto wanted = [&](double typed) {
        context.emit(command_id, {{"value", static_cast<std::int64_t>(std::llround(std::clamp(typed, least, most)))}});
    };
    if (const auto typed = number_box((std::string("##") + name).c_str(), value, "%.0f", width, context.theme))
        wanted(*typed);
    const bool hovered = ImGui::IsItemHovered();
    ImGui::SetItemTooltip("%s", tooltip);
    if (const float turned = ImGui::GetIO().MouseWheel; wheel && hovered && turned != 0 && !ImGui::IsItemActive())
        wanted(value + (turned > 0 ? 1 : -1));
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

void frame_box(ChromeContext& context, const char* name, const char* command_id, int now, int last,
               const char* tooltip) {
    char format[32];
    std::snprintf(format, sizeof format, "%%.0f / %d", last);
    const auto wanted = [&](double typed) {
        context.emit(command_id,
                     {{"value", static_cast<std::int64_t>(std::llround(std::clamp(typed, 0.0, double(last))))}});
    };
    ImGui::BeginDisabled(last == 0);
    bar_label(name, context.theme);
    const std::string id = std::string("##") + name;
    if (const auto typed = number_box(id.c_str(), now, format, ImGui::GetFontSize() * 4.8f, context.theme))
        wanted(*typed);
    if (const float turned = ImGui::GetIO().MouseWheel; ImGui::IsItemHovered() && turned != 0 && !ImGui::IsItemActive())
        wanted(now + (turned > 0 ? 1 : -1));
    ImGui::SetItemTooltip("%s", tooltip);
    ImGui::EndDisabled();
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

void playback_buttons(ChromeContext& context) {
    const float gap = ImGui::GetFontSize() * 0.3f;
    if (icon_button("##back", Icon::back, "One frame back  ,", context.theme)) context.emit("playback.back");
    ImGui::SameLine(0, gap);
    const bool playing = context.state.playback.playing;
    if (icon_button("##play", playing ? Icon::pause : Icon::play, playing ? "Pause  K" : "Play the timeline  K",
                    context.theme))
        context.emit("playback.play");
    ImGui::SameLine(0, gap);
    if (icon_button("##forward", Icon::forward, "One frame on  .", context.theme)) context.emit("playback.forward");
}

namespace {

void timeline_controls(ChromeContext& context) {
    const ImGuiStyle& style = ImGui::GetStyle();
    const float em = ImGui::GetFontSize();
    const Workspace workspace = context.state.view.workspace;
    const Timeline chosen = context.state.timeline();
    const char* const shown = timeline_name(chosen);
    const float width = choice_width(shown) + ImGui::CalcTextSize("timeline").x + style.ItemSpacing.x;
    // Where large type leaves no room for it, the palette has it still.
    const float taken = ImGui::GetItemRectMax().x - ImGui::GetWindowPos().x + em;
    const float begin = ImGui::GetWindowWidth() - width - style.WindowPadding.x;
    if (taken > begin) return;
    ImGui::SameLine(begin);
    bar_label("timeline", context.theme);
    if (begin_choice("##timeline", shown)) {
        for (const Timeline timeline : timelines_of(workspace))
            if (ImGui::Selectable(timeline_name(timeline), timeline == chosen))
                context.emit("playback.timeline", {{"timeline", std::string(timeline_id(timeline))}});
        ImGui::Separator();
        for (const double rate : {2.0, 4.0, 8.0, 15.0}) {
            char text[32];
            std::snprintf(text, sizeof text, "%.0f frames a second", rate);
            if (ImGui::Selectable(text, context.state.playback.frames_per_second == rate))
                context.emit("playback.speed", {{"frames_per_second", rate}});
        }
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("What the play button moves");
}

} // namespace

void draw_transport_bar(ChromeContext& context) {
    const float em = ImGui::GetFontSize(), height = em * 3;
    ImGui::PushStyleColor(ImGuiCol_WindowBg, context.theme.panel);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em, (height - ImGui::GetFrameHeight()) / 2));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    const auto flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                       ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking;
    if (ImGui::BeginViewportSideBar("##transport", ImGui::GetMainViewport(), ImGuiDir_Up, height, flags)) {
        view_of(context.state.view.workspace).transport(context);
        timeline_controls(context);
    }
    ImGui::End();
    ImGui::PopStyleVar(2);
    ImGui::PopStyleColor();
}

} // namespace attnscope::ui
