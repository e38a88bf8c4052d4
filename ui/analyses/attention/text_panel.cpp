#include "ui/analyses/attention/text_panel.h"

#include "widgets/controls.h"

#include <algorithm>

namespace attnscope::ui {

PanelHelp AttentionTextPanel::help() const {
    return {
        "The text as the model reads it. Every token that the selected query sees is coloured by the weight the query "
        "gives to it, in proportion, the largest in full; tokens that it does not see are grey. Hover for the "
        "number, click a token to make it the query. Without the sink, the first token takes no part in the scale.",
        "α_tj = softmax_j(gain · ⟨q_t, k_j⟩/√d)", "Vaswani et al. 2017, arXiv:1706.03762"};
}

Figure AttentionTextPanel::drawn(const Answered<attention::Row>& row) {
    return attention::text_figure(row.view_with_tokens(), *row.result);
}

std::optional<float> AttentionTextPanel::weight(std::int64_t token) const {
    const auto at = token - now().result->first_key;
    if (at < 0 || at >= std::ssize(now().result->weights)) return std::nullopt;
    return now().result->weights[static_cast<std::size_t>(at)];
}

void AttentionTextPanel::tooltip(std::int64_t token, PanelContext& context) const {
    const auto& labels = now().read->labels;
    const std::string name = "“" + labels[static_cast<std::size_t>(token)] + "” " + std::to_string(token);
    const auto value = weight(token);
    const std::string number = value ? readable_number(*value) : "not seen by the query";
    ImGui::SetTooltip("%s\nweight  %s", name.c_str(), number.c_str());
    context.services.readout().set({title(), {{"token", name}, {"weight", number}}}, ImGui::GetFrameCount());
}

void AttentionTextPanel::body(PanelContext& context) {
    if (!now().read || !now().result) return;
    const bool without_sink = context.state.view.attention.without_sink;
    const auto excluded = [&](std::int64_t token) { return without_sink && token == 0; };
    float largest = 0;
    const auto seen_end = now().result->first_key + std::ssize(now().result->weights);
    for (std::int64_t token = now().result->first_key; token < seen_end; ++token)
        if (!excluded(token)) largest = std::max(largest, *weight(token));
    TokenFlowLook look;
    look.selected = now().view.token;
    look.end = seen_end;
    look.strength = answer_.stale ? 0.6f : 1;
    look.share = [&](std::int64_t token) {
        return excluded(token) || !(largest > 0) ? 0 : weight(token).value_or(0) / largest;
    };
    const auto interaction =
        flow_.draw("##text", now().read->text, now().read->tokens, now().read.get(), context.theme, look);
    if (!interaction.hovered) return;
    tooltip(*interaction.hovered, context);
    if (interaction.clicked && *interaction.hovered != context.services.attention().token())
        context.emit("selection.token", {{"value", *interaction.hovered}});
}

} // namespace attnscope::ui
