#include "cli/align.h"

#include "cli/commands.h"
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

CLI::Option* add_anchor(CLI::App& app, int& anchor) {
    return add_value(app, "--anchor", "N", "layer that all others are compared with, negative ones from the end (-1)",
                     [&anchor](const std::string& text) {
                         constexpr int far = 1'000'000;
                         anchor = static_cast<int>(parse_whole("--anchor", text, -far, far));
                     });
}

void add_operator_options(CLI::App& app, AlignmentJob& job, const std::function<void()>& given) {
    const std::string group = "Alignment";
    add_value(app, "--operator", "qk|ov", "what a head is compared by: queries with keys, or values with outputs (qk)",
              [&job, given](const std::string& text) {
                  job.kind = alignment::parse_operator(text);
                  given();
              })
        ->group(group);
    add_value(app, "--directions", "symmetric|left|right",
              "eigenvectors of the symmetric part, or singular vectors on one side (symmetric)",
              [&job, given](const std::string& text) {
                  job.basis = alignment::parse_basis(text);
                  given();
              })
        ->group(group);
    app.add_flag_callback(
           "--norm-gain",
           [&job, given] {
               job.norm_gain = true;
               given();
           },
           "fold the gain of the norm before attention into the operators")
        ->group(group);
    add_value(app, "--topk", "K", "directions kept of a head (8; all that a file has)",
              [&job](const std::string& text) { job.topk = static_cast<int>(parse_whole("--topk", text, 1, 1 << 20)); })
        ->group(group);
}

Command align_command(CLI::App& app) {
    const auto options = std::make_shared<AlignOptions>();
    AlignmentJob& job = options->job;
    CLI::App* const command = app.add_subcommand("align", "alignment of QK or OV operators across layers");
    add_path(*command, "--grams", job.grams, "grams of operators (JSON)")->group("Input");
    add_path(*command, "--eigdirs", job.directions, "their eigendirections (where the grams say, or beside them)")
        ->group("Input");
    add_path(*command, "--model", job.model, "folder of a model, or a GGUF file")->group("Input");
    add_anchor(*command, job.anchor)->group("Alignment");
    add_operator_options(*command, job, [options] { options->of_model = true; });
    const std::string group = "Output";
    command->add_flag("--per-head", job.per_head, "also the map and the profile of every head")->group(group);
    command->add_flag("--maps", job.maps, "also principal angles and overlaps of all pairs of layers")->group(group);
    command->add_flag("--spectra", job.spectra, "also the eigenvalues of every head")->group(group);
    command->add_flag("--match", job.match, "also the heads of each layer that fit the anchor's best")->group(group);
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
