// CV bands as a recipe and back.
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>

#include "analyses/cv/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/model_inputs.h"

namespace attnscope {

namespace {

constexpr const char* cv_analysis = "cv";

/// What stands for the tokens in a recipe that has none of its own.
const TokenSource no_source{TokenSource::Kind::prompt, {}, {}};

Json params_json(CvJob job) {
    Json params = fields_json(measured_fields(job));
    if (!job.tensor.empty()) {
        write_fields(tensor_fields(job), params);
        return params;
    }
    params["tokens"] = token_params(job.tokens.value_or(no_source));
    params["activations"] = job.tokens.has_value();
    write_fields(model_fields(job), params);
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(job));
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

void read_tensor(const Recipe& recipe, const Json& params, const std::vector<std::filesystem::path>& folders,
                 const BytesDone& between, CvJob& job) {
    for (const RecipeInput& input : recipe.inputs) {
        if (input.role == "tensor") job.tensor = locate(input, folders, between);
        if (input.role == "tuples") job.tuples = locate(input, folders, between);
    }
    read_fields(tensor_fields(job), params);
}

void read_model(const Recipe& recipe, const Json& params, const std::vector<std::filesystem::path>& folders,
                const BytesDone& between, CvJob& job) {
    const ParamsReader reader(params);
    ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
    job.model = std::move(inputs.model);
    bool activations = false;
    reader.flag("activations", activations);
    if (activations) job.tokens = std::move(inputs.tokens);
    read_fields(model_fields(job), params);
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
}

} // namespace

Recipe cv_recipe(const CvJob& job) {
    Recipe recipe;
    recipe.analysis = cv_analysis;
    if (job.tensor.empty()) {
        ATTNSCOPE_ASSERT(job.request.model);
        recipe.inputs = model_inputs(*job.request.model, job.tokens.value_or(no_source));
    } else {
        const auto add = [&](const char* role, const std::filesystem::path& file) {
            recipe.inputs.push_back({role, base_name(file), sha256_file(file)});
        };
        add("tensor", job.tensor);
        if (!job.tuples.empty()) add("tuples", job.tuples);
    }
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

CvJob cv_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders, const BytesDone& between) {
    if (recipe.analysis != cv_analysis)
        throw Error(ErrorKind::input, "recipe", "the analysis cv", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    CvJob job;
    job.seed = recipe.seed;
    read_fields(measured_fields(job), params);
    check_read([&] { cv::check_parameters(job.parameters); });
    if (params.contains("layout"))
        read_tensor(recipe, params, folders, between, job);
    else
        read_model(recipe, params, folders, between, job);
    if (job.tensor.empty() && job.model.empty())
        throw Error(ErrorKind::input, "recipe", "a file of tensors or a model", "neither", "inputs");
    return job;
}

} // namespace attnscope
