// The results of the pinned view A, computed beside those of the current one by slots of their own.
#pragma once

#include "state/app_state.h"
#include "ui/analyses/alignment/state/slots.h"
#include "ui/analyses/attention/state/slots.h"
#include "ui/analyses/cv/state/slots.h"
#include "ui/analyses/jacobian/state/slots.h"
#include "ui/analyses/jacobian/state/training.h"
#include "ui/analyses/residual/state/slots.h"
#include "ui/analyses/retrieval/state/slots.h"

#include <attnscope/slot.h>

#include <memory>

namespace attnscope::ui {

class PinnedView {
public:
    /// The runs outlive the view.
    PinnedView(JobSystem& jobs, ExperimentRun& experiment, ResidualRun& sweeps, JacobianExperimentRun& training)
        : jobs_(jobs), experiment_(experiment), sweeps_(sweeps), training_run_(training) {}

    /// Lets go what is kept for a view that is not pinned any more, and gives up jobs for one of another workspace than
    /// the one in sight; once a frame before panels are drawn.
    void begin_frame(const AppState& state);
    /// Slots that answer for the pinned view; null when nothing is pinned or its bank is not loaded.
    RetrievalSlots* retrieval(const AppState& state);
    /// The same for a view pinned in the attention workspace; null when its model is not loaded.
    AttentionSlots* attention(const AppState& state);
    /// The same for a view pinned in the CV bands workspace, with or without a model: experiments need none.
    CvSlots* cv(const AppState& state);
    /// The same for a view pinned in the Alignment workspace; null while its source is not loaded.
    AlignmentSlots* alignment(const AppState& state);
    /// The same for a view pinned in the low-rank workspace; null when its model is not loaded.
    ResidualSlots* residual(const AppState& state);
    /// The same for training runs pinned in the softmax gradient workspace.
    JacobianTraining* training(const AppState& state);
    /// The same for a view pinned in the softmax gradient workspace; null when its model is not loaded.
    JacobianSlots* jacobian(const AppState& state);
    bool settled() const;
    /// What the slots above were asked for.
    const AppState& state() const { return pinned_state_; }

private:
    /// The state as it would be in the pinned view; false when none of that workspace is pinned.
    bool follow(const AppState& state, Workspace workspace);

    JobSystem& jobs_;
    ExperimentRun& experiment_;
    ResidualRun& sweeps_;
    JacobianExperimentRun& training_run_;
    AppState pinned_state_;
    bool rests_ = false; ///< begin_frame() has put the slots to rest
    std::unique_ptr<RetrievalSlots> retrieval_;
    std::unique_ptr<AttentionSlots> attention_;
    std::unique_ptr<CvSlots> cv_;
    std::unique_ptr<AlignmentSlots> alignment_;
    std::unique_ptr<ResidualSlots> residual_;
    std::unique_ptr<JacobianTraining> training_;
    std::unique_ptr<JacobianSlots> jacobian_;
};

} // namespace attnscope::ui
