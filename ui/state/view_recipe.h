// From what is on the screen to the recipe that makes it again without a window.
#pragma once

#include "state/app_state.h"
#include "state/retrieval_slots.h"

#include <attnscope/recipe.h>

#include <optional>

namespace attnscope::ui {

/// The view as the command line would be asked for it; none where it shows what no file holds: a bank made in the
/// window, other than the letters as they come. retrieval_recipe() of it hashes the inputs: work for a job.
std::optional<RetrievalJob> view_job(const AppState& state, const RetrievalSlots& slots);

}  // namespace attnscope::ui
