// The CV experiment as a recipe: what was asked on the command line or in the window, and its results as text.
//
// Its recipes are those of the analysis cv whose params have an `experiment`.
#pragma once

#include <attnscope/cv_experiment.h>
#include <attnscope/cv_figures.h>
#include <attnscope/recipe.h>

#include <optional>
#include <string>
#include <vector>

namespace attnscope {

struct CvExperimentJob {
    cv::ExperimentRequest request;
    // what figures show of it
    std::string group = cv::View{}.group;
    int dim = 0, heads = 0;           ///< 0 = the first configuration
    int epoch = -1;                   ///< −1 = the last
    std::optional<FigureSpec> figure; ///< none for a result
};
bool is_cv_experiment(const Recipe& recipe);
Recipe cv_experiment_recipe(const CvExperimentJob& job);
/// The reverse. Throws Error{input} for another recipe, or naming the parameter.
CvExperimentJob cv_experiment_job(const Recipe& recipe);

/// The figure of a panel of the experiment.
Figure cv_experiment_figure(const CvExperimentJob& job, const std::string& panel, const cv::Experiment& experiment);

/// {"configs": […]}
std::string cv_experiment_json(const cv::Experiment& experiment);
/// The configurations of such a result that are over; of measurements other than pre, mid and post the CV alone. Throws
/// Error{input} naming `subject`.
std::vector<cv::ExperimentConfigPtr> read_cv_experiment(const std::string& result_json, const std::string& subject);
std::string cv_experiment_csv(const cv::Experiment& experiment);  ///< a row a matrix of a measurement
std::string cv_experiment_text(const cv::Experiment& experiment); ///< for people
std::string cv_experiment_npz(const cv::Experiment& experiment);
std::vector<Warning> cv_experiment_warnings(const CvExperimentJob& job, const cv::Experiment& experiment);

} // namespace attnscope
