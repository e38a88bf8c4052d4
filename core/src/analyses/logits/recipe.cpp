// Logits as a recipe and back.
#include <attnscope/model_recipe.h>

#include "base/params_reader.h"
#include "files/model_inputs.h"

namespace attnscope {

namespace {
constexpr const char* logits_analysis = "logits";
}

void load_inputs(LogitsJob& job, JobContext& context) {
    job.request.model = open_input_model(job.model, context);
    job.request.ids = load_tokens(job.tokens, *job.request.model);
}

Recipe logits_recipe(const LogitsJob& job) {
    ATTNSCOPE_ASSERT(job.request.model);
    Recipe recipe;
    recipe.analysis = logits_analysis;
    recipe.inputs = model_inputs(*job.request.model, job.tokens);
    recipe.params = one_line({{"tokens", token_params(job.tokens)},
                              {"top", job.request.top},
                              {"beta", number_or_infinity(job.request.gain)},
                              {"precision", choice_name(job.request.precision)}});
    return recipe;
}

LogitsJob logits_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                     const BytesDone& between) {
    if (recipe.analysis != logits_analysis) {
        throw Error(ErrorKind::input, "recipe", "the analysis logits", recipe.analysis, "analysis");
    }
    const Json params = parse_json(recipe.params, "recipe", json_kinds::recipe);
    ModelInputs inputs = find_model_inputs(recipe, params, folders, between);
    LogitsJob job;
    job.model = std::move(inputs.model);
    job.tokens = std::move(inputs.tokens);
    const ParamsReader reader(params);
    reader.number("top", job.request.top);
    reader.number_or_infinity("beta", job.request.gain);
    std::string precision = choice_name(job.request.precision);
    reader.text("precision", precision);
    job.request.precision = parse_text(
        "precision", precision, [](const std::string& name) { return parse_choice<Precision>("precision", name); });
    return job;
}

} // namespace attnscope
