// Attention as a recipe and back.
#include <attnscope/attention_recipe.h>

#include "analyses/attention/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

using namespace attention;

constexpr const char* attention_analysis = "attention";

/// What stands for the tokens in a recipe that has none of its own.
const TokenSource no_source{TokenSource::Kind::prompt, {}, {}};

Json params_json(AttentionJob job) {
    Json params = {{"tokens", token_params(job.tokens.value_or(no_source))}, {"random_tokens", !job.tokens}};
    write_fields(request_fields(job), params);
    params["cursor"] = fields_json(cursor_fields(job));
    params["map"] = fields_json(map_fields(job));
    if (job.figure) params["figure"] = figure_params(*job.figure);
    return params;
}

void read_params(const Json& params, AttentionJob& job) {
    const ParamsReader reader(params);
    read_fields(request_fields(job), params);
    if (const Json* cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* map = reader.object("map")) read_fields(map_fields(job), *map, "params.map.");
    if (const Json* figure = reader.object("figure")) job.figure = read_figure_params(*figure);
}

} // namespace

Recipe attention_recipe(const AttentionJob& job) {
    ATTNSCOPE_ASSERT(job.request.model);
    Recipe recipe;
    recipe.analysis = attention_analysis;
    recipe.inputs = model_inputs(*job.request.model, job.tokens.value_or(no_source));
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

AttentionJob attention_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                           const BytesDone& between) {
    if (recipe.analysis != attention_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis attention", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
    AttentionJob job;
    job.seed = recipe.seed;
    job.model = std::move(inputs.model);
    bool random = false;
    ParamsReader(params).flag("random_tokens", random);
    if (!random) job.tokens = std::move(inputs.tokens);
    read_params(params, job);
    return job;
}

} // namespace attnscope
