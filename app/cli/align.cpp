#include "analyses/alignment/describe.h"

#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/input_files.h"
#include "files/file_sets.h"

#include <memory>
#include <optional>

namespace attnscope::cli {
namespace {

struct AlignOptions {
    AlignmentJob job;
    std::filesystem::path written; ///< grams of a model
    bool of_model = false;         ///< an option that files of grams have decided
};

void settle_inputs(const AlignOptions& options) {
    const AlignmentJob& job = options.job;
    const auto fail = [](const char* expected, const char* got) {
        throw Error(ErrorKind::usage, "attnscope align", expected, got);
    };
    if (job.grams.empty() == job.model.empty()) fail("--grams G or --model M", job.grams.empty() ? "neither" : "both");
    if (!job.model.empty() && !job.directions.empty()) fail("--eigdirs with --grams", "it with --model");
    if (job.grams.empty()) return;
    if (options.of_model) fail("--operator, --directions and --norm-gain with --model", "one with --grams");
}

void deliver_alignment(const AlignmentJob& job, const AlignmentResult& result, const std::vector<Warning>& warnings,
                       Context& context) {
    if (context.options().format == Format::json) {
        Recipe recipe = alignment_recipe(job);
        recipe.device = "cpu";
        context.deliver_json("attnscope.align/1", recipe, alignment_result_json(job, result), warnings);
        return;
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(alignment_result_csv(result));
    case Format::npz: return context.deliver(alignment_result_npz(result));
    default: return context.deliver(alignment_result_text(result));
    }
}

void run_align(AlignOptions options, Context& context) {
    AlignmentJob& job = options.job;
    settle_inputs(options);
    job.seed = context.options().seed;
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    context.add_inputs(input_files(job)); // the eigendirections may have been found beside the grams
    const AlignmentResult result = compute_alignment(job, context.job());
    for (Warning& warning : alignment_warnings(job, result)) warnings.push_back(std::move(warning));
    FileSet beside;
    if (!options.written.empty()) add_grams(beside, options.written, *result.operators);
    beside.flush();
    deliver_alignment(job, result, warnings, context);
    const auto held = context.writing();
    beside.commit();
}

} // namespace

Command align_command(CLI::App& app) {
    const auto options = std::make_shared<AlignOptions>();
    AlignmentJob& job = options->job;
    CLI::App* const command = app.add_subcommand("align", "alignment of QK or OV operators across layers");
    add_path(*command, "--grams", job.grams, "grams of operators (JSON)")->group("Input");
    add_path(*command, "--eigdirs", job.directions, "their eigendirections (where the grams say, or beside them)")
        ->group("Input");
    add_path(*command, "--model", job.model, "folder of a model, or a GGUF file")->group("Input");
    add_fields(*command, comparison_fields(job), "Alignment");
    add_fields(*command, operator_fields(job), "Alignment", {}, [options] { options->of_model = true; });
    const std::string group = "Output";
    add_fields(*command, output_fields(job), group);
    add_path(*command, "--write-grams", options->written, "write the grams, and their eigendirections beside them")
        ->group(group);
    command
        ->add_flag_callback(
            "--no-cache", [&job] { job.cache = false; }, "compute a model's operators even if they are in the cache")
        ->group(group);
    return {.app = command,
            .run = [options](Context& context) { run_align(*options, context); },
            .writes = {"--write-grams"},
            .large = true};
}

} // namespace attnscope::cli
