#include "analyses/jacobian/describe.h"
#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/jacobian_experiment.h"
#include "cli/model_options.h"

#include <attnscope/captures_writer.h>
#include <attnscope/jacobian_recipe.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace attnscope::cli {
namespace {

struct JacobianOptions {
    ModelOptions input;
    std::filesystem::path write_captures;
    bool model_given = false; ///< an option that only a model has
    JacobianJob job;
    JacobianExperimentOptions experiment;
};

void settle_inputs(const JacobianOptions& options, JacobianJob& job) {
    const auto fail = [](const char* expected, const char* got) {
        throw Error(ErrorKind::usage, "attnscope jacobian", expected, got);
    };
    const ModelOptions& input = options.input;
    if (job.captures.empty() == input.model.empty())
        fail("--captures F, --model M or --experiment", input.model.empty() ? "neither" : "both");
    if (!job.captures.empty()) {
        const bool tokens = input.prompt_given || !input.text.empty() || !input.ids.empty();
        if (tokens || options.model_given) fail("options of --model M with a model", "some with --captures");
        if (!options.write_captures.empty()) fail("--write-captures with --model M", "with --captures");
        return;
    }
    if (job.length < 1) throw Error(ErrorKind::usage, "--seq-len", "1 or more", "0");
    if (job.blocks < 1) throw Error(ErrorKind::usage, "--blocks", "1 or more", "0");
    job.model = input.model;
    job.tokens = token_source(input, "jacobian");
}

/// The experiment makes its model: it takes a text alone.
void check_experiment_inputs(const JacobianOptions& options) {
    const ModelOptions& input = options.input;
    const bool others = !options.job.captures.empty() || !options.write_captures.empty() || !input.model.empty() ||
                        !input.ids.empty() || input.prompt_given || options.model_given;
    if (others) throw Error(ErrorKind::usage, "--experiment", "a text and no captures or model beside it", "others");
}

/// Maps come from the top layer down. `writer` has them all, and its file its name once commit() is called.
jacobian::Result compute_and_write(const JacobianJob& job, const std::filesystem::path& path,
                                   std::optional<jacobian::CapturesWriter>& writer, Context& context) {
    auto layers = jacobian_layers(job);
    if (layers.empty() || layers.front().sequences == 0) return compute_jacobian(job, context.job()); // says why not
    std::reverse(layers.begin(), layers.end());
    writer.emplace(path, std::move(layers));
    jacobian::Result result = compute_jacobian(
        job, context.job(), [&](const jacobian::LayerMaps& maps) { writer->add(maps, context.job()); });
    writer->finish();
    return result;
}

void deliver_jacobian(const JacobianJob& job, const jacobian::Result& result, const std::vector<Warning>& warnings,
                      Context& context) {
    if (context.options().format == Format::json) {
        Recipe recipe = jacobian_recipe(job);
        recipe.device = context.device_name();
        context.deliver_json("attnscope.jacobian/1", recipe, jacobian_result_json(result), warnings);
        return;
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(jacobian_table_csv(result));
    case Format::npz: return context.deliver(jacobian_result_npz(result));
    default: return context.deliver(jacobian_table_text(result));
    }
}

void run_jacobian(JacobianOptions options, Context& context) {
    if (options.experiment.wanted) {
        check_experiment_inputs(options);
        return run_jacobian_experiment(options.experiment, options.input.text, context);
    }
    if (options.experiment.any_given) {
        throw Error(ErrorKind::usage, "attnscope jacobian", "--experiment with its options", "the options alone");
    }
    JacobianJob& job = options.job;
    job.seed = context.options().seed;
    settle_inputs(options, job);
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    std::optional<jacobian::CapturesWriter> captures;
    const jacobian::Result result = options.write_captures.empty()
                                        ? compute_jacobian(job, context.job())
                                        : compute_and_write(job, options.write_captures, captures, context);
    for (Warning& warning : jacobian_warnings(job, result)) warnings.push_back(std::move(warning));
    deliver_jacobian(job, result, warnings, context);
    if (!captures) return;
    const auto held = context.writing();
    captures->commit();
}

} // namespace

Command jacobian_command(CLI::App& app) {
    const auto options = std::make_shared<JacobianOptions>();
    JacobianJob& job = options->job;
    CLI::App* const command =
        app.add_subcommand("jacobian", "the softmax Jacobian of every head: diagonal against lateral");
    add_path(*command, "--captures", job.captures, "file of probabilities A and gradients g, each (B,H,T,T) or (B,T,T)")
        ->group("Input");
    add_model_options(*command, options->input, false);
    const std::string group = "Analysis";
    const auto model_given = [options] { options->model_given = true; };
    add_fields(*command, model_fields(job), group, {}, model_given);
    add_layers(*command, job.first_layer, job.last_layer)
        ->description("layers to measure, both included; gradients end at the lowest (all)")
        ->group(group)
        ->each([model_given](const std::string&) { model_given(); });
    add_path(*command, "--write-captures", options->write_captures, "also write A and g (.npz, else safetensors)")
        ->group(group);
    add_jacobian_experiment_options(*command, options->experiment);
    return {.app = command,
            .run = [options](Context& context) { run_jacobian(*options, context); },
            .writes = {"--write-captures"},
            .large = true};
}

} // namespace attnscope::cli
