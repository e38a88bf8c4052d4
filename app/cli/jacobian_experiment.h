// attnscope jacobian --experiment: trains the character model under one or several combinations.
#pragma once

#include "cli/context.h"

#include <attnscope/jacobian_experiment_recipe.h>

#include <filesystem>

namespace attnscope::cli {

struct JacobianExperimentOptions {
    bool wanted = false;
    bool any_given = false; ///< an option that only the experiment has
    std::vector<jacobian::Method> methods{jacobian::Method::back_propagation};
    std::vector<jacobian::SoftmaxGradient> gradients{jacobian::SoftmaxGradient::full};
    jacobian::ExperimentRequest request;
    std::filesystem::path folder; ///< of exported models; empty: none
};
void add_jacobian_experiment_options(CLI::App& app, JacobianExperimentOptions& options);

/// What was asked, its text not read yet.
JacobianExperimentJob jacobian_experiment_inputs(const JacobianExperimentOptions& options,
                                                 const std::filesystem::path& text, const CommonOptions& common);

/// With --out, what is trained so far is kept beside it: the same command goes on from there.
void run_jacobian_experiment(const JacobianExperimentOptions& options, const std::filesystem::path& text,
                             Context& context);

} // namespace attnscope::cli
