// β, the step and the mode: what the retrieval workspace is driven by, and the timeline that plays.
#include "panels/chrome.h"
#include "widgets/controls.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

void label(const char* text, const ThemeColours& theme, bool strong = false) {
    ImGui::AlignTextToFramePadding();
    styled_text(text, strong ? theme.text : theme.muted_text, strong ? theme.fonts.bold : nullptr);
    ImGui::SameLine();
}

/// A combo as wide as its content.
bool begin_choice(const char* id, const char* shown) {
    const ImGuiStyle& style = ImGui::GetStyle();
    ImGui::SetNextItemWidth(ImGui::CalcTextSize(shown).x + style.FramePadding.x * 3 + ImGui::GetFrameHeight());
    return ImGui::BeginCombo(id, shown, ImGuiComboFlags_HeightLarge);
}

std::vector<SliderTick> beta_ticks(const retrieval::Spectrum& spectrum) {
    std::vector<SliderTick> ticks;
    if (!spectrum.beta_critical) return ticks;
    char text[160];
    for (std::size_t k = std::min<std::size_t>(6, spectrum.eigenvalues.size()); k-- > 1;) {
        if (!(spectrum.eigenvalues[k] > 0)) continue;
        const double value = 1 / spectrum.eigenvalues[k];
        std::snprintf(text, sizeof text, "1/λ%zu = %s: the centroid gives way along v%zu", k + 1,
                      readable_number(value).c_str(), k + 1);
        ticks.push_back({value, "", text, false});
    }
    const std::string critical = readable_number(*spectrum.beta_critical, 3);
    std::snprintf(text, sizeof text,
                  "β_c = 1/λ1 = %s: the centroid loses stability here.\n"
                  "Single memories become retrievable elsewhere.", critical.c_str());
    ticks.push_back({*spectrum.beta_critical, "β_c " + critical, text, true});
    return ticks;
}

void beta_controls(ChromeContext& context, float slider_width) {
    const auto spectrum = context.services.retrieval().spectrum().result;
    const double beta = context.services.retrieval().view().beta;
    SliderRange range{0.125, 8, true, 1.0 / 192, false};
    std::vector<SliderTick> ticks;
    if (spectrum) {
        const auto axis = retrieval::beta_axis(*spectrum, 2);
        range.low = axis.front();
        range.high = axis.back();
        ticks = beta_ticks(*spectrum);
    }
    label("β", context.theme, true);
    const float lift = (ImGui::GetFontSize() * 2.2f * 0.56f) - ImGui::GetFrameHeight() / 2;
    const float y = ImGui::GetCursorPosY();
    ImGui::SetCursorPosY(y - lift);
    if (const auto wanted = draw_slider("##beta", beta, range, slider_width, ticks, context.theme))
        context.emit("retrieval.beta", {{"value", *wanted}});
    ImGui::SameLine();
    ImGui::SetCursorPosY(y);
    const float em = ImGui::GetFontSize();
    if (const auto typed = number_box("##beta value", beta, "%.4g", em * 4.6f, context.theme))
        context.emit("retrieval.beta", {{"value", *typed}});
    ImGui::SetItemTooltip("β, the inverse temperature. Type a number, or press B anywhere.\n"
                          "Wheel over the slider for fine steps, Shift for finer ones.");
    ImGui::SameLine(0, em * 0.5f);
    label("log", context.theme);
}

