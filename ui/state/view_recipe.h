// From what is on the screen to the recipe that makes it again without a window.
#pragma once

#include "state/app_state.h"
#include "state/retrieval_slots.h"

#include <attnscope/recipe.h>

#include <optional>
#include <string>

namespace attnscope::ui {

/// The view as the command line would be asked for it; none where it shows what no file holds: a drawn query, or a bank
/// made in the window (other than the letters).
std::optional<RetrievalJob> view_job(const AppState& state, const RetrievalSlots& slots);
/// JSON of the view's recipe; empty without one. Hashes the inputs when that was not done before.
std::string view_recipe(const AppState& state, const RetrievalSlots& slots);

}  // namespace attnscope::ui
