// The gain, the head and the query.
#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

using attention::HeadColour;

/// A number of the selection with its name: "layer [3]".
void cursor_box(ChromeContext& context, const char* name, const char* command_id, double value, const char* format,
                float width, double last, const char* tooltip) {
    const float em = ImGui::GetFontSize();
    ImGui::SameLine(0, em * 0.9f);
    bar_label(name, context.theme);
    if (const auto typed = number_box((std::string("##") + name).c_str(), value, format, width, context.theme))
        context.emit(command_id, {{"value", static_cast<std::int64_t>(std::llround(std::clamp(*typed, 0.0, last)))}});
    const bool hovered = ImGui::IsItemHovered();
    ImGui::SetItemTooltip("%s", tooltip);
    if (const float wheel = ImGui::GetIO().MouseWheel; hovered && wheel != 0 && !ImGui::IsItemActive())
        context.emit(command_id,
                     {{"value", static_cast<std::int64_t>(std::clamp(value + (wheel > 0 ? 1.0 : -1.0), 0.0, last))}});
}

void gain_controls(ChromeContext& context, float slider_width) {
    const AttentionOptions& options = context.state.view.attention;
    const double gain = context.state.view.selection.gain;
    const float em = ImGui::GetFontSize();
    bar_label("gain", context.theme, true);
    ImGui::BeginDisabled(options.top_one);
    const SliderRange range{0.125, 64, true, 1.0 / 192, false};
    const std::vector<SliderTick> ticks{{1, "1 = the model", "The scores as the model has them", true}};
    if (const auto wanted = bar_slider("##gain", gain, range, slider_width, ticks, context.theme))
        context.emit("selection.gain", {{"value", *wanted}});
    ImGui::SameLine();
    if (const auto typed = number_box("##gain value", gain, "%.3g", em * 3.6f, context.theme))
        context.emit("selection.gain", {{"value", std::clamp(*typed, 0.125, 64.0)}});
    ImGui::SetItemTooltip("Multiplies the scores before the softmax. Type a number, or press G anywhere.");
    ImGui::EndDisabled();
    ImGui::SameLine(0, em * 0.35f);
    const ImVec4 button = ImGui::GetStyleColorVec4(ImGuiCol_Button);
    ImGui::PushStyleColor(ImGuiCol_Button, options.top_one ? context.theme.accent : button);
    ImGui::PushStyleColor(ImGuiCol_Text, options.top_one ? context.theme.accent_text : context.theme.text);
    if (ImGui::Button("∞")) context.emit("attention.top_one", {{"on", !options.top_one}});
    ImGui::PopStyleColor(2);
    ImGui::SetItemTooltip("Infinite gain: all weight on the largest score (top-1)");
    ImGui::SameLine(0, em * 0.5f);
    constexpr const char *one = "this head", *all = "every layer";
    if (begin_choice("##scope", options.every_layer ? all : one)) {
        if (ImGui::Selectable(one, !options.every_layer))
            context.emit("attention.gain_scope", {{"scope", std::string("head")}});
        ImGui::SetItemTooltip("From the queries and keys of the model as it is: at once");
        if (ImGui::Selectable(all, options.every_layer))
            context.emit("attention.gain_scope", {{"scope", std::string("layers")}});
        ImGui::SetItemTooltip("A forward pass in which every layer's scores are multiplied");
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("What the gain turns: the scores of the selected head alone, or those of every layer in a\n"
                          "forward pass of its own. The two agree at 1 only.");
}

void colour_choice(ChromeContext& context) {
    const HeadColour chosen = context.state.view.attention.colour;
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.9f);
    bar_label("colour", context.theme);
    const auto shown = [](HeadColour colour) {
        std::string name = choice_name(colour);
        std::ranges::replace(name, '_', ' ');
        return name;
    };
    if (begin_choice("##colour", shown(chosen).c_str())) {
        for (const HeadColour colour : all_head_colours)
            if (ImGui::Selectable(shown(colour).c_str(), colour == chosen))
                context.emit("attention.colour", {{"by", std::string(choice_name(colour))}});
            else
                ImGui::SetItemTooltip("%s", attention::head_colour_title(colour));
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("What colours the map of heads: %s", attention::head_colour_title(chosen));
}

} // namespace

void draw_attention_transport(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const AttentionSlots& slots = context.services.attention();
    const ModelPtr model = slots.model();
    const auto read = slots.read();
    ImGui::BeginDisabled(!model);
    gain_controls(context, std::clamp(ImGui::GetContentRegionAvail().x - em * 73, em * 9, em * 34));
    const double layers = model ? double(model->config().layers) : 1, heads = model ? double(model->config().heads) : 1;
    cursor_box(context, "layer", "selection.layer", slots.layer(), "%.0f", em * 2.3f, layers - 1,
               "Layer, counted from 0. Wheel, or L anywhere.");
    cursor_box(context, "head", "selection.head", slots.head(), "%.0f", em * 2.3f, heads - 1,
               "Head, counted from 0. Wheel, or H anywhere.");
    const double tokens = read ? double(read->ids.size()) : 0;
    char format[32];
    std::snprintf(format, sizeof format, "%%.0f / %.0f", tokens);
    const float digits = float(std::to_string(read ? read->ids.size() : 0).size());
    cursor_box(context, "query", "selection.token", double(std::max<std::int64_t>(0, slots.token())), format,
               em * std::max(4.6f, 3.2f + 1.24f * digits), std::max(0.0, tokens - 1),
               "The token whose row is looked at, counted from 0, of how many. Wheel moves it.");
    colour_choice(context);
    ImGui::SameLine(0, em * 1.1f);
    playback_buttons(context);
    ImGui::EndDisabled();
}

} // namespace attnscope::ui
