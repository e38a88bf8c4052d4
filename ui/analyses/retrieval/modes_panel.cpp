#include "ui/analyses/retrieval/modes_panel.h"

#include "ui/analyses/retrieval/step_cursor.h"

namespace attnscope::ui {

PanelHelp RetrievalModesPanel::help() const {
    return {
        "The same query under five rules. raw: keys and update in M. centered: keys and update in M̃, the query less "
        "μ. hybrid: keys M̃ probed by q − μ, update in M; it is centered translated by μ, with the same weights and "
        "entropy, and no cure. residual: centered, mixing a share λ of the old state. renormalized: centered, the "
        "update scaled back to the length of the first state. Press or drag to move the step.",
        "raw: q ← Mᵀ softmax(β M q);  centered: q ← M̃ᵀ softmax(β M̃ q);  "
        "residual: q ← λ q + (1 − λ) M̃ᵀ softmax(β M̃ q)",
        "Ramsauer et al. 2021, arXiv:2008.02217"};
}

RetrievalPanel::Answer RetrievalModesPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.all_modes();
    answer.add(asked);
    traces_ = asked.result;
    return answer;
}

Figure RetrievalModesPanel::build(const retrieval::View& view) {
    return retrieval::modes_figure(view, *traces_);
}

FigureViewOptions RetrievalModesPanel::view_options(PanelContext& context) {
    FigureViewOptions options = RetrievalPanel::view_options(context);
    options.cursor_axes = -1;
    options.smallest_width = 8;
    return options;
}

void RetrievalModesPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    drag_step(interaction, context);
}

} // namespace attnscope::ui
