// Plots whose horizontal axis is the step: pressing in one moves the step of the window.
#pragma once

#include "shell/panel.h"
#include "widgets/figure_view.h"

namespace attnscope::ui {

void drag_step(const FigureInteraction& interaction, PanelContext& context);

} // namespace attnscope::ui
