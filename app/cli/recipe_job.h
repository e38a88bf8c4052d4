// From a recipe of any analysis to its job, and to what its figures are drawn from.
#pragma once

#include "cli/input_files.h"
#include "cli/panel_source.h"

#include "state/view_job.h"

#include <type_traits>

namespace attnscope::cli {

/// Calls `use` with the job that the recipe describes; its inputs are found by hash in `places`. Throws as the readers
/// of jobs do, and Cancelled.
template <class Use>
auto with_job(const Recipe& recipe, const std::vector<std::filesystem::path>& places, const JobContext& context,
              const Use& use) {
    const BytesDone between = context.between_reads();
    if (recipe.analysis == "attention") return use(attention_job(recipe, places, between));
    if (recipe.analysis == "align") return use(alignment_job(recipe, places, between));
    if (recipe.analysis == "residual") return use(residual_job(recipe, places, between));
    if (is_cv_experiment(recipe)) return use(cv_experiment_job(recipe));
    if (recipe.analysis == "cv") return use(cv_job(recipe, places, between));
    if (is_jacobian_experiment(recipe)) return use(jacobian_experiment_job(recipe, places, between));
    if (recipe.analysis == "jacobian") return use(jacobian_job(recipe, places, between));
    return use(retrieval_job(recipe, places, between));
}

/// What shows a job of the recipe, compared with A where the recipe has one; their files are inputs of the command.
/// Throws Error{input}, and Error{usage} where one of them will be written.
template <class Job>
std::unique_ptr<PanelSource> recipe_source(Job job, const Recipe& recipe,
                                           const std::vector<std::filesystem::path>& places, Context& context) {
    context.add_inputs(input_files(job));
    if (!recipe.pinned) return panel_source(std::move(job));
    auto pinned = with_job(*recipe.pinned, places, context.job(), [&](auto found) -> std::unique_ptr<PanelSource> {
        if constexpr (std::is_same_v<decltype(found), Job>) {
            context.add_inputs(input_files(found));
            ui::compare_alike(job, found);
            return panel_source(std::move(found));
        } else {
            throw Error(ErrorKind::input, "recipe", "A of the analysis " + recipe.analysis, recipe.pinned->analysis,
                        "pinned");
        }
    });
    return compared(panel_source(std::move(job)), std::move(pinned), recipe.beside);
}

} // namespace attnscope::cli
