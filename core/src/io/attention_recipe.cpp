// Attention as a recipe and back.
#include <attnscope/attention_recipe.h>

#include "io/figure_params.h"
#include "io/model_inputs.h"
#include "io/params_reader.h"

#include <attnscope/bank.h>

#include <algorithm>

namespace attnscope {

namespace {

using namespace attention;

constexpr const char* analysis_name = "attention";

/// What stands for the tokens in a recipe that has none of its own.
const TokenSource no_source{TokenSource::Kind::prompt, {}, {}};

Json params_json(const AttentionJob& job) {
    const Request& request = job.request;
    Json maps = Json::array();
    for (const AttentionJob::HeadChoice& choice : job.maps)
        maps.push_back(Json::array({choice.layer, choice.head}));
    Json params = {
        {"tokens", token_params(job.tokens.value_or(no_source))},
        {"random_tokens", !job.tokens},
        {"a_text_a_line", job.a_text_a_line},
        {"beta", number_or_infinity(request.gain)},
        {"rows", request.rows},
        {"scores", request.scores},
        {"induction_on_random", request.induction_on_random},
        {"first_layer", request.first_layer},
        {"last_layer", request.last_layer},
        {"precision", precision_name(request.precision)},
        {"maps", std::move(maps)},
        {"cursor",
         {{"layer", job.layer}, {"head", job.head}, {"token", job.token}, {"colour", head_colour_name(job.colour)}}}};
    if (job.figure)
        params["figure"] = figure_params(*job.figure);
    return params;
}

void read_maps(const Json& params, AttentionJob& job) {
    const ParamsReader reader(params);
    std::vector<Json> pairs;
    reader.each("maps", &Json::is_array, "a list of layers and heads", pairs);
    for (const Json& pair : pairs) {
        const auto whole = [](const Json& value) {
            return value.is_number_unsigned() && value.get<std::uint64_t>() <= INT32_MAX;
        };
        if (pair.size() != 2 || !std::all_of(pair.begin(), pair.end(), whole))
            ParamsReader::fail("a layer and a head each", one_line(pair), "maps");
        job.maps.push_back({pair[0].get<int>(), pair[1].get<int>()});
    }
}

/// −1 where the field says so or is missing.
template <class Whole>
void read_or_none(const ParamsReader& reader, const Json& object, const char* name, Whole& value) {
    if (const auto field = object.find(name); field != object.end() && *field == -1) {
        value = -1;
        return;
    }
    int number = static_cast<int>(value);
    reader.number(name, number);
    value = number;
}

void read_params(const Json& params, AttentionJob& job) {
    const ParamsReader reader(params);
    Request& request = job.request;
    reader.flag("a_text_a_line", job.a_text_a_line);
    reader.number_or_infinity("beta", request.gain);
    reader.flag("rows", request.rows);
    reader.flag("scores", request.scores);
    reader.flag("induction_on_random", request.induction_on_random);
    reader.number("first_layer", request.first_layer);
    read_or_none(reader, params, "last_layer", request.last_layer);
    std::string precision = precision_name(request.precision);
    reader.text("precision", precision);
    request.precision =
        parse_text("precision", precision, [](const std::string& name) { return parse_precision(name); });
    read_maps(params, job);
    if (const Json* cursor = reader.object("cursor")) {
        const ParamsReader fields(*cursor);
        fields.number("layer", job.layer);
        fields.number("head", job.head);
        read_or_none(fields, *cursor, "token", job.token);
        std::string colour = head_colour_name(job.colour);
        fields.text("colour", colour);
        job.colour =
            parse_text("cursor.colour", colour, [](const std::string& name) { return parse_head_colour(name); });
    }
    if (const Json* figure = reader.object("figure"))
        job.figure = read_figure_params(*figure);
}

Ids ids_of(const std::vector<Token>& tokens) {
    Ids ids;
    for (const Token& token : tokens)
        ids.push_back(token.id);
    return ids;
}

} // namespace

void load_inputs(AttentionJob& job, JobContext& context, std::vector<Warning>& warnings) {
    context.progress(0, 0, "opening the model");
    job.request.model = open_language_model(job.model);
    const LanguageModel& model = *job.request.model;
    job.request.texts.clear();
    if (!job.tokens) {
        constexpr int half = 50;
        const std::int64_t most = std::max<std::int64_t>(model.config().positions / 2, 1);
        job.request.texts.push_back(
            repeated_random_tokens(model, static_cast<int>(std::min<std::int64_t>(half, most)), job.seed));
    } else if (job.a_text_a_line) {
        const std::vector<std::string> lines = read_lines(job.tokens->file);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            context.checkpoint();
            try {
                job.request.texts.push_back(ids_of(model_tokens(model, lines[i])));
            } catch (const Error& error) {
                throw Error(error.kind, error.subject, error.expected, error.got,
                            "text " + std::to_string(i) + " of " + job.tokens->file.filename().string());
            }
        }
        if (lines.empty())
            throw Error(ErrorKind::input, job.tokens->file.filename().string(), "a text a line", "none");
    } else {
        job.request.texts.push_back(load_tokens(*job.tokens, model));
    }
    if (!usable_tokenizer(model))
        warnings.push_back(
            {"no-tokenizer", model.files().name + " has no tokenizer that can be used: tokens are shown by their ids"});
}

Recipe attention_recipe(const AttentionJob& job) {
    ATTNSCOPE_ASSERT(job.request.model);
    Recipe recipe;
    recipe.analysis = analysis_name;
    recipe.inputs = model_inputs(*job.request.model, job.tokens.value_or(no_source));
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

AttentionJob attention_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders) {
    if (recipe.analysis != analysis_name)
        throw Error(ErrorKind::input, "recipe", "the analysis attention", recipe.analysis, "analysis");
    const Json params = parse_json(recipe.params, "recipe");
    ModelInputs inputs = find_model_inputs(recipe, params, folders);
    AttentionJob job;
    job.seed = recipe.seed;
    job.model = std::move(inputs.model);
    bool random = false;
    ParamsReader(params).flag("random_tokens", random);
    if (!random)
        job.tokens = std::move(inputs.tokens);
    read_params(params, job);
    return job;
}

AttentionOutcome compute_attention(const AttentionJob& job, JobContext& context) {
    constexpr int most_cells = 512;
    AttentionOutcome outcome;
    outcome.result = compute(job.request, context);
    CapturePtr capture;
    for (const AttentionJob::HeadChoice& choice : job.maps) {
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

Figure attention_figure(const AttentionJob& job, const std::string& panel, JobContext& context) {
    const Request& request = job.request;
    if (request.texts.size() != 1)
        throw Error(ErrorKind::usage, "figure", "one text", std::to_string(request.texts.size()));
    const Ids& text = request.texts.front();
    View view;
    view.model_name = request.model->files().name;
    view.tokens = token_texts(*request.model, text);
    view.layer = job.layer;
    view.head = job.head;
    view.token = job.token < 0 ? std::ssize(text) - 1 : job.token;
    view.gain = request.gain;
    view.colour = job.colour;
    return compute_figure(panel, view, request.model, text, context);
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
    if (std::any_of(outcome.maps.begin(), outcome.maps.end(), [](const Map& map) { return map.reduced; }))
        warnings.push_back({"map-reduced", "maps are of at most 512 × 512 cells, each the largest weight it covers"});
    if (!job.tokens)
        warnings.push_back({"random-tokens", "no text was given: random tokens, repeated"});
    return warnings;
}

} // namespace attnscope
