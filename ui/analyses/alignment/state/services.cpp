// What the Alignment workspace asks of the services: opening the states that results and figures hold.
#include "state/services_impl.h"

#include <algorithm>

namespace attnscope::ui {

void Services::Impl::finish_alignment_result(AppState& state, const AlignmentJob& job) {
    AlignmentOptions& options = state.view.alignment;
    options.grams = 0;
    if (job.grams.empty()) {
        state.view.selection.model = open_once(state, SourceKind::model, job.model);
        options.kind = job.kind;
        options.basis = job.basis;
        options.norm_gain = job.norm_gain;
        options.topk = job.topk > 0 ? job.topk : AlignmentOptions{}.topk;
    } else {
        options.grams = open_once(state, SourceKind::grams, job.grams);
    }
    options.anchor = job.anchor;
    options.all_heads = job.head < 0;
    options.quantity = job.quantity;
    state.view.selection.head = std::max(0, job.head);
    state.view.selection.layer = job.layer;
    enter(state, Workspace::alignment);
    show_figure(state, job.figure);
}

} // namespace attnscope::ui
