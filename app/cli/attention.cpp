#include "analyses/attention/describe.h"
#include "cli/commands.h"
#include "cli/field_options.h"
#include "cli/model_options.h"

#include <attnscope/attention_recipe.h>

#include <limits>
#include <memory>

namespace attnscope::cli {
namespace {

struct AttentionOptions {
    ModelOptions input;
    std::filesystem::path texts;
    AttentionJob job;
};

HeadChoice parse_head(const std::string& text) {
    const auto numbers = parse_rows("--map", text);
    const auto fits = [](std::size_t number) { return number <= std::size_t{std::numeric_limits<int>::max()}; };
    if (numbers.size() != 2 || !fits(numbers[0]) || !fits(numbers[1])) {
        throw Error(ErrorKind::usage, "--map", "a layer and a head as in 3,5", text);
    }
    return {static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
}

void settle_tokens(const AttentionOptions& options, AttentionJob& job) {
    const ModelOptions& input = options.input;
    const bool one = input.prompt_given || !input.text.empty() || !input.ids.empty();
    if (!options.texts.empty()) {
        if (one) {
            throw Error(ErrorKind::usage, "attnscope attention", "one of --ids, --text, --prompt and --texts",
                        "several");
        }
        job.tokens = TokenSource{TokenSource::Kind::text, {}, options.texts, input.chat};
        job.a_text_a_line = true;
    } else if (one || input.chat || !job.request.scores) {
        // Scores alone can do without a text: they are measured on random tokens, repeated.
        job.tokens = token_source(input, "attention");
    }
    if (job.a_text_a_line && (job.request.rows || !job.maps.empty())) {
        throw Error(ErrorKind::usage, "--texts", "one text for --rows and --map", "several");
    }
}

void run_attention(AttentionOptions options, Context& context) {
    AttentionJob& job = options.job;
    job.model = options.input.model;
    job.seed = context.options().seed;
    if (job.request.induction_on_random) job.request.scores = true;
    settle_tokens(options, job);
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const AttentionOutcome outcome = compute_attention(job, context.job());
    for (Warning& warning : attention_warnings(job, outcome)) warnings.push_back(std::move(warning));
    if (context.options().format == Format::json) {
        Recipe recipe = attention_recipe(job);
        recipe.device = context.device_name();
        context.deliver_json("attnscope.attention/1", recipe, attention_result_json(job, outcome), warnings);
        return;
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(attention_result_csv(job, outcome));
    case Format::npz: return context.deliver(attention_result_npz(job, outcome));
    default: return context.deliver(attention_result_text(job, outcome));
    }
}

} // namespace

Command attention_command(CLI::App& app) {
    const auto options = std::make_shared<AttentionOptions>();
    attention::Request& request = options->job.request;
    CLI::App* const command =
        app.add_subcommand("attention", "entropies, scores and maps of a model's attention heads");
    add_model_options(*command, options->input);
    add_chat(*command, options->input.chat)->group("Input");
    add_path(*command, "--texts", options->texts, "file of texts, one a line: means with 95 % intervals")
        ->group("Input");
    const std::string group = "Analysis";
    add_fields(*command, request_fields(options->job), group);
    add_layers(*command, request.first_layer, request.last_layer)->group(group);
    command
        ->add_option_function<std::vector<std::string>>(
            "--map",
            [options](const std::vector<std::string>& heads) {
                for (const std::string& head : heads) options->job.maps.push_back(parse_head(head));
            },
            "also the map of a head; may be repeated")
        ->type_name("L,H")
        ->allow_extra_args(false)
        ->group(group);
    return {.app = command, .run = [options](Context& context) { run_attention(*options, context); }, .large = true};
}

} // namespace attnscope::cli
