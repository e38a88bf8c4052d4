// What the pictures of the low-rank workspace have in common.
#pragma once

#include "analyses/attention/figure_parts.h"
#include "drawing/figure_text.h"

#include <attnscope/residual_figures.h>

#include <string_view>

namespace attnscope::residual {

using attention::add_note;
using attention::add_outline;
using attention::short_token;

Figure start_figure(std::string_view panel);

} // namespace attnscope::residual
