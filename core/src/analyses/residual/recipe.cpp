// Residual excitations as a recipe and back.
#include <attnscope/residual_recipe.h>

#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

using residual::HeadChoice;
using residual::Parameters;

constexpr const char* residual_analysis = "residual";

Json heads_json(const std::vector<HeadChoice>& heads) {
    Json list = Json::array();
    for (const HeadChoice& choice : heads) list.push_back(Json::array({choice.layer, choice.head}));
    return list;
}

/// Defaults as what they come to, so that the recipe says what was computed.
Json params_json(const ResidualJob& job) {
    const Parameters& asked = job.request.parameters;
    const residual::Plan plan = residual::plan(job.request);
    Json params = {{"tokens", token_params(job.tokens)},
                   {"layers", plan.layers},
                   {"heads", heads_json(asked.heads)},
                   {"ranks", plan.ranks},
                   {"seq_len", asked.seq_len},
                   {"blocks", asked.blocks},
                   {"calibration", calibration_name(asked.calibration)},
                   {"calibration_blocks", asked.calibration_blocks},
                   {"residual_form", form_name(asked.form)},
                   {"top_k", asked.top_k},
                   {"exclude_sink", asked.exclude_sink},
                   {"centred", asked.centred},
                   {"output_weighted", asked.output_weighted},
                   {"two_nn", asked.two_nn},
                   {"token_losses", job.token_losses},
                   {"prefix_budget", asked.prefix_budget},
                   {"precision", precision_name(job.request.precision)}};
    if (job.figure) {
        params["cursor"] = {{"layer", job.cursor.layer},
                            {"head", job.cursor.head},
                            {"rank", job.cursor.rank},
                            {"block", job.cursor.block}};
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

void read_parameters(const ParamsReader& reader, Parameters& asked) {
    constexpr Range<std::int64_t> blocks{0, residual::most_blocks};
    reader.numbers("layers", asked.layers);
    reader.numbers("ranks", asked.ranks);
    std::vector<std::pair<int, int>> pairs;
    reader.pairs("heads", pairs);
    for (const auto& [layer, head] : pairs) asked.heads.push_back({layer, head});
    reader.number("seq_len", asked.seq_len, blocks);
    reader.number("blocks", asked.blocks, blocks);
    reader.number("calibration_blocks", asked.calibration_blocks, blocks);
    std::string calibration = calibration_name(asked.calibration), form = form_name(asked.form);
    reader.text("calibration", calibration);
    reader.text("residual_form", form);
    asked.calibration = parse_text("calibration", calibration,
                                   [](const std::string& name) { return residual::parse_calibration(name); });
    asked.form = parse_text("residual_form", form, [](const std::string& name) { return residual::parse_form(name); });
    reader.number("top_k", asked.top_k);
    reader.flag("exclude_sink", asked.exclude_sink);
    reader.flag("centred", asked.centred);
    reader.flag("output_weighted", asked.output_weighted);
    reader.flag("two_nn", asked.two_nn);
    reader.number("prefix_budget", asked.prefix_budget);
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
    read_parameters(reader, job.request.parameters);
    reader.flag("token_losses", job.token_losses);
    std::string precision = precision_name(job.request.precision);
    reader.text("precision", precision);
    job.request.precision =
        parse_text("precision", precision, [](const std::string& name) { return parse_precision(name); });
    if (const Json* const cursor = reader.object("cursor")) {
        const ParamsReader fields(*cursor);
        fields.number_or_none("layer", job.cursor.layer);
        fields.number("head", job.cursor.head);
        fields.number_or_none("rank", job.cursor.rank);
        fields.number("block", job.cursor.block);
    }
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    return job;
}

} // namespace attnscope
