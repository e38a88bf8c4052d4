#include "ui/analyses/attention/map_panel.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

/// Longer texts have no names on the axes of the whole map.
constexpr std::int64_t most_named = attention::whole_map_tokens;

} // namespace

PanelHelp AttentionMapPanel::help() const {
    return {
        "The weights of one head: each row is a query and its softmax over the keys it may see, which are across. "
        "Masked cells are blank. Many heads put most weight on the first token; without its column the others show, "
        "and renormalised they sum to 1 again. A long text is shown reduced, each cell the largest weight it "
        "covers, and in full where you zoom in. Click a row to choose its query.",
        "α_tj = softmax_j(gain · ⟨q_t, k_j⟩/√d)", "Vaswani et al. 2017, arXiv:1706.03762"};
}

std::optional<Zoom> AttentionMapPanel::zoom() const {
    const auto zooms = view().zooms();
    const auto found = std::ranges::find(zooms, std::size_t{0}, &Zoom::axes);
    return found == zooms.end() ? std::nullopt : std::optional(*found);
}

FigurePanel::Answer AttentionMapPanel::ask(AttentionSlots& slots, Side side) {
    Maps& kept = maps(side);
    Answer answer;
    kept.whole = slots.map();
    answer.add(kept.whole);
    kept.has_detail = kept.covers = false;
    const Answered<attention::Map>& whole = kept.whole;
    const auto seen = zoom();
    if (side == Side::now) named_ = seen && attention::names_fit(*seen);
    if (!seen || !whole.result || whole.stale || !whole.read) return answer;
    const auto tile = attention::tile_in_sight(*seen, std::ssize(whole.read->ids));
    if (!tile) return answer;
    kept.detail = slots.map_detail(*tile);
    const Answered<attention::Map>& detail = kept.detail;
    // Of the same head and gain, or not at all: a part of another map would be a lie.
    kept.has_detail = detail.result && detail.read == whole.read && detail.view.head == whole.view.head &&
                      detail.view.layer == whole.view.layer && detail.view.gain == whole.view.gain &&
                      detail.view.without_sink == whole.view.without_sink &&
                      detail.view.renormalize == whole.view.renormalize;
    kept.covers = kept.has_detail && !detail.stale;
    answer.stale = answer.stale || detail.stale;
    if (kept.has_detail) answer.generations.push_back(detail.generation);
    return answer;
}

std::string AttentionMapPanel::variant() const {
    return std::string(now_.has_detail ? "detail " : "") + (now_.covers ? "alone " : "") + (named_ ? "named" : "");
}

Figure AttentionMapPanel::build(Side side) {
    const Maps& shown = maps(side);
    const attention::View view =
        named_ || shown.whole.result->row_end <= most_named ? shown.whole.view_with_tokens() : shown.whole.view;
    return attention::map_figure(view, *shown.whole.result, shown.has_detail ? shown.detail.result.get() : nullptr,
                                 shown.covers, named_);
}

void AttentionMapPanel::draw_controls(PanelContext& context) {
    const AttentionOptions& options = context.state.view.attention;
    const auto option = [&](const char* label, const char* command_id, bool now, const char* tooltip) {
        bool on = now;
        if (ImGui::Checkbox(label, &on)) context.emit(command_id, {{"on", on}});
        ImGui::SetItemTooltip("%s", tooltip);
        ImGui::SameLine();
    };
    option("without the sink", "attention.without_sink", options.without_sink, "Leave the column of token 0 blank");
    ImGui::BeginDisabled(!options.without_sink);
    option("renormalise", "attention.renormalize", options.renormalize, "Let the rest of each row sum to 1");
    ImGui::EndDisabled();
    if (context.state.pinned)
        option("A beside", "attention.beside", options.beside, "Show A beside the map instead of the difference to it");
    ImGui::NewLine();
}

void AttentionMapPanel::body(PanelContext& context) {
    if (ImGui::GetContentRegionAvail().y > ImGui::GetFontSize() * 12) draw_controls(context);
    AttentionPanel::body(context);
}

FigureViewOptions AttentionMapPanel::view_options(PanelContext& context) {
    FigureViewOptions options = AttentionPanel::view_options(context);
    options.square = true;
    return options;
}

void AttentionMapPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0 || !now_.whole.read) return;
    const auto last = std::ssize(now_.whole.read->ids) - 1;
    const auto token = std::clamp<std::int64_t>(std::llround(hit->y), 0, last);
    if (token != context.services.attention().token()) context.emit("selection.token", {{"value", token}});
}

} // namespace attnscope::ui
