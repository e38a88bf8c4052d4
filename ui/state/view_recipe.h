// From what is on the screen to the recipe that makes it again without a window.
#pragma once

#include "state/app_state.h"
#include "state/services.h"

#include <attnscope/attention_recipe.h>
#include <attnscope/recipe.h>

#include <functional>
#include <optional>
#include <string>

namespace attnscope::ui {

/// Writes the recipe of the figure that is described. Inputs are hashed then: work for a job.
using RecipeWriter = std::function<std::string(const FigureSpec&)>;

/// What a panel shows, as the command line would be asked for it, with A where it is compared; none where either shows
/// what no file holds: a bank made in the window, other than the letters as they come.
std::optional<RecipeWriter> view_recipe(const AppState& state, Services& services, const std::string& panel_id,
                                        const ShownFigure& shown);

} // namespace attnscope::ui
