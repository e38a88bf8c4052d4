#include "ui/analyses/retrieval/spectrum_panel.h"

namespace attnscope::ui {

PanelHelp RetrievalSpectrumPanel::help() const {
    return {"Eigenvalues of the covariance of the centred memories, largest first, and their reciprocals. Near the "
            "centroid the map is β C: along the k-th mode a deviation grows once β passes 1/λₖ, along the first one "
            "at β_c. Click a point of 1/λₖ to set β there.",
            "C = M̃ᵀ M̃ / n,  C vₖ = λₖ vₖ,  β_c = 1/λ₁,  ρ(β) = β λ₁",
            "Ramsauer et al. 2021, arXiv:2008.02217, on the global fixed point"};
}

RetrievalPanel::Answer RetrievalSpectrumPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.spectrum();
    answer.add(asked);
    spectrum_ = asked.result;
    return answer;
}

Figure RetrievalSpectrumPanel::build(const retrieval::View& view) {
    return retrieval::spectrum_figure(view, *spectrum_);
}

void RetrievalSpectrumPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (interaction.clicked && hit && hit->axes == 1 && hit->y > 0) context.emit("retrieval.beta", {{"value", hit->y}});
}

} // namespace attnscope::ui
