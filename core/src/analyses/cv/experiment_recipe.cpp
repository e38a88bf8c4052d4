// The CV experiment as a recipe and back.
#include <attnscope/cv_experiment_recipe.h>

#include "analyses/cv/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"

#include <algorithm>

namespace attnscope {
namespace {

constexpr const char* cv_experiment_analysis = "cv";

} // namespace

bool is_cv_experiment(const Recipe& recipe) {
    if (recipe.analysis != cv_experiment_analysis) return false;
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    return params.is_object() && params.contains("experiment");
}

Recipe cv_experiment_recipe(const CvExperimentJob& job) {
    CvExperimentJob described = job;
    Json params = fields_json(fields_of(described.request.parameters));
    params["experiment"] = fields_json(fields_of(described.request));
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(described));
        if (job.epoch < 0) params["cursor"].erase("epoch");
        params["figure"] = figure_params(*job.figure);
    }
    Recipe recipe;
    recipe.analysis = cv_experiment_analysis;
    recipe.params = one_line(params);
    recipe.seed = job.request.seed;
    return recipe;
}

CvExperimentJob cv_experiment_job(const Recipe& recipe) {
    if (recipe.analysis != cv_experiment_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis cv", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    const ParamsReader reader(params);
    const Json* const experiment = reader.object("experiment");
    if (!experiment) ParamsReader::fail("an object", "nothing", "experiment");
    CvExperimentJob job;
    cv::ExperimentRequest& request = job.request;
    read_fields(fields_of(request), *experiment, "params.experiment.");
    read_fields(fields_of(request.parameters), params);
    request.seed = recipe.seed;
    check_read([&] { cv::check_experiment(request); });
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    return job;
}

Figure cv_experiment_figure(const CvExperimentJob& job, const std::string& panel, const cv::Experiment& experiment) {
    cv::View view;
    view.parameters = job.request.parameters;
    view.group = job.group;
    view.dim = job.dim;
    view.config_heads = job.heads;
    view.epoch = job.epoch;
    if (panel == "cv.grid") return cv::grid_figure(view, experiment);
    if (panel == "cv.relation") return cv::relation_figure(view, experiment);
    return cv::training_figure(view, experiment);
}

std::vector<Warning> cv_experiment_warnings(const CvExperimentJob& job, const cv::Experiment& experiment) {
    std::vector<Warning> warnings;
    for (const cv::ExperimentConfigPtr& config : experiment.configs)
        if (config->state == cv::ExperimentConfig::State::diverged)
            warnings.push_back({"diverged", "dim " + std::to_string(config->dim) + " × " +
                                                std::to_string(config->heads) + " heads: the loss before update " +
                                                std::to_string(config->diverged_at) +
                                                " is not finite; training ended there"});
    const std::size_t least = static_cast<std::size_t>(job.request.parameters.points);
    for (const cv::ExperimentConfigPtr& config : experiment.configs)
        if (static_cast<std::size_t>(config->head_dim()) < least) {
            warnings.push_back({"few-rows", "heads of fewer than " + std::to_string(least) +
                                                " rows or dimensions have no volume: their CV is null"});
            break;
        }
    return warnings;
}

} // namespace attnscope
