// The rank that is looked at, and what is swept: layers, blocks, calibration, and how directions are fitted.
#include "chrome/transport_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

/// "20-29", "3, 5, 9".
std::string layers_text(const std::vector<int>& layers) {
    std::string text;
    for (std::size_t i = 0; i < layers.size();) {
        std::size_t last = i;
        while (last + 1 < layers.size() && layers[last + 1] == layers[last] + 1) ++last;
        text += (text.empty() ? "" : ", ") + std::to_string(layers[i]);
        if (last > i) text += (last == i + 1 ? ", " : "-") + std::to_string(layers[last]);
        i = last + 1;
    }
    return text;
}

void rank_slider(ChromeContext& context, const residual::View& view, const std::vector<int>& planned) {
    std::vector<int> ranks = planned;
    std::ranges::sort(ranks);
    const float em = ImGui::GetFontSize();
    bar_label("rank", context.theme, true);
    ImGui::BeginDisabled(ranks.size() < 2);
    const auto found = std::ranges::find(ranks, view.rank);
    const double place = found == ranks.end() ? 0 : double(found - ranks.begin());
    std::vector<SliderTick> ticks;
    for (std::size_t i = 0; i < ranks.size(); ++i)
        ticks.push_back({double(i), std::to_string(ranks[i]), "rank " + std::to_string(ranks[i]), true});
    const double last = std::max(1.0, double(ranks.size()) - 1);
    const auto moved = bar_slider("##rank", place, {0, last, false, 1 / last, true}, em * 13, ticks, context.theme);
    if (moved && !ranks.empty()) {
        const int rank = ranks[static_cast<std::size_t>(std::clamp(std::round(*moved), 0.0, double(ranks.size()) - 1))];
        if (rank != view.rank) context.emit("residual.rank", {{"value", std::int64_t{rank}}});
    }
    ImGui::SameLine(0, em * 0.3f);
    if (const auto typed = number_box("##typed", view.rank, "%.0f", em * 2.2f, context.theme))
        context.emit("residual.rank", {{"value", static_cast<std::int64_t>(std::llround(std::max(0.0, *typed)))}});
    ImGui::SetItemTooltip(
        "Directions of the residual that are kept, of the ranks that are swept; K plays through them");
    ImGui::EndDisabled();
    ImGui::SameLine(0, em * 0.8f);
}

void whole_box(ChromeContext& context, const char* name, const char* command_id, std::int64_t value, float width,
               const char* tooltip) {
    bar_label(name, context.theme);
    if (const auto typed = number_box((std::string("##") + name).c_str(), double(value), "%.0f", width, context.theme))
        context.emit(command_id, {{"value", static_cast<std::int64_t>(std::llround(std::max(1.0, *typed)))}});
    ImGui::SetItemTooltip("%s", tooltip);
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

void layers_box(ChromeContext& context, const std::optional<residual::Plan>& plan) {
    const float em = ImGui::GetFontSize();
    bar_label("layers", context.theme);
    const std::string shown = plan ? layers_text(plan->layers) : "last three";
    ImGui::SetNextItemWidth(em * 5.5f);
    char typed[128];
    std::snprintf(typed, sizeof typed, "%s", shown.c_str());
    if (ImGui::InputText("##layers", typed, sizeof typed, ImGuiInputTextFlags_EnterReturnsTrue))
        context.emit("residual.layers", {{"layers", std::string(typed)}});
    ImGui::SetItemTooltip(
        "Layers whose heads are replaced, as in 9, 10, 11 or 9-11; single heads are switched on the map");
    ImGui::SameLine(0, em * 0.8f);
}

void calibration_choice(ChromeContext& context, const residual::Parameters& parameters) {
    bar_label("basis from", context.theme);
    const bool leading = parameters.calibration == residual::Calibration::leading;
    if (begin_choice("##calibration", leading ? "the same text" : "held-out text")) {
        if (ImGui::Selectable("held-out text", !leading))
            context.emit("residual.calibration", {{"calibration", std::string("heldout")}});
        ImGui::SetItemTooltip("The blocks right behind the evaluated ones");
        if (ImGui::Selectable("the same text", leading))
            context.emit("residual.calibration", {{"calibration", std::string("leading")}});
        ImGui::SetItemTooltip("The first evaluated blocks, as was published: the curve is too good by what leaks");
        ImGui::EndCombo();
    }
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

/// What is asked for less often, behind a button.
void more(ChromeContext& context, const residual::Parameters& parameters) {
    if (ImGui::Button("fit…")) ImGui::OpenPopup("##fit");
    ImGui::SetItemTooltip("How directions are fitted: form of the residual, top-k, sink, centring, weighting");
    if (ImGui::BeginPopup("##fit")) {
        for (const auto form : {residual::Form::context, residual::Form::tail, residual::Form::tail_normalized})
            if (ImGui::RadioButton(choice_name(form), parameters.form == form))
                context.emit("residual.form", {{"form", std::string(choice_name(form))}});
        ImGui::Separator();
        const auto flag = [&](const char* name, const char* id, bool on) {
            if (bool value = on; ImGui::Checkbox(name, &value)) context.emit(id);
        };
        flag("token 0 is never V*", "residual.exclude_sink", parameters.exclude_sink);
        flag("centred", "residual.centred", parameters.centred);
        flag("weighted by W_O", "residual.output_weighted", parameters.output_weighted);
        flag("intrinsic dimension (TwoNN)", "residual.two_nn", parameters.two_nn);
        ImGui::Separator();
        whole_box(context, "top-k", "residual.top_k", parameters.top_k, ImGui::GetFontSize() * 3,
                  "Weights that V* is the mean of");
        ImGui::NewLine();
        whole_box(context, "calibration blocks", "residual.calibration_blocks", parameters.calibration_blocks,
                  ImGui::GetFontSize() * 3, "Blocks that directions are fitted on");
        ImGui::EndPopup();
    }
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

} // namespace

void draw_residual_transport(ChromeContext& context) {
    const ResidualSlots& slots = context.services.residual();
    const residual::Parameters& parameters = context.state.view.residual.parameters;
    const auto plan = slots.plan();
    const float em = ImGui::GetFontSize();
    rank_slider(context, slots.view(), plan ? plan->ranks : std::vector<int>{});
    ImGui::BeginDisabled(!slots.model());
    layers_box(context, plan);
    ImGui::EndDisabled();
    whole_box(context, "blocks", "residual.blocks", parameters.blocks, em * 3.0f,
              "Blocks that are evaluated, from the start of the text");
    whole_box(context, "of", "residual.seq_len", parameters.seq_len, em * 3.4f, "Tokens of a block");
    calibration_choice(context, parameters);
    more(context, parameters);
    playback_buttons(context);
}

} // namespace attnscope::ui
