// A retrieval as a recipe and back.
#include <attnscope/recipe.h>

#include "analyses/retrieval/describe.h"
#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/model_identity.h"

#include <algorithm>

namespace attnscope {
namespace fs = std::filesystem;

namespace {

using namespace retrieval;

constexpr const char* retrieval_analysis = "retrieval";
constexpr const char* letters_name = "letters";

const char* kind_name(QuerySpec::Kind kind) {
    switch (kind) {
    case QuerySpec::Kind::rows: return "rows";
    case QuerySpec::Kind::file: return "file";
    case QuerySpec::Kind::questions: return "questions";
    case QuerySpec::Kind::values: return "values";
    case QuerySpec::Kind::text: break;
    }
    return "text";
}

Json queries_json(const QuerySpec& queries) {
    Json json = {{"kind", kind_name(queries.kind)}};
    if (!queries.rows.empty()) json["rows"] = queries.rows;
    if (queries.kind == QuerySpec::Kind::text) json["texts"] = queries.texts;
    if (queries.kind == QuerySpec::Kind::values) {
        Json& list = json["values"] = Json::array();
        for (const Query& query : queries.values) {
            Json numbers = Json::array();
            for (const float value : query) numbers.push_back(as_written(value));
            list.push_back(std::move(numbers));
        }
    }
    return json;
}

Json params_json(RetrievalJob job) {
    Json params = fields_json(bank_fields(job));
    params["queries"] = queries_json(job.queries);
    write_fields(fields_of(job.request), params);
    params["cursor"] = fields_json(cursor_fields(job));
    if (job.figure) params["figure"] = figure_params(*job.figure);
    return params;
}

bool is_list_of_floats(const Json& row) {
    return row.is_array() &&
           std::all_of(row.begin(), row.end(), [](const Json& value) { return number_in<float>(value).has_value(); });
}

QuerySpec read_queries(const Json& json) {
    const ParamsReader params(json);
    QuerySpec queries;
    std::string kind = kind_name(queries.kind);
    params.text("kind", kind);
    bool known = false;
    for (const auto candidate : {QuerySpec::Kind::rows, QuerySpec::Kind::file, QuerySpec::Kind::questions,
                                 QuerySpec::Kind::text, QuerySpec::Kind::values}) {
        if (kind != kind_name(candidate)) continue;
        queries.kind = candidate;
        known = true;
    }
    if (!known) ParamsReader::fail("rows, file, questions, text or values", kind, "queries.kind");
    params.numbers("rows", queries.rows);
    params.each("texts", &Json::is_string, "a list of texts", queries.texts);
    if (queries.kind == QuerySpec::Kind::values) {
        const auto rows = json.find("values");
        if (rows == json.end() || !rows->is_array() || !std::all_of(rows->begin(), rows->end(), is_list_of_floats))
            ParamsReader::fail("a list of lists of numbers", rows == json.end() ? "none" : rows->type_name(),
                               "queries.values");
        queries.values = rows->get<std::vector<Query>>();
    }
    return queries;
}

void read_params(const Json& json, RetrievalJob& job) {
    const ParamsReader params(json);
    read_fields(bank_fields(job), json);
    if (const Json* queries = params.object("queries")) job.queries = read_queries(*queries);
    read_fields(fields_of(job.request), json);
    if (const Json* cursor = params.object("cursor")) read_fields(cursor_fields(job), *cursor, cursor_place);
    if (const Json* figure = params.object("figure")) job.figure = read_figure_params(*figure);
}

} // namespace

using Direction = Written<PlaneDirection>;

std::string Direction::text(const PlaneDirection& direction) {
    switch (direction.kind) {
    case PlaneAxis::query: return "query";
    case PlaneAxis::memory: return "memory:" + std::to_string(direction.index);
    case PlaneAxis::eigenvector: break;
    }
    return "v" + std::to_string(direction.index + 1);
}

std::optional<PlaneDirection> Direction::parse(const std::string& text) {
    constexpr std::string_view memory = "memory";
    const auto number_after = [&](std::size_t prefix, int least) {
        return Written<int>{{least, 999'999'999}}.parse(text.substr(prefix));
    };
    if (text == "query") return PlaneDirection{PlaneAxis::query, 0};
    // A blank is how the window writes it.
    const bool names_memory = text.starts_with("memory:") || text.starts_with("memory ");
    const auto number = names_memory            ? number_after(memory.size() + 1, 0)
                        : text.starts_with("v") ? number_after(1, 1)
                                                : std::nullopt;
    if (!number) return std::nullopt;
    return names_memory ? PlaneDirection{PlaneAxis::memory, *number}
                        : PlaneDirection{PlaneAxis::eigenvector, *number - 1};
}

std::optional<PlaneDirection> Direction::read(const Json& json) {
    if (json.is_string()) return parse(json.get<std::string>());
    if (!json.is_object()) return std::nullopt;
    const auto kind = json.find("kind"), at = json.find("index");
    const std::string name = kind != json.end() && kind->is_string() ? kind->get<std::string>() : "eigenvector";
    const auto index = at == json.end() ? std::optional(0) : number_in(*at, Range<int>{0});
    if (!index) return std::nullopt;
    return PlaneDirection{name == "query"    ? PlaneAxis::query
                          : name == "memory" ? PlaneAxis::memory
                                             : PlaneAxis::eigenvector,
                          *index};
}

Recipe retrieval_recipe(const RetrievalJob& job) {
    ATTNSCOPE_ASSERT(job.request.bank);
    Recipe recipe;
    recipe.analysis = retrieval_analysis;
    recipe.inputs.push_back({"bank", job.letters ? letters_name : job.request.bank->name, job.request.bank->sha256()});
    const QuerySpec& queries = job.queries;
    if (queries.kind == QuerySpec::Kind::file || queries.kind == QuerySpec::Kind::questions) {
        const char* role = queries.kind == QuerySpec::Kind::file ? "queries" : "questions";
        recipe.inputs.push_back({role, base_name(queries.file), sha256_file(queries.file)});
    }
    if (queries.kind == QuerySpec::Kind::questions || queries.kind == QuerySpec::Kind::text) {
        const fs::path weights = encoder_weights(queries.encoder);
        recipe.inputs.push_back(
            {encoder_role, base_name(queries.encoder), weights.empty() ? std::string() : sha256_file(weights)});
        const auto companions = companion_inputs(encoder_role, queries.encoder);
        recipe.inputs.insert(recipe.inputs.end(), companions.begin(), companions.end());
    }
    recipe.params = one_line(params_json(job));
    recipe.seed = job.seed;
    return recipe;
}

RetrievalJob retrieval_job(const Recipe& recipe, const std::vector<fs::path>& folders, const BytesDone& between) {
    if (recipe.analysis != retrieval_analysis) {
        throw Error(ErrorKind::input, "recipe", "the analysis retrieval", recipe.analysis, "analysis");
    }
    RetrievalJob job;
    job.seed = recipe.seed;
    read_params(parse_json(recipe.params, "recipe", json_kinds::recipe), job);
    const std::vector<fs::path> places = with_samples(folders);
    bool has_bank = false;
    for (const RecipeInput& input : recipe.inputs) {
        if (input.role == "bank") {
            has_bank = true;
            job.letters = input.name == letters_name && letters_bank()->sha256() == input.sha256;
            if (!job.letters) job.bank = locate(input, places, between);
        } else if (input.role == "queries" || input.role == "questions") {
            job.queries.file = locate(input, places, between);
        } else if (input.role == encoder_role) {
            job.queries.encoder = locate(recipe, input, places, between);
        }
    }
    if (!has_bank) throw Error(ErrorKind::input, "recipe", "a bank", "none", "inputs");
    return job;
}

} // namespace attnscope
