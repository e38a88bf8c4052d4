// How a residual sweep is asked for on the command line; shared by `residual` and `figure`.
#pragma once

#include "cli/common_options.h"

#include <attnscope/residual_recipe.h>

#include <string>
#include <vector>

namespace attnscope::cli {

/// --layers --ranks --seq-len …, and --heads where that name is free, into `parameters`, which must live as long as the
/// command.
void add_residual_options(CLI::App& app, residual::Parameters& parameters, const std::string& group, bool with_heads);

/// 1,2,4 or 9:11, both ends included. Throws Error{usage}.
std::vector<int> parse_numbers(const std::string& option, const std::string& text);
/// 9:3,10:0. Throws Error{usage}.
std::vector<residual::HeadChoice> parse_heads(const std::string& option, const std::string& text);

} // namespace attnscope::cli
