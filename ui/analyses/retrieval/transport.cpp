// β, the step and the mode.
#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

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
                  "Single memories become retrievable elsewhere.",
                  critical.c_str());
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
    bar_label("β", context.theme, true);
    if (const auto wanted = bar_slider("##beta", beta, range, slider_width, ticks, context.theme))
        context.emit("retrieval.beta", {{"value", *wanted}});
    ImGui::SameLine();
    const float em = ImGui::GetFontSize();
    if (const auto typed = number_box("##beta value", beta, "%.4g", em * 4.6f, context.theme))
        context.emit("retrieval.beta", {{"value", *typed}});
    ImGui::SetItemTooltip("β, the inverse temperature. Type a number, or press B anywhere.\n"
                          "Wheel over the slider for fine steps, Shift for finer ones.");
    ImGui::SameLine(0, em * 0.5f);
    bar_label("log", context.theme);
}

void step_controls(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const int step = context.state.view.selection.step, steps = context.state.view.retrieval.steps;
    ImGui::SameLine(0, em * 1.2f);
    bar_label("step", context.theme);
    playback_buttons(context);
    ImGui::SameLine(0, em * 0.6f);
    const SliderRange range{0, double(steps), false, 1.0 / std::max(1, steps), true};
    if (const auto wanted = bar_slider("##step", step, range, em * 8, {}, context.theme))
        context.emit("retrieval.step", {{"value", static_cast<std::int64_t>(*wanted)}});
    ImGui::SameLine();
    char format[24];
    std::snprintf(format, sizeof format, "%%.0f / %d", steps);
    if (const auto typed = number_box("##step value", step, format, em * 4, context.theme))
        context.emit("retrieval.step",
                     {{"value", static_cast<std::int64_t>(std::llround(std::clamp(*typed, 0.0, 1e6)))}});
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
    bar_label("mode", context.theme);
    if (begin_choice("##mode", choice_name(mode))) {
        for (const auto choice : retrieval::all_modes) {
            const char* name = choice_name(choice);
            if (ImGui::Selectable(name, choice == mode)) context.emit("retrieval.mode", {{"mode", std::string(name)}});
        }
        ImGui::EndCombo();
    }
    if (mode == retrieval::Mode::residual) {
        ImGui::SameLine(0, em * 0.6f);
        bar_label("λ", context.theme);
        if (const auto typed =
                number_box("##lambda", context.state.view.retrieval.lambda, "%.2f", em * 3, context.theme))
            context.emit("retrieval.lambda", {{"value", *typed}});
    }
}

} // namespace

void draw_retrieval_transport(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    ImGui::BeginDisabled(!context.state.bank());
    // What the other controls leave over, within reason: the slider is the heart of the bar.
    const bool residual = context.state.view.selection.mode == retrieval::Mode::residual;
    const float others = em * (residual ? 61.0f : 56.0f);
    beta_controls(context, std::clamp(ImGui::GetContentRegionAvail().x - others, em * 10, em * 42));
    step_controls(context);
    mode_controls(context);
    ImGui::EndDisabled();
}

} // namespace attnscope::ui
