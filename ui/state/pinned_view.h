// The results of the pinned view A, computed beside those of the current one by slots of their own.
#pragma once

#include "state/app_state.h"
#include "state/retrieval_slots.h"

#include <attnscope/slot.h>

#include <memory>

namespace attnscope::ui {

class PinnedView {
public:
    explicit PinnedView(JobSystem& jobs) : jobs_(jobs) {}

    /// Slots that answer for the pinned view; null when nothing is pinned or its bank is not loaded.
    RetrievalSlots* retrieval(const AppState& state);

private:
    JobSystem& jobs_;
    AppState pinned_state_;   ///< the state as it would be in the pinned view
    std::unique_ptr<RetrievalSlots> slots_;
};

}  // namespace attnscope::ui
