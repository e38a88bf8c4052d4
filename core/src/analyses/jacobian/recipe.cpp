// The softmax Jacobian as a recipe and back.
#include <attnscope/jacobian_recipe.h>

#include "analyses/jacobian/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/model_inputs.h"

namespace attnscope {

namespace {

constexpr const char* jacobian_analysis = "jacobian";
constexpr const char* captures_role = "captures";

Json params_json(JacobianJob job) {
    Json params = {{"captures", !job.captures.empty()}};
    if (job.captures.empty()) {
        params["tokens"] = token_params(job.tokens);
        write_fields(model_fields(job), params);
    }
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(job));
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

} // namespace

Recipe jacobian_recipe(const JacobianJob& job) {
    Recipe recipe;
    recipe.analysis = jacobian_analysis;
    if (job.captures.empty()) {
        ATTNSCOPE_ASSERT(job.request.model);
        recipe.inputs = model_inputs(*job.request.model, job.tokens);
    } else {
        recipe.inputs.push_back({captures_role, base_name(job.captures), sha256_file(job.captures)});
    }
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

JacobianJob jacobian_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                         const BytesDone& between) {
    if (recipe.analysis != jacobian_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis jacobian", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    const ParamsReader reader(params);
    JacobianJob job;
    job.seed = recipe.seed;
    bool captures = false;
    reader.flag("captures", captures);
    if (captures) {
        for (const RecipeInput& input : recipe.inputs)
            if (input.role == captures_role) job.captures = locate(input, folders, between);
        if (job.captures.empty()) throw Error(ErrorKind::input, "recipe", "a file of captures", "none", "inputs");
    } else {
        ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
        job.model = std::move(inputs.model);
        job.tokens = std::move(inputs.tokens);
        read_fields(model_fields(job), params);
    }
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    return job;
}

} // namespace attnscope
