#include "cli/commands.h"
#include "cli/retrieval_options.h"

#include <memory>

namespace attnscope::cli {
namespace {

void add_analysis_options(CLI::App& app, retrieval::Request& request) {
    const std::string group = "Analysis";
    add_positives(app, "--beta", request.betas, "inverse temperatures of the traces (5,20,50,100)")->group(group);
    add_positives(app, "--beta-table", request.beta_table, "those of the table of spectral radii")->group(group);
    add_value(app, "--tol", "X", "a trace stops when a step is shorter than this (1e-8; 0: never)",
              [&request](const std::string& text) {
                  request.tolerance = parse_number("--tol", text);
                  if (request.tolerance < 0) throw Error(ErrorKind::usage, "--tol", "0 or more", text);
              })
        ->group(group);
    add_positives(app, "--origin-beta", request.origin_betas, "inverse temperatures of the origin test (5,50,100)")
        ->group(group);
    add_positive(app, "--origin-eps", request.origin_epsilon, "norm its states start from (1e-4)")->group(group);
    add_whole(app, "--origin-steps", request.origin_steps, 1, "steps of the origin test (10)")->group(group);
    app.add_flag("--sweep", request.sweep, "also entropy against beta, up and down")->group(group);
    app.add_flag("--plane", request.plane, "also the energy on a plane, for the first query and mode")->group(group);
    add_positive(app, "--plane-beta", request.plane_beta, "inverse temperature of the plane (0.75 of the critical one)")
        ->group(group);
    app.add_flag("--separation", request.separation, "also how far each memory stands out from the others")
        ->group(group);
    add_count(app, "--samples", request.separation_samples, "memories sampled for that (2000; 0: all)")->group(group);
}

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
    add_dynamics_options(*command, *options);
    add_analysis_options(*command, options->job.request);
    return {command, [options](Context& context) { run_retrieval(*options, context); }};
}

} // namespace attnscope::cli
