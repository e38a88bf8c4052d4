// Logits as a recipe and back.
#include <attnscope/model_recipe.h>

#include "analyses/logits/describe.h"
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
    LogitsRequest request = job.request;
    Json params = {{"tokens", token_params(job.tokens)}};
    write_fields(fields_of(request), params);
    recipe.params = one_line(params);
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
    read_fields(fields_of(job.request), params);
    return job;
}

} // namespace attnscope
