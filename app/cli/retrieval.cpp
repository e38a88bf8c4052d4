#include "analyses/retrieval/describe.h"
#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/retrieval_options.h"

#include <memory>

namespace attnscope::cli {
namespace {

void deliver(const RetrievalJob& job, const retrieval::Result& result, std::vector<Warning> warnings,
             Context& context) {
    for (Warning& warning : retrieval_warnings(job, result)) warnings.push_back(std::move(warning));
    if (context.options().format == Format::json) {
        Recipe recipe = retrieval_recipe(job);
        recipe.device = context.device_name();
        context.deliver_json("attnscope.retrieval/1", recipe, retrieval_result_json(result), warnings);
        return;
    }
    // The text says this where it shows the number, and the other forms do not show it.
    std::erase_if(warnings, [](const Warning& warning) { return warning.code == "beta-critical"; });
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(retrieval_result_csv(result));
    case Format::npz: return context.deliver(retrieval_result_npz(result));
    default: return context.deliver(retrieval_result_text(result));
    }
}

void run_retrieval(RetrievalOptions options, Context& context) {
    if (!has_bank(options)) throw Error(ErrorKind::usage, "attnscope retrieval", "--bank F or --letters", "neither");
    if (options.job.letters && !options.job.bank.empty()) {
        throw Error(ErrorKind::usage, "attnscope retrieval", "--bank F or --letters", "both");
    }
    if (!has_queries(options)) {
        throw Error(ErrorKind::usage, "attnscope retrieval", "--queries, --questions, --text or --rows", "none");
    }
    settle_queries(options);
    RetrievalJob& job = options.job;
    job.seed = context.options().seed;
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const retrieval::Result result = retrieval::compute(job.request, context.job());
    deliver(job, result, std::move(warnings), context);
}

} // namespace

Command retrieval_command(CLI::App& app) {
    const auto options = std::make_shared<RetrievalOptions>();
    CLI::App* const command = app.add_subcommand("retrieval", "retrieval dynamics over a bank of memories");
    add_input_options(*command, *options);
    add_fields(*command, fields_of(options->job.request), "Analysis");
    return {command, [options](Context& context) { run_retrieval(*options, context); }};
}

} // namespace attnscope::cli
