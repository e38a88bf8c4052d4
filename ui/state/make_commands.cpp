#include "state/command_helpers.h"

namespace attnscope::ui {

CommandRegistry make_commands() {
    CommandRegistry registry;
    add_file_commands(registry);
    add_edit_commands(registry);
    add_view_commands(registry);
    add_selection_commands(registry);
    add_query_commands(registry);
    add_retrieval_commands(registry);
    add_attention_commands(registry);
    add_cv_commands(registry);
    add_alignment_commands(registry);
    add_residual_commands(registry);
    add_jacobian_training_commands(registry);
    add_jacobian_commands(registry);
    add_playback_commands(registry);
    add_compute_commands(registry);
    add_figure_commands(registry);
    add_help_commands(registry);
    return registry;
}

} // namespace attnscope::ui
