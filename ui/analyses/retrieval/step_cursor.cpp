#include "ui/analyses/retrieval/step_cursor.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

void drag_step(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x) return;
    const int steps = context.state.view.retrieval.steps;
    const int step = std::clamp(int(std::lround(*interaction.dragged_x)), 0, steps);
    if (step != context.state.view.selection.step) context.emit("retrieval.step", {{"value", std::int64_t{step}}});
}

} // namespace attnscope::ui
