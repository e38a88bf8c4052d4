#include "ui/analyses/retrieval/separation_panel.h"

namespace attnscope::ui {

PanelHelp RetrievalSeparationPanel::help() const {
    return {
        "For each memory its product with itself less the largest product with another one. A memory is retrieved "
        "in one step once β times its separation is large enough; a negative one has another memory nearer than "
        "itself and cannot be retrieved. Products are of the mode's keys: the memories as they are in mode raw, the "
        "centred ones in the others. If only a sample of memories is used, the title gives its size.",
        "Δᵢ = ⟨mᵢ, mᵢ⟩ − max_(j≠i) ⟨mᵢ, mⱼ⟩", "Ramsauer et al. 2021, arXiv:2008.02217, definition 2"};
}

RetrievalPanel::Answer RetrievalSeparationPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.separation();
    answer.add(asked);
    separation_ = asked.result;
    return answer;
}

Figure RetrievalSeparationPanel::build(const retrieval::View& view) {
    return retrieval::separation_figure(view, *separation_);
}

} // namespace attnscope::ui
