#include "state/pinned_view.h"

namespace attnscope::ui {

bool PinnedView::follow(const AppState& state, Workspace workspace) {
    if (!state.pinned) pinned_state_.sources.clear();  // closed sources are not kept for a view that is gone
    if (!state.pinned || state.pinned->view.workspace != workspace) return false;
    pinned_state_.sources = state.sources;
    pinned_state_.dragging = state.dragging;
    pinned_state_.view = state.pinned->view;
    // Heads are compared in what the current view is coloured by.
    pinned_state_.view.attention.colour = state.view.attention.colour;
    return true;
}

RetrievalSlots* PinnedView::retrieval(const AppState& state) {
    if (!follow(state, Workspace::retrieval)) {
        retrieval_.reset();
        return nullptr;
    }
    if (!retrieval_) retrieval_ = std::make_unique<RetrievalSlots>(jobs_);
    if (!pinned_state_.bank()) return nullptr;
    retrieval_->begin_frame(pinned_state_);
    return retrieval_.get();
}

AttentionSlots* PinnedView::attention(const AppState& state) {
    if (!follow(state, Workspace::attention)) {
        attention_.reset();
        return nullptr;
    }
    if (!attention_) attention_ = std::make_unique<AttentionSlots>(jobs_);
    attention_->begin_frame(pinned_state_);
    return pinned_state_.model() ? attention_.get() : nullptr;
}

CvSlots* PinnedView::cv(const AppState& state) {
    if (!follow(state, Workspace::cv)) {
        cv_.reset();
        return nullptr;
    }
    // The text is read as in the attention workspace.
    if (!attention_) attention_ = std::make_unique<AttentionSlots>(jobs_);
    if (!cv_) cv_ = std::make_unique<CvSlots>(jobs_, experiment_);
    attention_->begin_frame(pinned_state_);
    cv_->begin_frame(pinned_state_, attention_->read());
    return cv_.get();
}

AlignmentSlots* PinnedView::alignment(const AppState& state) {
    if (!follow(state, Workspace::alignment)) {
        alignment_.reset();
        return nullptr;
    }
    if (!alignment_) alignment_ = std::make_unique<AlignmentSlots>(jobs_);
    alignment_->begin_frame(pinned_state_);
    return alignment_->has_source() ? alignment_.get() : nullptr;
}

ResidualSlots* PinnedView::residual(const AppState& state) {
    if (!follow(state, Workspace::residual)) {
        residual_.reset();
        return nullptr;
    }
    if (!residual_) residual_ = std::make_unique<ResidualSlots>(jobs_, sweeps_, true);
    residual_->begin_frame(pinned_state_);
    return pinned_state_.model() ? residual_.get() : nullptr;
}

JacobianSlots* PinnedView::jacobian(const AppState& state) {
    if (!follow(state, Workspace::jacobian)) {
        jacobian_.reset();
        return nullptr;
    }
    if (!attention_) attention_ = std::make_unique<AttentionSlots>(jobs_);
    if (!jacobian_) jacobian_ = std::make_unique<JacobianSlots>(jobs_);
    // Heads are compared in the metric of the current view.
    pinned_state_.view.jacobian.metric = state.view.jacobian.metric;
    attention_->begin_frame(pinned_state_);
    jacobian_->begin_frame(pinned_state_, attention_->read());
    return jacobian_->sequences() > 0 ? jacobian_.get() : nullptr;
}

JacobianTraining* PinnedView::training(const AppState& state) {
    if (!follow(state, Workspace::jacobian)) {
        training_.reset();
        return nullptr;
    }
    if (!training_) training_ = std::make_unique<JacobianTraining>(jobs_, training_run_);
    training_->begin_frame(pinned_state_);
    return training_.get();
}

bool PinnedView::settled() const {
    const auto all = [](const auto&... slots) { return ((!slots || slots->settled()) && ...); };
    return all(retrieval_, attention_, cv_, alignment_, jacobian_, training_, residual_);
}

}  // namespace attnscope::ui
