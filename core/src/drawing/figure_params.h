// Which figure a recipe draws, as part of its params.
#pragma once

#include "base/json_text.h"

#include <attnscope/recipe.h>

namespace attnscope {

Json figure_params(const FigureSpec& figure);
/// The reverse; fields that are missing keep their defaults.
FigureSpec read_figure_params(const Json& params);

} // namespace attnscope
