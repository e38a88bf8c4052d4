#include "ui/analyses/attention/heads_panel.h"

namespace attnscope::ui {

PanelHelp AttentionHeadsPanel::help() const {
    return {
        "Every head of the model, coloured by what the bar above chooses. Entropy: the mean over rows of how spread "
        "their weights are, in nats; 0 is all weight on one key. Largest weight, weight on the first token (a sink), "
        "on the token before, on earlier equal tokens, and on what followed an earlier equal token (induction, "
        "measured on random tokens said twice). A row of t + 1 keys has at most ln(t + 1) nats, so a mean over rows "
        "is one over different ceilings. Click a head to look into it.",
        "H = −Σⱼ αⱼ ln αⱼ,  α = softmax(gain · q Kᵀ/√d)",
        "Clark et al. 2019, arXiv:1906.04341; Olsson et al. 2022, arXiv:2209.11895; Xiao et al. 2023, "
        "arXiv:2309.17453"};
}

Figure AttentionHeadsPanel::drawn(const Answered<attention::Result>& overview) {
    // Two views are compared in what the current one is coloured by.
    attention::View view = overview.view;
    view.colour = now().view.colour;
    return attention::heads_figure(view, *overview.result);
}

void AttentionHeadsPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0) return;
    context.emit("attention.cell", {{"layer", std::int64_t{(*hit->cell)[1]} + now().result->first_layer},
                                    {"head", std::int64_t{(*hit->cell)[0]}}});
}

} // namespace attnscope::ui
