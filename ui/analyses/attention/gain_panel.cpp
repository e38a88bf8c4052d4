#include "ui/analyses/attention/gain_panel.h"

#include <algorithm>

namespace attnscope::ui {

PanelHelp AttentionGainPanel::help() const {
    return {"What a gain on the scores does to the mean row entropy: the selected head bold, the others of its layer "
            "thin. Gain 1 is the model. To the left the rows flatten towards their ceilings, to the right they fall "
            "onto their largest score. It is of this head alone, its queries and keys as the model has them; a forward "
            "pass with every layer turned is another thing. Press or drag to move the gain.",
            "H(g) = mean_t H(softmax(g · q_t Kᵀ/√d)),  dH/d ln g = −g² Var_α(score)",
            "Ramsauer et al. 2021, arXiv:2008.02217: attention as retrieval at inverse temperature β"};
}

Figure AttentionGainPanel::drawn(const Answered<attention::GainCurves>& curves) {
    return attention::gain_figure(curves.view, *curves.result);
}

FigureViewOptions AttentionGainPanel::view_options(PanelContext& context) {
    FigureViewOptions options = AttentionPanel::view_options(context);
    options.cursor_axes = 0;
    return options;
}

void AttentionGainPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x) return;
    const double gain = std::clamp(*interaction.dragged_x, 0.125, 64.0);
    if (context.state.view.attention.top_one) context.emit("attention.top_one", {{"on", false}});
    if (gain != context.state.view.selection.gain) context.emit("selection.gain", {{"value", gain}});
}

} // namespace attnscope::ui