void step_controls(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const int step = context.state.view.selection.step, steps = context.state.view.retrieval.steps;
    ImGui::SameLine(0, em * 1.2f);
    label("step", context.theme);
    if (icon_button("##back", Icon::back, "One frame back  ,", context.theme)) context.emit("playback.back");
    ImGui::SameLine(0, em * 0.3f);
    const bool playing = context.state.playback.playing;
    if (icon_button("##play", playing ? Icon::pause : Icon::play, playing ? "Pause  K" : "Play the timeline  K",
                    context.theme))
        context.emit("playback.play");
    ImGui::SameLine(0, em * 0.3f);
    if (icon_button("##forward", Icon::forward, "One frame on  .", context.theme)) context.emit("playback.forward");
    ImGui::SameLine(0, em * 0.6f);
    const float lift = (em * 2.2f * 0.56f) - ImGui::GetFrameHeight() / 2, y = ImGui::GetCursorPosY();
    ImGui::SetCursorPosY(y - lift);
    const SliderRange range{0, double(steps), false, 1.0 / std::max(1, steps), true};
    if (const auto wanted = draw_slider("##step", step, range, em * 8, {}, context.theme))
        context.emit("retrieval.step", {{"value", static_cast<std::int64_t>(*wanted)}});
    ImGui::SameLine();
    ImGui::SetCursorPosY(y);
    char format[24];
    std::snprintf(format, sizeof format, "%%.0f / %d", steps);
    if (const auto typed = number_box("##step value", step, format, em * 4, context.theme))
        context.emit("retrieval.step", {{"value", static_cast<std::int64_t>(std::llround(std::clamp(*typed, 0.0, 1e6)))}});
    if (ImGui::BeginPopupContextItem("steps")) {
        styled_text("Steps computed", context.theme.muted_text);
        for (const int choice : {4, 8, 16, 32, 64})
            if (ImGui::MenuItem(std::to_string(choice).c_str(), nullptr, choice == steps))
                context.emit("retrieval.steps", {{"value", std::int64_t{choice}}});
        ImGui::EndPopup();
    }
    ImGui::SetItemTooltip("Step of the iteration. Right click: how many are computed.");
}

void mode_controls(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const auto mode = context.state.view.selection.mode;
    ImGui::SameLine(0, em * 1.2f);
    label("mode", context.theme);
    if (begin_choice("##mode", retrieval::mode_name(mode))) {
        for (const auto choice : retrieval::all_modes) {
            const char* name = retrieval::mode_name(choice);
            if (ImGui::Selectable(name, choice == mode)) context.emit("retrieval.mode", {{"mode", std::string(name)}});
        }
        ImGui::EndCombo();
    }
    if (mode == retrieval::Mode::residual) {
        ImGui::SameLine(0, em * 0.6f);
        label("λ", context.theme);
        if (const auto typed = number_box("##lambda", context.state.view.retrieval.lambda, "%.2f", em * 3, context.theme))
            context.emit("retrieval.lambda", {{"value", *typed}});
    }
}

void timeline_controls(ChromeContext& context) {
    const ImGuiStyle& style = ImGui::GetStyle();
    const float em = ImGui::GetFontSize();
    const bool over_beta = context.state.playback.timeline == Timeline::beta;
    const char* const shown = over_beta ? "β" : "step";
    const float width = ImGui::CalcTextSize(shown).x + style.FramePadding.x * 3 + ImGui::GetFrameHeight() +
                        ImGui::CalcTextSize("timeline").x + style.ItemSpacing.x;
    ImGui::SameLine(std::max(ImGui::GetCursorPosX() + em, ImGui::GetWindowWidth() - width - style.WindowPadding.x));
    label("timeline", context.theme);
    if (begin_choice("##timeline", shown)) {
        if (ImGui::Selectable("step", !over_beta)) context.emit("playback.timeline", {{"timeline", std::string("step")}});
        if (ImGui::Selectable("β", over_beta)) context.emit("playback.timeline", {{"timeline", std::string("beta")}});
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

}  // namespace

void draw_transport_bar(ChromeContext& context) {
    const float em = ImGui::GetFontSize(), height = em * 3;
    ImGui::PushStyleColor(ImGuiCol_WindowBg, context.theme.panel);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em, (height - ImGui::GetFrameHeight()) / 2));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    const auto flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoSavedSettings |
                       ImGuiWindowFlags_NoDocking;
    if (ImGui::BeginViewportSideBar("##transport", ImGui::GetMainViewport(), ImGuiDir_Up, height, flags)) {
        const bool ready = context.state.bank() != nullptr;
        ImGui::BeginDisabled(!ready);
        // What the other controls leave over, within reason: the slider is the heart of the bar.
        const bool residual = context.state.view.selection.mode == retrieval::Mode::residual;
        const float others = em * (residual ? 61.0f : 56.0f);
        beta_controls(context, std::clamp(ImGui::GetContentRegionAvail().x - others, em * 10, em * 42));
        step_controls(context);
        mode_controls(context);
        timeline_controls(context);
        ImGui::EndDisabled();
    }
    ImGui::End();
    ImGui::PopStyleVar(2);
    ImGui::PopStyleColor();
}

}  // namespace attnscope::ui
