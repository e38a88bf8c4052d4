// Commands on the figures of panels: export, copy, pin.
#pragma once

#include "state/commands.h"

namespace attnscope::ui {

/// figures.export, figures.dialog, figures.copy, figures.copy_python, figures.copy_recipe, figures.pin, figures.unpin,
/// figures.help. A panel id that is not given is the outlined panel's.
void add_figure_commands(CommandRegistry& registry);

}  // namespace attnscope::ui
