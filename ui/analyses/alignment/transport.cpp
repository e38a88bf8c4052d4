// The anchor, the head, and which operators are compared.
#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

struct Choice {
    const char *name, *shown;
};

/// A combo of names that a command takes.
template <std::size_t count>
void choice(ChromeContext& context, const char* label, const char* command_id, const char* now,
            const Choice (&choices)[count], const char* tooltip) {
    const float em = ImGui::GetFontSize();
    ImGui::SameLine(0, em * 0.8f);
    if (*label != '#') bar_label(label, context.theme);
    const char* shown = now;
    for (const Choice& entry : choices)
        if (std::string_view(entry.name) == now) shown = entry.shown;
    if (begin_choice((std::string("##choice") + label).c_str(), shown)) {
        for (const Choice& entry : choices)
            if (ImGui::Selectable(entry.shown, std::string_view(entry.name) == now))
                context.emit(command_id, {{"name", std::string(entry.name)}});
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("%s", tooltip);
}

void number(ChromeContext& context, const char* name, const char* command_id, double value, double least, double most,
            const char* tooltip) {
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
    if (*name != '#') bar_label(name, context.theme);
    const auto wanted = [&](double typed) {
        context.emit(command_id, {{"value", static_cast<std::int64_t>(std::llround(std::clamp(typed, least, most)))}});
    };
    const float width = ImGui::GetFontSize() * 2.4f;
    if (const auto typed = number_box((std::string("##") + name).c_str(), value, "%.0f", width, context.theme))
        wanted(*typed);
    const bool hovered = ImGui::IsItemHovered();
    ImGui::SetItemTooltip("%s", tooltip);
    if (const float turned = ImGui::GetIO().MouseWheel; hovered && turned != 0 && !ImGui::IsItemActive())
        wanted(value + (turned > 0 ? 1 : -1));
}

} // namespace

void draw_alignment_transport(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const AlignmentSlots& slots = context.services.alignment();
    const AlignmentOptions& options = context.state.view.alignment;
    const alignment::View view = slots.view();
    const double last = std::max(0, slots.layers() - 1), last_head = std::max(0, slots.heads() - 1);
    ImGui::BeginDisabled(!slots.has_source());
    const float slider = std::clamp(ImGui::GetContentRegionAvail().x - 76 * em, 5 * em, 11 * em);
    bar_label("anchor", context.theme, true);
    const SliderRange range{0, std::max(1.0, last), false, 1 / std::max(1.0, last), true};
    if (const auto dragged = bar_slider("##anchor slider", view.anchor, range, slider, {}, context.theme))
        context.emit("alignment.anchor",
                     {{"value", std::clamp<std::int64_t>(std::llround(*dragged), 0, std::llround(last))}});
    number(context, "##anchor", "alignment.anchor", view.anchor, 0, last,
           "The layer that all others are compared with. Drag, type or wheel; or drag across the anchor profile.");
    number(context, "layer", "selection.layer", view.layer, 0, last, "Layer, counted from 0. Wheel, or L anywhere.");
    ImGui::SameLine(0, em * 0.8f);
    bar_label("head", context.theme);
    if (begin_choice("##head", view.head < 0 ? "mean" : std::to_string(view.head).c_str())) {
        if (ImGui::Selectable("mean", view.head < 0)) context.emit("alignment.head", {{"value", std::int64_t{-1}}});
        for (int head = 0; head <= static_cast<int>(last_head); ++head)
            if (ImGui::Selectable(std::to_string(head).c_str(), head == view.head))
                context.emit("alignment.head", {{"value", std::int64_t{head}}});
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("One head, or the mean over all of them. H and a number anywhere selects a head.");
    choice(context, "map", "alignment.quantity", choice_name(view.quantity),
           {{"cos", "cos"},
            {"mean_cos_pa", "angles, mean"},
            {"min_cos_pa", "angles, largest"},
            {"top1_overlap", "top-1 overlap"}},
           "What the maps of layers show");
    // A file has decided the rest.
    ImGui::BeginDisabled(options.grams != 0);
    choice(context, "##operator", "alignment.operator", choice_name(options.kind), {{"qk", "QK"}, {"ov", "OV"}},
           "QK: how queries meet keys. OV: what a head writes for what it reads.");
    choice(context, "directions", "alignment.directions", choice_name(options.basis),
           {{"symmetric", "symmetric"}, {"left", "left"}, {"right", "right"}},
           "Eigenvectors of the symmetric part, or singular vectors on the side of keys (left) or queries (right)");
    number(context, "k", "alignment.topk", options.topk, 1, 256, "Directions kept of a head");
    ImGui::SameLine(0, em * 0.8f);
    bool gain = options.norm_gain;
    if (ImGui::Checkbox("norm's gain", &gain)) context.emit("alignment.norm_gain", {});
    ImGui::SetItemTooltip("Fold the gain of the norm before attention into the operators");
    ImGui::EndDisabled();
    ImGui::EndDisabled();
    ImGui::SameLine(0, em * 0.8f);
    playback_buttons(context);
}

} // namespace attnscope::ui
