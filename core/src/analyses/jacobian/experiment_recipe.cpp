// The softmax-gradient experiment as a recipe and back.
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/tensor_file.h>

#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"

#include <algorithm>

namespace attnscope {
namespace {

using jacobian::Combination;

constexpr const char* jacobian_experiment_analysis = "jacobian";
constexpr const char* text_role = "text";

Json combination_json(const Combination& combination) {
    return {{"method", jacobian::method_name(combination.method)},
            {"softmax_grad", jacobian::softmax_gradient_name(combination.gradient)}};
}

Combination read_combination(const Json& json) {
    if (!json.is_object()) ParamsReader::fail("an object", json.type_name(), "experiment.combinations");
    const ParamsReader reader(json);
    Combination combination;
    std::string method = jacobian::method_name(combination.method);
    std::string gradient = jacobian::softmax_gradient_name(combination.gradient);
    reader.text("method", method);
    reader.text("softmax_grad", gradient);
    combination.method = parse_text("method", method, jacobian::parse_method);
    combination.gradient = parse_text("softmax_grad", gradient, jacobian::parse_softmax_gradient);
    return combination;
}

void read_combinations(const Json& experiment, std::vector<Combination>& combinations) {
    const auto list = experiment.find("combinations");
    if (list == experiment.end()) return;
    if (!list->is_array() || list->empty() || list->size() > jacobian::all_combinations().size())
        ParamsReader::fail("a list of combinations", list->type_name(), "experiment.combinations");
    combinations.clear();
    for (const Json& entry : *list) combinations.push_back(read_combination(entry));
}

void check_parameters(const jacobian::ExperimentRequest& request) {
    try {
        jacobian::check_experiment_parameters(request);
    } catch (const Error& error) {
        ParamsReader::fail(error.expected, error.got, error.subject);
    }
}

void read_cursor(const Json& cursor, JacobianExperimentJob& job) {
    const ParamsReader reader(cursor);
    std::string metric = jacobian::metric_name(job.metric);
    reader.text("metric", metric);
    job.metric = parse_text("cursor.metric", metric, jacobian::parse_metric);
    job.shown = read_combination(cursor);
    reader.number("step", job.step);
}

} // namespace

void load_inputs(JacobianExperimentJob& job, JobContext& context, std::vector<Warning>&) {
    context.checkpoint();
    const auto between = [&context] { context.checkpoint(); };
    if (!job.request.text)
        job.request.text = job.text.empty() ? jacobian::experiment_text(job.typed, "the typed text", between)
                                            : jacobian::open_experiment_text(job.text, between);
    jacobian::check_experiment(job.request);
}

bool is_jacobian_experiment(const Recipe& recipe) {
    if (recipe.analysis != jacobian_experiment_analysis) return false;
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    return params.is_object() && params.contains("experiment");
}

Recipe jacobian_experiment_recipe(const JacobianExperimentJob& job) {
    const jacobian::ExperimentRequest& request = job.request;
    ATTNSCOPE_ASSERT(request.text);
    Json combinations = Json::array();
    for (const Combination& combination : request.combinations) combinations.push_back(combination_json(combination));
    Json params;
    params["experiment"] = {{"combinations", std::move(combinations)},
                            {"layers", request.shape.layers},
                            {"heads", request.shape.heads},
                            {"width", request.shape.width},
                            {"block", request.shape.block},
                            {"batch", request.batch},
                            {"steps", request.steps},
                            {"every", request.every},
                            {"blocks", request.blocks},
                            {"learning_rate", request.learning_rate}};
    Recipe recipe;
    recipe.analysis = jacobian_experiment_analysis;
    if (job.text.empty())
        params["text"] = job.typed;
    else
        recipe.inputs.push_back({text_role, base_name(job.text), request.text->sha256});
    if (job.figure) {
        params["cursor"] = combination_json(job.shown);
        params["cursor"]["metric"] = jacobian::metric_name(job.metric);
        if (job.step >= 0) params["cursor"]["step"] = job.step;
        params["figure"] = figure_params(*job.figure);
    }
    recipe.params = one_line(params);
    recipe.seed = request.seed;
    return recipe;
}

JacobianExperimentJob jacobian_experiment_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                                              const BytesDone& between) {
    if (recipe.analysis != jacobian_experiment_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis jacobian", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    const ParamsReader reader(params);
    const Json* const experiment = reader.object("experiment");
    if (!experiment) ParamsReader::fail("an object", "nothing", "experiment");
    JacobianExperimentJob job;
    jacobian::ExperimentRequest& request = job.request;
    const ParamsReader fields(*experiment);
    read_combinations(*experiment, request.combinations);
    fields.number("layers", request.shape.layers);
    fields.number("heads", request.shape.heads);
    fields.number("width", request.shape.width);
    fields.number("block", request.shape.block);
    fields.number("batch", request.batch);
    fields.number("steps", request.steps);
    fields.number("every", request.every);
    fields.number("blocks", request.blocks);
    fields.number("learning_rate", request.learning_rate);
    request.seed = recipe.seed;
    check_parameters(request);
    if (const Json* const cursor = reader.object("cursor")) read_cursor(*cursor, job);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    reader.text("text", job.typed);
    for (const RecipeInput& input : recipe.inputs)
        if (input.role == text_role) job.text = locate(input, folders, between);
    if (job.text.empty() && job.typed.empty()) throw Error(ErrorKind::input, "recipe", "a text", "none", "inputs");
    return job;
}

std::vector<Warning> jacobian_experiment_warnings(const jacobian::Experiment& experiment) {
    std::vector<Warning> warnings;
    for (const jacobian::TrainingRunPtr& run : experiment.runs)
        if (run->state == jacobian::TrainingRun::State::diverged)
            warnings.push_back({"diverged", jacobian::combination_name(run->combination) + ": the loss of step " +
                                                std::to_string(run->diverged_at) +
                                                " is not finite; training ended there"});
    std::size_t left_out = 0, measured = 0;
    for (const jacobian::TrainingRunPtr& run : experiment.runs)
        for (const auto& measurement : run->measurements)
            for (const jacobian::HeadMetrics& head : measurement->heads) {
                left_out += head.undefined;
                measured += head.sequences;
            }
    if (left_out > 0)
        warnings.push_back({"cosine-undefined", std::to_string(left_out) + " of " + std::to_string(measured) +
                                                    " measured windows have no gradient of a head's scores; cosines "
                                                    "leave them out (n_undefined)"});
    return warnings;
}

} // namespace attnscope
