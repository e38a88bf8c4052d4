// Attention as a recipe and back.
#include <attnscope/attention_recipe.h>

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

Json params_json(const AttentionJob& job) {
    const Request& request = job.request;
    Json maps = Json::array();
    for (const AttentionJob::HeadChoice& choice : job.maps) maps.push_back(Json::array({choice.layer, choice.head}));
    Json params = {{"tokens", token_params(job.tokens.value_or(no_source))},
                   {"random_tokens", !job.tokens},
                   {"a_text_a_line", job.a_text_a_line},
                   {"beta", number_or_infinity(request.gain)},
                   {"rows", request.rows},
                   {"scores", request.scores},
                   {"induction_on_random", request.induction_on_random},
                   {"first_layer", request.first_layer},
                   {"last_layer", request.last_layer},
                   {"precision", precision_name(request.precision)},
                   {"maps", std::move(maps)},
                   {"cursor",
                    {{"layer", job.layer},
                     {"head", job.head},
                     {"token", job.token},
                     {"colour", head_colour_name(job.colour)},
                     {"every_layer", job.every_layer}}},
                   {"map", {{"without_sink", job.without_sink}, {"renormalize", job.renormalize}}}};
    if (job.figure) params["figure"] = figure_params(*job.figure);
    return params;
}

void read_maps(const Json& params, AttentionJob& job) {
    std::vector<std::pair<int, int>> pairs;
    ParamsReader(params).pairs("maps", pairs);
    for (const auto& [layer, head] : pairs) job.maps.push_back({layer, head});
}

void read_params(const Json& params, AttentionJob& job) {
    const ParamsReader reader(params);
    Request& request = job.request;
    reader.flag("a_text_a_line", job.a_text_a_line);
    reader.number_or_infinity("beta", request.gain);
    reader.flag("rows", request.rows);
    reader.flag("scores", request.scores);
    reader.flag("induction_on_random", request.induction_on_random);
    reader.number("first_layer", request.first_layer);
    reader.number_or_none("last_layer", request.last_layer);
    std::string precision = precision_name(request.precision);
    reader.text("precision", precision);
    request.precision =
        parse_text("precision", precision, [](const std::string& name) { return parse_precision(name); });
    read_maps(params, job);
    if (const Json* cursor = reader.object("cursor")) {
        const ParamsReader fields(*cursor);
        fields.number("layer", job.layer);
        fields.number("head", job.head);
        fields.number("token", job.token, {-1, std::numeric_limits<std::int64_t>::max()});
        std::string colour = head_colour_name(job.colour);
        fields.text("colour", colour);
        job.colour =
            parse_text("cursor.colour", colour, [](const std::string& name) { return parse_head_colour(name); });
        fields.flag("every_layer", job.every_layer);
    }
    if (const Json* map = reader.object("map")) {
        const ParamsReader fields(*map);
        fields.flag("without_sink", job.without_sink);
        fields.flag("renormalize", job.renormalize);
    }
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
