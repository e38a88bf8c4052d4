#include "state/analysis.h"
#include "state/command_helpers.h"

namespace attnscope::ui {

CommandRegistry make_commands() {
    CommandRegistry registry;
    add_file_commands(registry);
    add_edit_commands(registry);
    add_view_commands(registry);
    add_selection_commands(registry);
    add_query_commands(registry);
    for (const Analysis& analysis : all_analyses()) analysis.add_commands(registry);
    add_playback_commands(registry);
    add_compute_commands(registry);
    add_figure_commands(registry);
    add_help_commands(registry);
    return registry;
}

} // namespace attnscope::ui
