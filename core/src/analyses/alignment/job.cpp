// Layer alignment as a recipe and back, its inputs, and the work itself.
#include <attnscope/alignment_recipe.h>

#include "analyses/alignment/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/model_identity.h"
#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

constexpr const char* alignment_analysis = "align";
constexpr int default_topk = 8;

Json params_json(AlignmentJob job) {
    if (job.grams.empty() && job.topk <= 0) job.topk = default_topk;
    Json params = fields_json(comparison_fields(job));
    if (job.grams.empty()) write_fields(operator_fields(job), params);
    write_fields(output_fields(job), params);
    if (job.figure) {
        params["cursor"] = fields_json(cursor_fields(job));
        params["figure"] = figure_params(*job.figure);
    }
    return params;
}

void keep_topk(alignment::Operators& operators, int topk) {
    if (topk <= 0 || topk >= operators.topk) return;
    const auto hidden = static_cast<std::size_t>(operators.hidden), had = static_cast<std::size_t>(operators.topk);
    const auto kept = static_cast<std::size_t>(topk);
    std::vector<float> directions;
    directions.reserve(operators.directions.size() / had * kept);
    for (std::size_t first = 0; first < operators.directions.size(); first += had * hidden) {
        const auto begin = operators.directions.begin() + static_cast<std::ptrdiff_t>(first);
        directions.insert(directions.end(), begin, begin + static_cast<std::ptrdiff_t>(kept * hidden));
    }
    operators.directions = std::move(directions);
    operators.topk = topk;
}

} // namespace

void load_inputs(AlignmentJob& job, JobContext& context, std::vector<Warning>& warnings) {
    job.request = {};
    job.operators = nullptr;
    int layers = 0;
    if (!job.grams.empty()) {
        context.progress(0, 0, "opening the grams");
        GramFiles files = open_grams(job.grams, job.directions, warnings);
        job.directions = files.directions;
        if (job.topk > files.operators.topk && files.operators.has_directions())
            warnings.push_back({"topk", "the file has " + std::to_string(files.operators.topk) +
                                            " directions a head, not " + std::to_string(job.topk)});
        keep_topk(files.operators, job.topk);
        job.operators = std::make_shared<const alignment::Operators>(std::move(files.operators));
        layers = job.operators->layers;
    } else {
        const int topk = job.topk > 0 ? job.topk : default_topk;
        job.request = {open_input_model(job.model, context), job.kind, job.basis, job.norm_gain, topk};
        layers = static_cast<int>(job.request.model->config().layers);
    }
    alignment::resolve_anchor(job.anchor, layers);
}

Recipe alignment_recipe(const AlignmentJob& job) {
    Recipe recipe;
    recipe.analysis = alignment_analysis;
    if (job.grams.empty()) {
        ATTNSCOPE_ASSERT(job.request.model);
        recipe.inputs = model_inputs(*job.request.model, {});
    } else {
        recipe.inputs.push_back({"grams", base_name(job.grams), sha256_file(job.grams)});
        if (!job.directions.empty())
            recipe.inputs.push_back({"directions", base_name(job.directions), sha256_file(job.directions)});
    }
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

AlignmentJob alignment_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                           const BytesDone& between) {
    if (recipe.analysis != alignment_analysis)
        throw Error(ErrorKind::input, "recipe", std::string("the analysis ") + alignment_analysis, recipe.analysis,
                    "analysis");
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    const ParamsReader reader(params);
    AlignmentJob job;
    job.seed = recipe.seed;
    read_fields(comparison_fields(job), params);
    read_fields(operator_fields(job), params);
    read_fields(output_fields(job), params);
    if (const Json* const cursor = reader.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* const figure = reader.object("figure")) job.figure = read_figure_params(*figure);
    for (const RecipeInput& input : recipe.inputs) {
        if (input.role == model_role) job.model = locate(recipe, input, with_samples(folders), between);
        if (input.role == "grams") job.grams = locate(input, folders, between);
        if (input.role == "directions") job.directions = locate(input, folders, between);
    }
    if (job.model.empty() == job.grams.empty())
        throw Error(ErrorKind::input, "recipe", "a model or a file of grams", job.model.empty() ? "neither" : "both",
                    "inputs");
    return job;
}

AlignmentResult compute_alignment(const AlignmentJob& job, JobContext& context) {
    AlignmentResult result;
    result.operators = job.operators;
    if (!result.operators)
        result.operators = std::make_shared<const alignment::Operators>(
            job.cache ? cached_operators(job.request, context) : alignment::compute_operators(job.request, context));
    const alignment::Operators& operators = *result.operators;
    result.comparison = alignment::compare(operators, context);
    result.chance = alignment::compute_chance(operators, context);
    result.profile = alignment::profile(operators, result.comparison, job.anchor);
    if (job.signs) result.signs = alignment::compute_sign_chance(alignment::sign_shape(operators), context);
    if (job.match) result.matching = alignment::match_heads({result.operators, job.request.model, job.anchor}, context);
    return result;
}

std::vector<Warning> alignment_warnings(const AlignmentJob& job, const AlignmentResult& result) {
    const alignment::Operators& operators = *result.operators;
    std::vector<Warning> warnings;
    if (!job.request.model) return warnings;
    const Rotary& rotary = job.request.model->config().rotary;
    if (operators.kind == alignment::Operator::qk && rotary.dimensions > 0)
        warnings.push_back({"rotary", "rotary positions turn queries and keys before they meet; the operators here are "
                                      "without them"});
    if (operators.kind == alignment::Operator::qk && job.request.model->config().family == Family::qwen3)
        warnings.push_back({"head-norm", "the norms of every query and key are not part of the operators"});
    if (operators.topk < job.request.topk)
        warnings.push_back({"topk", "an operator has " + std::to_string(operators.values) +
                                        " values: " + std::to_string(operators.topk) + " directions were kept, not " +
                                        std::to_string(job.request.topk)});
    int zero = 0, deficient = 0;
    for (int layer = 0; layer < operators.layers; ++layer)
        for (int head = 0; head < operators.heads; ++head) {
            zero += !(operators.at(layer, layer, head) > 0);
            const auto first =
                operators.spectrum.begin() +
                static_cast<std::ptrdiff_t>(operators.pair(layer, head) * static_cast<std::size_t>(operators.values));
            deficient += std::count(first, first + operators.values, 0.0) > 0;
        }
    const std::string all = " of " + std::to_string(operators.layers * operators.heads) + " operators ";
    if (zero > 0) warnings.push_back({"zero-operator", std::to_string(zero) + all + "are zero; they have no cosines"});
    if (deficient > 0)
        warnings.push_back({"rank", std::to_string(deficient) + all +
                                        "have a smaller rank than their weights allow: their share of positive "
                                        "eigenvalues need not be one half"});
    return warnings;
}

} // namespace attnscope
