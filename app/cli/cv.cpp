#include "analyses/cv/describe.h"
#include "cli/commands.h"
#include "cli/cv_experiment.h"
#include "cli/field_options.h"
#include "cli/model_options.h"
#include "files/file_writer.h"

#include <attnscope/cv_recipe.h>

#include <memory>

namespace attnscope::cli {
namespace {

struct CvOptions {
    ModelOptions input;
    std::filesystem::path tex;
    CvJob job;
    ExperimentOptions experiment;
};

/// F or F:KEY, a colon in the file's own name notwithstanding.
void parse_tensor(const std::string& text, CvJob& job) {
    if (text.empty()) throw Error(ErrorKind::usage, "--tensor", "a file, or a file and a key as in F:KEY", "nothing");
    std::error_code ignored;
    job.tensor = text;
    for (std::size_t colon = text.rfind(':');
         !std::filesystem::exists(job.tensor, ignored) && colon != std::string::npos && colon > 0;
         colon = text.rfind(':', colon - 1)) {
        if (!std::filesystem::exists(text.substr(0, colon), ignored)) continue;
        job.tensor = text.substr(0, colon);
        job.key = text.substr(colon + 1);
    }
}

void settle_inputs(const CvOptions& options, CvJob& job) {
    const auto fail = [](const char* expected, const char* got) {
        throw Error(ErrorKind::usage, "attnscope cv", expected, got);
    };
    const ModelOptions& input = options.input;
    const bool tokens = input.prompt_given || !input.text.empty() || !input.ids.empty();
    if (job.tensor.empty() == input.model.empty())
        fail("--tensor F, --model M or --experiment", input.model.empty() ? "neither" : "both");
    if (!job.tensor.empty() && tokens) fail("a text for --model M", "one for --tensor");
    if (job.tensor.empty() && !job.tuples.empty()) fail("--tuples for --tensor F", "some for --model");
    job.model = input.model;
    if (tokens) job.tokens = token_source(input, "cv");
    if (!job.model.empty() && !job.weights && !tokens)
        fail("one of --ids, --text and --prompt", "--no-weights and none");
}

/// The experiment makes what it measures: it takes no file, no model and no text.
void check_experiment_inputs(const CvOptions& options) {
    const ModelOptions& input = options.input;
    const bool files = !options.job.tensor.empty() || !options.job.tuples.empty() || !input.model.empty() ||
                       input.prompt_given || !input.text.empty() || !input.ids.empty();
    if (files) throw Error(ErrorKind::usage, "--experiment", "no tensor, model or text beside it", "one");
    if (!options.tex.empty()) throw Error(ErrorKind::usage, "--tex", "a tensor or a model", "--experiment");
}

void deliver_cv(const CvJob& job, const cv::ModelResult& result, const std::vector<Warning>& warnings,
                Context& context) {
    if (context.options().format == Format::json) {
        Recipe recipe = cv_recipe(job);
        recipe.device = context.device_name();
        context.deliver_json("attnscope.cv/1", recipe, cv_result_json(job, result), warnings);
        return;
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(cv_table_csv(result.matrices));
    case Format::npz: return context.deliver(cv_result_npz(result));
    default: return context.deliver(cv_table_text(result.matrices));
    }
}

void run_cv(CvOptions options, Context& context) {
    if (options.experiment.wanted) {
        check_experiment_inputs(options);
        return run_experiment(options.experiment, options.job.parameters, context);
    }
    if (options.experiment.any_given) {
        throw Error(ErrorKind::usage, "attnscope cv", "--experiment with its options", "the options alone");
    }
    CvJob& job = options.job;
    job.seed = context.options().seed;
    settle_inputs(options, job);
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const cv::ModelResult result = compute_cv(job, context.job());
    for (Warning& warning : cv_warnings(job, result)) warnings.push_back(std::move(warning));
    FileSet beside;
    if (!options.tex.empty()) beside.add(options.tex, cv_table_tex(result.matrices));
    beside.flush();
    deliver_cv(job, result, warnings, context);
    const auto held = context.writing();
    beside.commit();
}

} // namespace

Command cv_command(CLI::App& app) {
    const auto options = std::make_shared<CvOptions>();
    CvJob& job = options->job;
    CLI::App* const command =
        app.add_subcommand("cv", "Cayley-Menger CV of matrices: weights, activations, any tensor");
    add_value(*command, "--tensor", "F[:KEY]", "file of tensors, and which of them (every matrix in it)",
              [&job](const std::string& text) { parse_tensor(text, job); })
        ->group("Input");
    add_fields(*command, tensor_fields(job), "Input");
    add_path(*command, "--tuples", job.tuples, "simplices to measure instead of drawing them: (S,5) row numbers")
        ->group("Input");
    add_model_options(*command, options->input, false);
    const std::string group = "Analysis";
    add_fields(*command, measured_fields(job), group);
    add_layers(*command, job.first_layer, job.last_layer)->group(group);
    add_fields(*command, model_fields(job), group);
    add_path(*command, "--tex", options->tex, "also write the table as LaTeX")->group(group);
    add_experiment_options(*command, options->experiment);
    return {.app = command,
            .run = [options](Context& context) { run_cv(*options, context); },
            .writes = {"--tex"},
            .large = true};
}

} // namespace attnscope::cli
