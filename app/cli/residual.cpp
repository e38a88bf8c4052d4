#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/partial_result.h"
#include "cli/residual_options.h"

#include <attnscope/partial_result.h>
#include <attnscope/tensor_file.h>

#include <limits>
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
        job_.token_losses |= context.options().format == Format::npz;
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

std::vector<int> parse_numbers(const std::string& option, const std::string& text) {
    constexpr std::int64_t most = std::numeric_limits<int>::max(), longest = 4096;
    std::vector<int> numbers;
    for (const std::string& item : parse_list(option, text)) {
        const std::size_t colon = item.find(':');
        const std::int64_t first = parse_whole(option, item.substr(0, colon), 0, most);
        const std::int64_t last =
            colon == std::string::npos ? first : parse_whole(option, item.substr(colon + 1), first, most);
        if (last - first >= longest) throw Error(ErrorKind::usage, option, "fewer numbers", item);
        for (std::int64_t number = first; number <= last; ++number) numbers.push_back(static_cast<int>(number));
    }
    return numbers;
}

std::vector<residual::HeadChoice> parse_heads(const std::string& option, const std::string& text) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    std::vector<residual::HeadChoice> heads;
    for (const std::string& item : parse_list(option, text)) {
        const std::size_t colon = item.find(':');
        if (colon == std::string::npos) throw Error(ErrorKind::usage, option, "LAYER:HEAD as in 9:3", item);
        heads.push_back({static_cast<int>(parse_whole(option, item.substr(0, colon), 0, most)),
                         static_cast<int>(parse_whole(option, item.substr(colon + 1), 0, most))});
    }
    return heads;
}

void add_residual_options(CLI::App& app, residual::Parameters& parameters, const std::string& group, bool with_heads) {
    const auto add_number = [&](const char* option, std::int64_t& value, std::int64_t least, const char* help) {
        add_value(app, option, "N", help, [option, least, &value](const std::string& text) {
            value = parse_whole(option, text, least, residual::most_blocks);
        })->group(group);
    };
    add_value(app, "--layers", "L", "layers whose heads are replaced, as in 9,10,11 or 9:11 (the last three)",
              [&parameters](const std::string& text) { parameters.layers = parse_numbers("--layers", text); })
        ->group(group);
    if (with_heads) {
        add_value(app, "--heads", "LAYER:HEAD,...", "these heads alone (every head of the layers)",
                  [&parameters](const std::string& text) { parameters.heads = parse_heads("--heads", text); })
            ->group(group);
    }
    add_value(app, "--ranks", "L", "directions of the residual that are kept (1,2,4,8,16,32)",
              [&parameters](const std::string& text) { parameters.ranks = parse_numbers("--ranks", text); })
        ->group(group);
    add_number("--seq-len", parameters.seq_len, 2, "tokens of a block, each a text of its own (256)");
    add_number("--blocks", parameters.blocks, 1, "blocks that are evaluated (30)");
    add_value(app, "--calibration", "heldout|leading",
              "fit the directions on the blocks behind the evaluated ones, or on the first of these (heldout)",
              [&parameters](const std::string& text) { parameters.calibration = residual::parse_calibration(text); })
        ->group(group);
    add_number("--calibration-blocks", parameters.calibration_blocks, 1, "blocks that directions are fitted on (4)");
    add_value(app, "--residual-form", "context|tail|tail_normalized", "what directions are fitted to (context)",
              [&parameters](const std::string& text) { parameters.form = residual::parse_form(text); })
        ->group(group);
    add_value(app, "--top-k", "N", "V* is the mean of the values at the N largest weights (1)",
              [&parameters](const std::string& text) {
                  parameters.top_k = static_cast<int>(parse_whole("--top-k", text, 1, residual::most_top_k));
              })
        ->group(group);
    app.add_flag("--exclude-sink", parameters.exclude_sink, "token 0 is never V* of a later token")->group(group);
    app.add_flag("--centred,--centered", parameters.centred, "directions of the covariance, not of second moments")
        ->group(group);
    app.add_flag("--output-weighted", parameters.output_weighted,
                 "directions by what they move behind the output projection")
        ->group(group);
    app.add_flag("--two-nn", parameters.two_nn, "also the intrinsic dimension of each head's residual (TwoNN)")
        ->group(group);
    add_value(app, "--prefix-memory", "MIB",
              "activations in front of the first layer held in memory; more lie on disk (1024)",
              [&parameters](const std::string& text) {
                  constexpr std::int64_t most = std::int64_t{1} << 40;
                  parameters.prefix_budget = static_cast<std::uint64_t>(parse_whole("--prefix-memory", text, 0, most))
                                             << 20;
              })
        ->group(group);
}

Command residual_command(CLI::App& app) {
    const auto options = std::make_shared<ResidualOptions>();
    ResidualJob& job = options->job;
    CLI::App* const command =
        app.add_subcommand("residual", "how many directions a head needs beside its top-1 value, by perplexity");
    add_model_options(*command, options->input);
    const std::string group = "Analysis";
    add_residual_options(*command, job.request.parameters, group, true);
    command->add_flag("--token-losses", job.token_losses, "also the loss of every token")->group(group);
    add_precision(*command, job.request.precision)->group(group);
    return {.app = command, .run = [options](Context& context) { run_residual(*options, context); }, .large = true};
}

} // namespace attnscope::cli
