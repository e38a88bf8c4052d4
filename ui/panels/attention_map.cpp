#include "panels/attention_map.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

const HeatMap* heat_map_of(const Figure& figure) {
    if (figure.axes.empty()) return nullptr;
    for (const Element& element : figure.axes.front().elements)
        if (const auto* map = std::get_if<HeatMap>(&element)) return map;
    return nullptr;
}

}  // namespace

PanelHelp AttentionMapPanel::help() const {
    return {"The weights of one head: each row is a query and its softmax over the keys it may see, which are across. "
            "Masked cells are blank. Many heads put most weight on the first token; without its column the others show, "
            "and renormalised they sum to 1 again. A long text is shown reduced, each cell the largest weight it "
            "covers, and in full where you zoom in. Click a row to choose its query.",
            "α_tj = softmax_j(gain · ⟨q_t, k_j⟩/√d)", "Vaswani et al. 2017, arXiv:1706.03762"};
}

std::optional<MapRegion> AttentionMapPanel::tile_in_sight(std::int64_t tokens) const {
    const auto seen = view().zoomed_into(0);
    if (!seen || tokens <= AttentionSlots::whole_map_tokens) return std::nullopt;
    const auto token = [tokens](double at) {
        return static_cast<std::int64_t>(std::clamp(std::round(at), 0.0, double(tokens)));
    };
    MapRegion region;
    region.column_begin = token((*seen)[0]);
    region.column_end = token((*seen)[1] + 1);
    region.row_begin = token((*seen)[2]);
    region.row_end = token((*seen)[3] + 1);
    if (region.row_begin >= region.row_end || region.column_begin >= region.column_end) return std::nullopt;
    return surrounding_tile(region, tokens);
}

FigurePanel::Answer AttentionMapPanel::ask(AttentionSlots& slots) {
    Answer answer;
    map_ = slots.map();
    answer.add(map_);
    has_detail_ = false;
    const auto tokens = map_.read ? std::ssize(map_.read->ids) : 0;
    if (const auto tile = tile_in_sight(tokens); tile && map_.result && !map_.stale) {
        detail_ = slots.map_detail(*tile);
        // Of the same head and gain, or not at all: a part of another map would be a lie.
        has_detail_ = detail_.result && detail_.read == map_.read && detail_.view.head == map_.view.head &&
                      detail_.view.layer == map_.view.layer && detail_.view.gain == map_.view.gain;
        answer.stale = answer.stale || detail_.stale;
        if (has_detail_) answer.generations.push_back(detail_.generation);
    }
    named_ = names_fit();
    return answer;
}

bool AttentionMapPanel::names_fit() const {
    constexpr double most = 64;
    const auto seen = view().zoomed_into(0);
    return seen && (*seen)[1] - (*seen)[0] <= most && (*seen)[3] - (*seen)[2] <= most;
}

std::string AttentionMapPanel::variant() const {
    return std::string(has_detail_ ? "detail " : "") + (named_ ? "named" : "");
}

Figure AttentionMapPanel::build() {
    Figure figure = attention::map_figure(map_.view, *map_.result);
    if (named_ && !map_.view.tokens.empty())
        for (Axis* axis : {&figure.axes.front().x, &figure.axes.front().y})
            for (std::int64_t token = std::ssize(axis->categories); token < std::ssize(map_.view.tokens); ++token)
                axis->categories.push_back(attention::token_label(map_.view, token));
    if (!has_detail_) return figure;
    const Figure part = attention::map_figure(detail_.view, *detail_.result);
    const HeatMap* const fine = heat_map_of(part);
    const HeatMap* const coarse = heat_map_of(figure);
    if (!fine || !coarse) return figure;
    HeatMap laid = *fine;
    laid.colour_bar = false;
    laid.range = coarse->range;
    auto& elements = figure.axes.front().elements;
    const auto after = std::ranges::find_if(elements, [](const Element& element) {
        return std::holds_alternative<HeatMap>(element);
    });
    elements.insert(after + 1, std::move(laid));
    return figure;
}

FigurePanel::Answer AttentionMapPanel::ask_pinned(AttentionSlots& slots) {
    Answer answer;
    pinned_ = slots.map();
    answer.add(pinned_);
    return answer;
}

std::optional<Figure> AttentionMapPanel::build_pinned() {
    return attention::map_figure(pinned_.view, *pinned_.result);
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
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0 || !map_.read) return;
    const auto last = std::ssize(map_.read->ids) - 1;
    const auto token = std::clamp<std::int64_t>(std::llround(hit->y), 0, last);
    if (token != context.services.attention().token()) context.emit("selection.token", {{"value", token}});
}

}  // namespace attnscope::ui
