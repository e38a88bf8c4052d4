#include "analyses/logits/describe.h"
#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/model_options.h"

#include <memory>

namespace attnscope::cli {
namespace {

struct LogitsOptions {
    ModelOptions input;
    LogitsJob job;
};

void run_logits(LogitsOptions options, Context& context) {
    LogitsJob& job = options.job;
    job.model = options.input.model;
    job.tokens = token_source(options.input, "logits");
    load_inputs(job, context.job());
    const LogitsResult result = compute_logits(job.request, context.job());
    switch (context.options().format) {
    case Format::csv: return context.deliver(logits_result_csv(result));
    case Format::npz: return context.deliver(logits_result_npz(result));
    case Format::text: return context.deliver(logits_result_text(result));
    case Format::json: break;
    }
    Recipe recipe = logits_recipe(job);
    recipe.device = context.device_name();
    recipe.seed = context.options().seed;
    context.deliver_json("attnscope.logits/1", recipe, logits_result_json(result), {});
}

} // namespace

Command logits_command(CLI::App& app) {
    const auto options = std::make_shared<LogitsOptions>();
    CLI::App* const command = app.add_subcommand("logits", "what a model predicts behind a text, and the text's loss");
    add_model_options(*command, options->input);
    add_chat(*command, options->input.chat)->group("Input");
    add_fields(*command, fields_of(options->job.request), "Analysis");
    return {command, [options](Context& context) { run_logits(*options, context); }};
}

} // namespace attnscope::cli
