// CV bands as a recipe and back.
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>

#include "analyses/cv/parameters.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/layout_name.h"
#include "files/model_inputs.h"

namespace attnscope {

namespace {

constexpr const char* cv_analysis = "cv";

/// What stands for the tokens in a recipe that has none of its own.
const TokenSource no_source{TokenSource::Kind::prompt, {}, {}};

Json params_json(const CvJob& job) {
    Json params = cv_parameters_json(job.parameters);
    params["histogram"] = job.histogram;
    if (!job.tensor.empty()) {
        params["key"] = job.key;
        params["layout"] = layout_name(job.layout);
        return params;
    }
    params["tokens"] = token_params(job.tokens.value_or(no_source));
    params["activations"] = job.tokens.has_value();
    params["weights"] = job.weights;
    params["first_layer"] = job.first_layer;
    params["last_layer"] = job.last_layer;
    params["precision"] = precision_name(job.precision);
    if (job.figure) {
        params["cursor"] = {
            {"kind", cv_kind_name(job.cursor.kind)}, {"layer", job.cursor.layer}, {"head", job.cursor.head}};
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

void read_tensor(const Recipe& recipe, const ParamsReader& reader, const std::vector<std::filesystem::path>& folders,
                 const BytesDone& between, CvJob& job) {
    for (const RecipeInput& input : recipe.inputs) {
        if (input.role == "tensor") job.tensor = locate(input, folders, between);
        if (input.role == "tuples") job.tuples = locate(input, folders, between);
    }
    reader.text("key", job.key);
    std::string layout = layout_name(job.layout);
    reader.text("layout", layout);
    job.layout = parse_text("layout", layout, [](const std::string& name) { return parse_layout(name); });
}

void read_model(const Recipe& recipe, const Json& params, const std::vector<std::filesystem::path>& folders,
                const BytesDone& between, CvJob& job) {
    const ParamsReader reader(params);
    ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
    job.model = std::move(inputs.model);
    bool activations = false;
    reader.flag("activations", activations);
    if (activations) job.tokens = std::move(inputs.tokens);
    reader.flag("weights", job.weights);
    reader.number("first_layer", job.first_layer);
    reader.number_or_none("last_layer", job.last_layer);
    std::string precision = precision_name(job.precision);
    reader.text("precision", precision);
    job.precision = parse_text("precision", precision, [](const std::string& name) { return parse_precision(name); });
    if (const Json* const cursor = reader.object("cursor")) {
        const ParamsReader fields(*cursor);
        std::string kind = cv_kind_name(job.cursor.kind);
        fields.text("kind", kind);
        job.cursor.kind = parse_text("cursor.kind", kind, [](const std::string& name) { return cv::parse_kind(name); });
        fields.number("layer", job.cursor.layer);
        fields.number("head", job.cursor.head);
    }
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
    const ParamsReader reader(params);
    CvJob job;
    job.seed = recipe.seed;
    read_cv_parameters(reader, job.parameters);
    reader.flag("histogram", job.histogram);
    if (params.contains("layout"))
        read_tensor(recipe, reader, folders, between, job);
    else
        read_model(recipe, params, folders, between, job);
    if (job.tensor.empty() && job.model.empty())
        throw Error(ErrorKind::input, "recipe", "a file of tensors or a model", "neither", "inputs");
    return job;
}

} // namespace attnscope
