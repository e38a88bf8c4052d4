// The softmax-gradient experiment as a recipe: what was asked on the command line or in the window, and its results as
// text.
//
// Its recipes are those of the analysis jacobian whose params have an `experiment`.
#pragma once

#include <attnscope/jacobian_experiment.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

struct JacobianExperimentJob {
    std::filesystem::path text;          ///< the file; empty: `typed`
    std::string typed;                   ///< a text without a file
    jacobian::ExperimentRequest request; ///< its text still empty
    // what figures show of it
    jacobian::Metric metric = jacobian::Metric::r_diag;
    jacobian::Combination shown;      ///< the bold one; the first where there is no such run
    int step = -1;                    ///< −1 = the last
    std::optional<FigureSpec> figure; ///< none for a result
};
/// Reads the text: fills request.text. Throws as open_experiment_text() and check_experiment().
void load_inputs(JacobianExperimentJob& job, JobContext& context, std::vector<Warning>& warnings);

bool is_jacobian_experiment(const Recipe& recipe);
/// Needs load_inputs() before.
Recipe jacobian_experiment_recipe(const JacobianExperimentJob& job);
/// The reverse: finds the text by hash in `folders`. Throws Error{input} for another recipe, or naming the parameter or
/// the text that was not found. `between` is told of the hashing.
JacobianExperimentJob jacobian_experiment_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                                              const BytesDone& between = {});

/// Of one run {"method", "softmax_grad", "loss", "training": {"loss", "val_loss", "metrics" …}, "heads" …}; of several
/// {"runs": […]} of such.
std::string jacobian_experiment_json(const jacobian::Experiment& experiment);
/// The runs of such a result, without their parameters. Throws Error{input} naming `subject`.
jacobian::Experiment read_jacobian_experiment(const std::string& result_json, const std::string& subject);
std::string jacobian_experiment_csv(const jacobian::Experiment& experiment);  ///< a row a step of a run
std::string jacobian_experiment_text(const jacobian::Experiment& experiment); ///< for people: a line a run
std::string jacobian_experiment_npz(const jacobian::Experiment& experiment);
std::vector<Warning> jacobian_experiment_warnings(const jacobian::Experiment& experiment);

/// What an interrupted run is taken up from: a safetensors file of curves, parameters and moments. Throws
/// Error{resource}.
void write_jacobian_checkpoint(const std::filesystem::path& path, const Recipe& recipe,
                               const jacobian::Experiment& experiment);
/// Null where the file is no checkpoint of an equal recipe. Throws Error{input} for a damaged one.
jacobian::ExperimentPtr read_jacobian_checkpoint(const std::filesystem::path& path, const Recipe& recipe);

} // namespace attnscope
