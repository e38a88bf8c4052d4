// attnscope cv --experiment: trains the tiny transformer and measures it on the way.
#pragma once

#include "cli/context.h"

#include <attnscope/cv_experiment_recipe.h>

namespace attnscope::cli {

struct ExperimentOptions {
    bool wanted = false;
    bool any_given = false; ///< an option that only the experiment has
    cv::ExperimentRequest request;
};
void add_experiment_options(CLI::App& app, ExperimentOptions& options);

/// With --out, what is finished is kept beside it while the rest is trained: the same command goes on from there.
void run_experiment(const ExperimentOptions& options, const cv::Parameters& parameters, Context& context);

} // namespace attnscope::cli
