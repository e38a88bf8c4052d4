#include "ui/analyses/retrieval/hysteresis_panel.h"

#include <algorithm>

namespace attnscope::ui {

PanelHelp RetrievalHysteresisPanel::help() const {
    return {
        "The fixed point followed with β rising from the query, and then falling again, each start where the last "
        "one ended. Where the two ways differ, the state remembers where it came from: several fixed points are "
        "stable at the same β. Hatched: a state that has not settled within the steps given to each β; near β_c states "
        "move slowly. Press or drag to move β.",
        "q*(β) = M̃ᵀ softmax(β M̃ q*), continued along β up and down",
        "Ramsauer et al. 2021, arXiv:2008.02217, section A.1 on fixed points"};
}

RetrievalPanel::Answer RetrievalHysteresisPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto spectrum = slots.spectrum();
    const auto sweep = slots.hysteresis();
    answer.add(spectrum);
    answer.add(sweep);
    spectrum_ = spectrum.result;
    sweep_ = sweep.result;
    return answer;
}

Figure RetrievalHysteresisPanel::build(const retrieval::View& view) {
    return retrieval::hysteresis_figure(view, *spectrum_, *sweep_);
}

FigureViewOptions RetrievalHysteresisPanel::view_options(PanelContext& context) {
    FigureViewOptions options = RetrievalPanel::view_options(context);
    options.cursor_axes = -1;
    options.smallest_width = 18;
    return options;
}

void RetrievalHysteresisPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x || sweep_->betas.empty()) return;
    const double beta = std::clamp(*interaction.dragged_x, sweep_->betas.front(), sweep_->betas.back());
    if (beta != context.services.retrieval().view().beta) context.emit("retrieval.beta", {{"value", beta}});
}

} // namespace attnscope::ui
