// The softmax-gradient experiment as a recipe and back.
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/tensor_file.h>

#include "analyses/jacobian/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"

#include <algorithm>

namespace attnscope {
namespace {

constexpr const char* jacobian_experiment_analysis = "jacobian";
constexpr const char* text_role = "text";

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
    JacobianExperimentJob described = job;
    Json params;
    params["experiment"] = fields_json(fields_of(described.request));
    Recipe recipe;
    recipe.analysis = jacobian_experiment_analysis;
    if (job.text.empty())
        params["text"] = job.typed;
    else
        recipe.inputs.push_back({text_role, base_name(job.text), request.text->sha256});
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(described));
        if (job.step < 0) params["cursor"].erase("step");
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
    read_fields(fields_of(request), *experiment, "params.experiment.");
    request.seed = recipe.seed;
    check_read([&] { jacobian::check_experiment_parameters(request); });
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
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
