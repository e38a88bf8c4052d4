#include "ui/analyses/retrieval/trajectories_panel.h"

#include "ui/analyses/retrieval/step_cursor.h"

namespace attnscope::ui {

PanelHelp RetrievalTrajectoriesPanel::help() const {
    return {"What the iteration does step by step: length of the state, entropy and largest weight of the step, change "
            "of the state, its alignment with the first mode, and its energy. The chosen β is bold, the table of β "
            "thin. The energy never rises in modes raw and centered. Press or drag to move the step.",
            "q ← M̃ᵀ softmax(β M̃ q),  Δ = ‖q′ − q‖,  |cos v₁| = |⟨q, v₁⟩| / ‖q‖,  "
            "E = −ln Σ exp(β M̃ q)/β + ½‖q‖² + ln n/β + ½ max‖m‖²",
            "Ramsauer et al. 2021, arXiv:2008.02217, equation 3"};
}

RetrievalPanel::Answer RetrievalTrajectoriesPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.beta_table();
    answer.add(asked);
    traces_ = asked.result;
    return answer;
}

Figure RetrievalTrajectoriesPanel::build(const retrieval::View& view) {
    return retrieval::trajectories_figure(view, *traces_);
}

RetrievalPanel::Answer RetrievalTrajectoriesPanel::ask_pinned(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.beta_table();
    answer.add(asked);
    pinned_traces_ = asked.result;
    return answer;
}

std::optional<Figure> RetrievalTrajectoriesPanel::build_pinned(const retrieval::View& view) {
    return retrieval::trajectories_figure(view, *pinned_traces_);
}

FigureViewOptions RetrievalTrajectoriesPanel::view_options(PanelContext& context) {
    FigureViewOptions options = RetrievalPanel::view_options(context);
    options.cursor_axes = -1;
    return options;
}

void RetrievalTrajectoriesPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    drag_step(interaction, context);
}

} // namespace attnscope::ui
