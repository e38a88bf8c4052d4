// Residual excitations as a recipe and back.
#include <attnscope/residual_recipe.h>

#include "analyses/residual/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

constexpr const char* residual_analysis = "residual";

Json params_json(const ResidualJob& job) {
    ResidualJob described = job;
    residual::Request& request = described.request;
    Json params = {{"tokens", token_params(job.tokens)}};
    // Defaults as what they come to, so that the recipe says what was computed.
    const residual::Plan plan = residual::plan(request);
    request.parameters.layers = plan.layers;
    request.parameters.ranks = plan.ranks;
    write_fields(fields_of(request), params);
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(described));
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

} // namespace

Recipe residual_recipe(const ResidualJob& job) {
    ATTNSCOPE_ASSERT(job.request.model);
    Recipe recipe;
    recipe.analysis = residual_analysis;
    recipe.inputs = model_inputs(*job.request.model, job.tokens);
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

ResidualJob residual_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                         const BytesDone& between) {
    if (recipe.analysis != residual_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis residual", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
    ResidualJob job;
    job.model = std::move(inputs.model);
    job.tokens = std::move(inputs.tokens);
    job.seed = recipe.seed;
    const ParamsReader reader(params);
    read_fields(fields_of(job.request), params);
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    return job;
}

} // namespace attnscope
