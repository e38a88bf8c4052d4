#include "state/pinned_view.h"

#include <algorithm>
#include <tuple>

namespace attnscope::ui {

namespace {

/// What slots look at.
auto looked_at(const Source& source) {
    return std::tie(source.id, source.kind, source.loading, source.name, source.path, source.bank, source.encoder,
                    source.queries, source.model, source.captures, source.prompt, source.grams, source.companion,
                    source.texts);
}

bool same_sources(const std::vector<Source>& a, const std::vector<Source>& b) {
    return std::ranges::equal(a, b, [](const Source& one, const Source& other) {
        return looked_at(one) == looked_at(other) && one.error.has_value() == other.error.has_value();
    });
}

} // namespace

void PinnedView::begin_frame(const AppState& state) {
    if (!state.pinned) {
        pinned_state_.sources.clear();
        retrieval_.reset();
        cv_.reset();
        alignment_.reset();
        residual_.reset();
        training_.reset();
        jacobian_.reset();
        attention_.reset();
        return;
    }
    const bool rests = state.pinned->view.workspace != state.view.workspace;
    if (rests_ == rests && same_sources(pinned_state_.sources, state.sources)) return;
    // Results of closed sources are let go, and jobs where nothing in sight is compared with it.
    rests_ = rests;
    pinned_state_.sources = state.sources;
    pinned_state_.view = state.pinned->view;
    pinned_state_.view.workspace = state.view.workspace;
    if (retrieval_) retrieval_->begin_frame(pinned_state_);
    if (attention_) attention_->begin_frame(pinned_state_);
    const ReadTextPtr read = attention_ ? attention_->read() : nullptr;
    if (cv_) cv_->begin_frame(pinned_state_, read);
    if (alignment_) alignment_->begin_frame(pinned_state_);
    if (residual_) residual_->begin_frame(pinned_state_);
    if (training_) training_->begin_frame(pinned_state_);
    if (jacobian_) jacobian_->begin_frame(pinned_state_, read);
}

bool PinnedView::follow(const AppState& state, Workspace workspace) {
    if (!state.pinned || state.pinned->view.workspace != workspace) return false;
    // Panels ask one after the other in a frame.
    if (!same_sources(pinned_state_.sources, state.sources)) pinned_state_.sources = state.sources;
    pinned_state_.dragging = state.dragging;
    if (pinned_state_.view != state.pinned->view) pinned_state_.view = state.pinned->view;
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

} // namespace attnscope::ui
