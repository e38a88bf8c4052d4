#include "ui/analyses/retrieval/entropy_panel.h"

#include <algorithm>

namespace attnscope::ui {

PanelHelp RetrievalEntropyPanel::help() const {
    return {"Entropy of the softmax weights, as a share of its greatest value ln n, from the query at each β: the step "
            "under the cursor bold, the others thin. At 1 every memory weighs the same and the state is the centroid; "
            "near 0 one memory is retrieved. β_c is where the centroid loses stability, a spinodal: single memories "
            "become retrievable elsewhere, see the weights. Press or drag to move β.",
            "H(β) / ln n,  H = ln Σ e^(l−m) − Σ e^(l−m)(l−m) / Σ e^(l−m),  l = β M̃ q,  β_c = 1/λ₁",
            "Ramsauer et al. 2021, arXiv:2008.02217; online softmax: Milakov and Gimelshein 2018, arXiv:1805.02867"};
}

RetrievalPanel::Answer RetrievalEntropyPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto spectrum = slots.spectrum();
    const auto sweep = slots.sweep();
    answer.add(spectrum);
    answer.add(sweep);
    spectrum_ = spectrum.result;
    sweep_ = sweep.result;
    return answer;
}

Figure RetrievalEntropyPanel::build(const retrieval::View& view) {
    return retrieval::entropy_figure(view, *spectrum_, *sweep_);
}

RetrievalPanel::Answer RetrievalEntropyPanel::ask_pinned(RetrievalSlots& slots) {
    Answer answer;
    const auto spectrum = slots.spectrum();
    const auto sweep = slots.sweep();
    answer.add(spectrum);
    answer.add(sweep);
    pinned_spectrum_ = spectrum.result;
    pinned_sweep_ = sweep.result;
    return answer;
}

std::optional<Figure> RetrievalEntropyPanel::build_pinned(const retrieval::View& view) {
    return retrieval::entropy_figure(view, *pinned_spectrum_, *pinned_sweep_);
}

FigureViewOptions RetrievalEntropyPanel::view_options(PanelContext& context) {
    FigureViewOptions options = RetrievalPanel::view_options(context);
    options.cursor_axes = 0;
    return options;
}

void RetrievalEntropyPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x || sweep_->betas.empty()) return;
    const double beta = std::clamp(*interaction.dragged_x, sweep_->betas.front(), sweep_->betas.back());
    if (beta != context.services.retrieval().view().beta) context.emit("retrieval.beta", {{"value", beta}});
}

} // namespace attnscope::ui
