// Options that `align` and `figure` share.
#pragma once

#include "cli/common_options.h"

#include <attnscope/alignment_recipe.h>

#include <functional>

namespace attnscope::cli {

CLI::Option* add_anchor(CLI::App& app, int& anchor);
/// --operator, --directions and --norm-gain, which call `given`, and --topk.
void add_operator_options(CLI::App& app, AlignmentJob& job, const std::function<void()>& given);

} // namespace attnscope::cli
