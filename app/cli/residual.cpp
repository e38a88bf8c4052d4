#include "analyses/residual/describe.h"
#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/model_options.h"
#include "cli/partial_result.h"

#include <attnscope/partial_result.h>
#include <attnscope/tensor_file.h>

#include <memory>
#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

constexpr const char* schema = "attnscope.residual/1";

struct ResidualOptions {
    ModelOptions input;
    ResidualJob job;
};

/// The ranks that are finished.
class FinishedRanks final : public PartialResult {
public:
    FinishedRanks(const ResidualJob& job, const std::vector<Warning>& warnings, Context& context)
        : PartialResult(context), job_(job), warnings_(warnings), context_(context) {
        job_.request.parameters.token_losses |= context.options().format == Format::npz;
    }

    /// What an interrupted run of the same recipe left; null when there is none.
    residual::ResultPtr take_up() {
        return PartialResult::take_up<residual::Result>([this](const fs::path& path) -> Left<residual::Result> {
            try {
                const residual::ResultPtr left = read(path);
                return {left, left ? left->curve.size() : 0};
            } catch (const Error& error) {
                context_.note("note: " + std::string(error.what()) + "; begun anew");
            }
            return {};
        });
    }

    void keep(const residual::Result& result) {
        if (result.finished()) return;
        PartialResult::keep(result.curve.size(), [&](const fs::path& path) {
            write_file(path, partial_json(schema, recipe(), residual_result_json(job_, result), warnings_,
                                          context_.seconds()));
        });
    }

    std::string left() const {
        return "finished ranks are kept in " + name() + "; the same command goes on from there";
    }

private:
    const Recipe& recipe() {
        if (recipe_.analysis.empty()) {
            recipe_ = residual_recipe(job_);
            recipe_.device = context_.device_name();
        }
        return recipe_;
    }
    /// Null where the file is of another recipe or arithmetic. Throws Error{input}.
    residual::ResultPtr read(const fs::path& path) {
        const auto result = read_partial_json(read_file(path, most_bytes()), recipe(), name());
        if (!result) return nullptr;
        return std::make_shared<const residual::Result>(read_residual_partial(job_, *result, name()));
    }
    /// What a result of the job can take, generously.
    std::size_t most_bytes() const {
        const residual::Plan plan = residual::plan(job_.request);
        const auto tokens = static_cast<std::size_t>(plan.blocks * job_.request.parameters.seq_len);
        const auto dim = static_cast<std::size_t>(job_.request.model->config().head_dim);
        constexpr std::size_t number = 32, rest = std::size_t{1} << 20;
        return rest + number * (plan.heads.size() * (dim + 16) + tokens * (plan.ranks.size() + 3));
    }

    ResidualJob job_;
    const std::vector<Warning>& warnings_;
    Context& context_;
    Recipe recipe_;
};

residual::Result sweep(ResidualJob& job, const std::vector<Warning>& warnings, Context& context) {
    FinishedRanks ranks(job, warnings, context);
    job.request.from = ranks.take_up();
    if (ranks.kept() > 0) context.note("went on from " + ranks.name() + ": " + std::to_string(ranks.kept()) + " ranks");
    JobContext::Options options;
    options.device = context.job().device();
    options.seed = context.job().seed();
    return compute_keeping<residual::Result>(context, ranks, std::move(options), [&job](JobContext& sweeping) {
        return residual::compute(job.request, sweeping);
    });
}

void run_residual(ResidualOptions options, Context& context) {
    ResidualJob& job = options.job;
    job.model = options.input.model;
    job.tokens = token_source(options.input, "residual");
    job.seed = context.options().seed;
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const residual::Plan plan = residual::plan(job.request);
    context.job().progress(0, 0, "at most " + std::to_string((plan.peak_bytes >> 20) + 1) + " MiB beside the weights");
    const residual::Result result = sweep(job, warnings, context);
    for (Warning& warning : residual_warnings(job, result)) warnings.push_back(std::move(warning));
    if (context.options().format == Format::json) {
        Recipe recipe = residual_recipe(job);
        recipe.device = context.device_name();
        context.deliver_json(schema, recipe, residual_result_json(job, result), warnings);
        return;
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(residual_result_csv(result));
    case Format::npz: return context.deliver(residual_result_npz(result));
    default: return context.deliver(residual_result_text(result));
    }
}

} // namespace

Command residual_command(CLI::App& app) {
    const auto options = std::make_shared<ResidualOptions>();
    ResidualJob& job = options->job;
    CLI::App* const command =
        app.add_subcommand("residual", "how many directions a head needs beside its top-1 value, by perplexity");
    add_model_options(*command, options->input);
    add_fields(*command, fields_of(job.request), "Analysis");
    return {.app = command, .run = [options](Context& context) { run_residual(*options, context); }, .large = true};
}

} // namespace attnscope::cli
