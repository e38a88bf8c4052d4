// What an attention job computes: its inputs, its results, its figures.
#include <attnscope/attention_recipe.h>

#include "files/model_inputs.h"

#include <attnscope/bank.h>

#include <algorithm>
#include <utility>

namespace attnscope {

using namespace attention;

namespace {

/// The texts of a file, one a line; of a model without a tokenizer ids, a text a line.
std::vector<Ids> read_texts(const TokenSource& source, const LanguageModel& model, JobContext& context) {
    const std::vector<std::string> lines = read_lines(source.file);
    const std::string name = source.file.filename().string();
    if (lines.empty()) throw Error(ErrorKind::input, name, "a text a line", "none");
    std::vector<Ids> texts;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        context.checkpoint();
        try {
            texts.push_back(ids_of_text(source, model, lines[i]));
        } catch (const Error& error) {
            throw Error(error.kind, error.subject, error.expected, error.got,
                        "text " + std::to_string(i) + " of " + name);
        }
    }
    return texts;
}

std::vector<Ids> texts_of(const AttentionJob& job, JobContext& context) {
    const LanguageModel& model = *job.request.model;
    if (!job.tokens) {
        constexpr int half = 50;
        const std::int64_t most = std::max<std::int64_t>(model.config().positions / 2, 1);
        return {repeated_random_tokens(model, static_cast<int>(std::min<std::int64_t>(half, most)), job.seed)};
    }
    if (job.a_text_a_line) return read_texts(*job.tokens, model, context);
    return {load_tokens(*job.tokens, model)};
}

} // namespace

void load_inputs(AttentionJob& job, JobContext& context, std::vector<Warning>& warnings) {
    if (!job.request.model) job.request.model = open_input_model(job.model, context);
    job.request.texts = texts_of(job, context);
    const LanguageModel& model = *job.request.model;
    if (!usable_tokenizer(model))
        warnings.push_back(
            {"no-tokenizer", model.files().name + " has no tokenizer that can be used: tokens are shown by their ids"});
}

AttentionOutcome compute_attention(const AttentionJob& job, JobContext& context) {
    constexpr int most_cells = 512;
    AttentionOutcome outcome;
    outcome.result = compute(job.request, context);
    CapturePtr capture;
    for (const HeadChoice& choice : job.maps) {
        if (job.request.texts.size() != 1)
            throw Error(ErrorKind::usage, "maps", "one text", std::to_string(job.request.texts.size()));
        if (!capture || capture->layer != choice.layer) {
            CaptureRequest request{job.request.model, job.request.texts.front(), choice.layer, job.request.gain,
                                   job.request.precision};
            capture = std::make_shared<const Capture>(compute_capture(request, context));
        }
        MapRequest request;
        request.capture = capture;
        request.head = choice.head;
        request.gain = job.request.gain;
        request.max_rows = request.max_columns = most_cells;
        outcome.maps.push_back(compute_map(request, context));
    }
    return outcome;
}

Figure attention_figure(const AttentionJob& job, const FigureSpec& figure, JobContext& context) {
    const Request& request = job.request;
    View view;
    view.model_name = request.model->files().name;
    view.layer = job.layer;
    view.head = job.head;
    view.token = job.token < 0 ? std::ssize(request.texts.front()) - 1 : job.token;
    view.gain = request.gain;
    view.every_layer = job.every_layer;
    view.without_sink = job.without_sink;
    view.renormalize = job.renormalize;
    view.colour = job.colour;
    FigureRequest wanted;
    wanted.panel = figure.panel;
    wanted.model = request.model;
    wanted.texts = request.texts;
    wanted.precision = request.precision;
    wanted.zoom = figure.zoom;
    return compute_figure(wanted, view, context);
}

std::vector<Warning> attention_warnings(const AttentionJob& job, const AttentionOutcome& outcome) {
    std::vector<Warning> warnings;
    const Result& result = outcome.result;
    if (result.gain != 1)
        warnings.push_back({"gain",
                            "the scores of every layer were scaled, so later layers see other inputs than in the "
                            "model"});
    const auto undefined = [](const HeadStatistic& statistic) {
        return !statistic.mean.empty() &&
               std::all_of(statistic.mean.begin(), statistic.mean.end(), [](double value) { return value != value; });
    };
    if (undefined(result.duplicate) || undefined(result.induction))
        warnings.push_back({"no-repeats", "no token occurs twice: scores of repeated tokens are null"});
    std::string partial;
    for (const auto& [name, statistic] : {std::pair{"sink", &result.sink},
                                          {"previous", &result.previous},
                                          {"duplicate", &result.duplicate},
                                          {"induction", &result.induction}})
        if (!statistic->half_width.empty() && statistic->texts < result.texts)
            partial += (partial.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(statistic->texts);
    if (!partial.empty())
        warnings.push_back({"fewer-texts", "means and intervals of a score are over the texts that have it, of " +
                                               std::to_string(result.texts) + " texts: " + partial});
    if (std::any_of(outcome.maps.begin(), outcome.maps.end(), [](const Map& map) { return map.reduced; }))
        warnings.push_back({"map-reduced", "maps are of at most 512 × 512 cells, each the largest weight it covers"});
    if (!job.tokens) warnings.push_back({"random-tokens", "no text was given: random tokens, repeated"});
    return warnings;
}

} // namespace attnscope
