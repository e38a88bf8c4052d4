// The softmax Jacobian as a recipe and back.
#include <attnscope/jacobian_recipe.h>

#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/model_inputs.h"

namespace attnscope {

namespace {

constexpr const char* jacobian_analysis = "jacobian";
constexpr const char* captures_role = "captures";

Json params_json(const JacobianJob& job) {
    Json params = {{"captures", !job.captures.empty()}};
    if (job.captures.empty()) {
        params["tokens"] = token_params(job.tokens);
        params["seq_len"] = job.length;
        params["blocks"] = job.blocks;
        params["first_layer"] = job.first_layer;
        params["last_layer"] = job.last_layer;
    }
    if (job.figure) {
        params["cursor"] = {{"metric", jacobian::metric_name(job.cursor.metric)},
                            {"layer", job.cursor.layer},
                            {"head", job.cursor.head},
                            {"sequence", job.cursor.sequence},
                            {"row", job.cursor.row}};
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

void read_cursor(const Json& json, JacobianJob::Cursor& cursor) {
    const ParamsReader reader(json);
    std::string metric = jacobian::metric_name(cursor.metric);
    reader.text("metric", metric);
    cursor.metric =
        parse_text("cursor.metric", metric, [](const std::string& name) { return jacobian::parse_metric(name); });
    reader.number("layer", cursor.layer);
    reader.number("head", cursor.head);
    reader.number("sequence", cursor.sequence);
    reader.number("row", cursor.row, {-1, std::numeric_limits<std::int64_t>::max()});
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
        reader.number("seq_len", job.length);
        reader.number("blocks", job.blocks);
        reader.number("first_layer", job.first_layer);
        reader.number_or_none("last_layer", job.last_layer);
    }
    if (const Json* const cursor = reader.object("cursor")) read_cursor(*cursor, job.cursor);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    return job;
}

} // namespace attnscope
