#include "state/pinned_view.h"

namespace attnscope::ui {

RetrievalSlots* PinnedView::retrieval(const AppState& state) {
    if (!state.pinned) {
        slots_.reset();
        return nullptr;
    }
    if (!slots_) slots_ = std::make_unique<RetrievalSlots>(jobs_);
    pinned_state_ = state;
    pinned_state_.view.selection = state.pinned->view.selection;
    pinned_state_.view.retrieval = state.pinned->view.retrieval;
    if (!pinned_state_.bank()) return nullptr;
    slots_->begin_frame(pinned_state_);
    return slots_.get();
}

}  // namespace attnscope::ui
