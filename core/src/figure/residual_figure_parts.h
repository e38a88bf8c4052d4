// What the pictures of the low-rank workspace have in common.
#pragma once

#include "figure/attention_figure_parts.h"
#include "figure/figure_text.h"

#include <attnscope/residual_figures.h>

#include <string_view>

namespace attnscope::residual {

using attention::add_note;
using attention::add_outline;
using attention::short_token;

Figure start_figure(std::string_view panel);

} // namespace attnscope::residual
