// What the softmax gradient workspace asks of the services: opening the states that results and figures hold.
#include "state/services_impl.h"

namespace attnscope::ui {

void Services::Impl::finish_jacobian_result(AppState& state, const JacobianJob& job) {
    Selection& selection = state.view.selection;
    if (job.captures.empty()) selection.model = open_once(state, SourceKind::model, job.model);
    selection.capture = open_once(state, SourceKind::capture, job.captures);
    selection.layer = job.cursor.layer;
    selection.head = job.cursor.head;
    const std::size_t length = job.captures.empty() ? job.length : job.opened->layers().front().length;
    const auto row = job.cursor.row < 0 ? static_cast<std::int64_t>(length) - 1 : job.cursor.row;
    selection.token = static_cast<int>(static_cast<std::int64_t>(job.cursor.sequence * length) + row);
    JacobianOptions& options = state.view.jacobian;
    options.metric = job.cursor.metric;
    if (job.captures.empty()) {
        options.length = static_cast<int>(job.length);
        options.blocks = static_cast<int>(job.blocks);
        select_text(state, job.tokens);
    }
    enter(state, Workspace::jacobian);
    show_figure(state, job.figure);
}

} // namespace attnscope::ui
