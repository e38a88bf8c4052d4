#include "ui/analyses/residual/text_panel.h"

#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

PanelHelp ResidualTextPanel::help() const {
    return {
        "A block of the evaluated text. A token is coloured by how much more (warm) or less (cold) it surprises the "
        "model once the chosen heads keep no more directions than the cursor's rank; grey tokens pay nothing. The full "
        "colour is the tenth dearest token in a hundred. Step through the blocks above.",
        "ΔNLL_t = −ln p_r(x_t | x_<t) + ln p(x_t | x_<t)", "Loss of each token beside that of the unchanged model"};
}

void ResidualTextPanel::take_block(const std::vector<std::string>& texts) {
    const residual::View& view = now().view;
    const residual::Result& result = *now().result;
    if (taken_ == now().result && block_ == view.block && rank_ == view.rank) return;
    const bool other_block = block_ != view.block || !taken_ || taken_->ids != result.ids;
    taken_ = now().result;
    block_ = view.block;
    rank_ = view.rank;
    costs_ = residual::token_costs(view, result);
    std::vector<float> sizes;
    for (const float cost : costs_)
        if (std::isfinite(cost)) sizes.push_back(std::abs(cost));
    scale_ = 1;
    if (!sizes.empty()) {
        const auto rank = static_cast<std::ptrdiff_t>(0.9 * double(sizes.size() - 1));
        std::ranges::nth_element(sizes, sizes.begin() + rank);
        scale_ = std::max(sizes[static_cast<std::size_t>(rank)], 1e-6f);
    }
    if (!other_block && tokens_.size() == costs_.size()) return;
    const auto length = static_cast<std::int64_t>(result.ids.size()) / result.plan.blocks;
    text_.clear();
    tokens_.clear();
    for (std::int64_t t = 0; t < length; ++t) {
        const auto at = static_cast<std::size_t>(block_ * length + t);
        Token token;
        token.id = result.ids[at];
        token.text = at < texts.size() ? texts[at] : std::to_string(token.id) + " ";
        token.begin = text_.size();
        text_ += token.text;
        token.end = text_.size();
        tokens_.push_back(std::move(token));
    }
}

void ResidualTextPanel::controls(PanelContext& context) const {
    const auto blocks = now().result->plan.blocks;
    const auto go = [&](std::int64_t block) {
        context.emit("residual.block", {{"value", std::clamp<std::int64_t>(block, 0, blocks - 1)}});
    };
    ImGui::BeginDisabled(block_ <= 0);
    if (icon_button("##back", Icon::back, "The block before", context.theme)) go(block_ - 1);
    ImGui::EndDisabled();
    ImGui::SameLine();
    ImGui::BeginDisabled(block_ + 1 >= blocks);
    if (icon_button("##forward", Icon::forward, "The next block", context.theme)) go(block_ + 1);
    ImGui::EndDisabled();
    ImGui::SameLine();
    double sum = 0;
    for (const float cost : costs_)
        if (std::isfinite(cost)) sum += cost;
    char text[160];
    std::snprintf(text, sizeof text, "block %lld of %lld · rank %d · %+.3f nats a token · full colour %.2g",
                  (long long)block_, (long long)blocks, rank_,
                  costs_.size() > 1 ? sum / double(costs_.size() - 1) : 0.0, double(scale_));
    ImGui::AlignTextToFramePadding();
    styled_text(text, context.theme.muted_text);
}

void ResidualTextPanel::tooltip(std::int64_t token, PanelContext& context) const {
    const auto at = static_cast<std::size_t>(token);
    const auto* const point = residual::selected_point(now().view, *now().result);
    const std::string name = "“" + tokens_[at].text + "” " + std::to_string(token);
    std::string cost = "nothing predicts it", before;
    if (point && token > 0) {
        const std::size_t place = static_cast<std::size_t>(block_) * (tokens_.size() - 1) + at - 1;
        cost = readable_number(costs_[at], 3) + " nats";
        before = readable_number(now().result->baseline.token_nll[place], 3) + " → " +
                 readable_number(point->loss.token_nll[place], 3);
    }
    ImGui::SetTooltip("%s\nΔNLL  %s\n%s", name.c_str(), cost.c_str(), before.c_str());
    context.services.readout().set({title(), {{"token", name}, {"ΔNLL", cost}, {"loss", before}}},
                                   ImGui::GetFrameCount());
}

void ResidualTextPanel::body(PanelContext& context) {
    if (!now().result) return;
    if (now().result->curve.empty()) return styled_text("The first rank is being computed.", context.theme.muted_text);
    const auto text = context.services.residual().text();
    take_block(text ? text->texts : std::vector<std::string>());
    controls(context);
    TokenFlowLook look;
    look.end = std::ssize(tokens_);
    look.share = [&](std::int64_t token) {
        const float cost = costs_[static_cast<std::size_t>(token)];
        return std::isfinite(cost) ? cost / scale_ : 0;
    };
    look.is_signed = true;
    const auto interaction = flow_.draw("##block", text_, tokens_, tokens_.data(), context.theme, look);
    if (interaction.hovered) tooltip(*interaction.hovered, context);
}

} // namespace attnscope::ui
