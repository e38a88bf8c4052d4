#include "ui/analyses/retrieval/plane_panel.h"

#include "widgets/text_layout.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

using retrieval::PlaneAxis;
using retrieval::PlaneDirection;

constexpr int offered_modes = 8;
constexpr std::size_t picture_limit = 200; // more pictures than this would hide the plane

/// As the command takes it.
std::string direction_text(const PlaneDirection& direction) {
    switch (direction.kind) {
    case PlaneAxis::query: return "query";
    case PlaneAxis::memory: return "memory " + std::to_string(direction.index);
    case PlaneAxis::eigenvector: break;
    }
    return "v" + std::to_string(direction.index + 1);
}

/// As people read it.
std::string direction_name(const PlaneDirection& direction, const Bank& bank) {
    switch (direction.kind) {
    case PlaneAxis::query: return "the query";
    case PlaneAxis::memory:
        // A direction that was chosen in a larger bank.
        if (direction.index < 0 || std::size_t(direction.index) >= bank.n) return direction_text(direction);
        return "memory " + memory_label(bank, std::size_t(direction.index));
    case PlaneAxis::eigenvector: break;
    }
    return "mode v" + std::to_string(direction.index + 1);
}

/// A choice of one direction; the chosen one, if it changed.
std::optional<PlaneDirection> choose(const char* id, const PlaneDirection& current, const PlaneDirection& other,
                                     const Bank& bank, std::optional<std::uint32_t> memory, float width) {
    std::optional<PlaneDirection> chosen;
    ImGui::SetNextItemWidth(width);
    const std::string shown = elide(direction_name(current, bank), width - ImGui::GetFontSize() * 2);
    if (!ImGui::BeginCombo(id, shown.c_str())) return chosen;
    std::vector<PlaneDirection> offers{{PlaneAxis::query, 0}};
    if (memory && *memory < bank.n) offers.push_back({PlaneAxis::memory, int(*memory)});
    for (int k = 0; k < std::min<int>(offered_modes, int(bank.d)); ++k) offers.push_back({PlaneAxis::eigenvector, k});
    for (const PlaneDirection& offer : offers) {
        ImGui::BeginDisabled(offer == other);
        if (ImGui::Selectable(direction_name(offer, bank).c_str(), offer == current)) chosen = offer;
        ImGui::EndDisabled();
    }
    if (!memory) ImGui::TextDisabled("click a memory to offer it here");
    ImGui::EndCombo();
    return chosen == current ? std::nullopt : chosen;
}

} // namespace

PanelHelp RetrievalPlanePanel::help() const {
    return {
        "The energy on the plane of two directions through the centroid, the memories and the states of the trace "
        "projected on it. The energy is of points on the plane itself; states and memories lie off it, so a state "
        "may seem to climb. Basins iterate every cell until it has settled and colour it by the fixed point it ends "
        "in; a cell that is still moving after the last step is hatched and belongs to none. Click a memory to inspect "
        "it, double-click to query with it.",
        "E(q) = −ln Σᵢ exp(β ⟨mᵢ, q⟩)/β + ½‖q‖² + ln n/β + ½ max‖m‖²",
        "Ramsauer et al. 2021, arXiv:2008.02217, equation 3"};
}

RetrievalPanel::Answer RetrievalPlanePanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.plane();
    answer.add(asked);
    plane_ = asked.result;
    return answer;
}

Figure RetrievalPlanePanel::build(const retrieval::View& view) {
    return retrieval::plane_figure(view, *plane_);
}

void RetrievalPlanePanel::draw_controls(PanelContext& context) {
    const RetrievalOptions& options = context.state.view.retrieval;
    const auto bank = context.services.retrieval().view().bank;
    const float em = ImGui::GetFontSize();
    const float width = std::clamp((ImGui::GetContentRegionAvail().x - em * 11) / 2, em * 5, em * 11);
    PlaneDirection x = options.plane_x, y = options.plane_y;
    bool changed = false;
    const auto pick = [&](const char* label, const char* id, PlaneDirection& mine, const PlaneDirection& other) {
        ImGui::AlignTextToFramePadding();
        ImGui::TextDisabled("%s", label);
        ImGui::SameLine(0, em * 0.4f);
        if (const auto chosen = choose(id, mine, other, *bank, context.state.view.selection.memory, width)) {
            mine = *chosen;
            changed = true;
        }
        ImGui::SameLine(0, em * 0.9f);
    };
    pick("across", "##x", x, y);
    pick("up", "##y", y, x);
    bool basins = options.basins;
    if (ImGui::Checkbox("Basins", &basins)) context.emit("retrieval.basins", {{"on", basins}});
    ImGui::SetItemTooltip("Colour the plane by the fixed point that each place flows to");
    if (changed) context.emit("retrieval.plane", {{"x", direction_text(x)}, {"y", direction_text(y)}});
}

void RetrievalPlanePanel::body(PanelContext& context) {
    if (ImGui::GetContentRegionAvail().y > ImGui::GetFontSize() * 12) draw_controls(context);
    RetrievalPanel::body(context);
}

FigureViewOptions RetrievalPlanePanel::view_options(PanelContext& context) {
    FigureViewOptions options = RetrievalPanel::view_options(context);
    const auto bank = context.services.retrieval().view().bank;
    const PictureSheet* const pictures = this->pictures().of(bank, context.theme.theme);
    options.id_tooltip = [bank, pictures, &theme = context.theme](std::uint32_t index) {
        if (index < bank->n) memory_tooltip(*bank, index, theme, pictures);
    };
    if (pictures && bank->n <= picture_limit)
        options.overlay = [this, pictures](int, const PlotArea& area) {
            for (std::size_t i = 0; i < plane_->memories.size(); ++i) {
                const ImVec2 at = area.pixel(plane_->memories[i][0], plane_->memories[i][1]);
                // Beside its point, so that the way of the state stays in sight.
                const float side = area.em * 1.1f, gap = area.em * 0.12f;
                const ImVec2 low{at.x + gap, at.y - gap - side}, high{at.x + gap + side, at.y - gap};
                pictures->draw(*area.draw, int(plane_->memory_index[i]), low, high, 0.9f * area.strength);
            }
        };
    return options;
}

void RetrievalPlanePanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!hit || !hit->id) return;
    if (interaction.clicked) context.emit("selection.memory", {{"index", std::int64_t{*hit->id}}});
    if (interaction.double_clicked) context.emit("query.memory", {{"row", std::int64_t{*hit->id}}});
}

} // namespace attnscope::ui
