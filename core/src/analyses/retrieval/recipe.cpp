// A retrieval as a recipe and back.
#include <attnscope/recipe.h>

#include "base/params_reader.h"
#include "drawing/figure_params.h"
#include "files/find_input.h"
#include "files/layout_name.h"
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

std::string direction_name(const PlaneDirection& direction) {
    switch (direction.kind) {
    case PlaneAxis::query: return "query";
    case PlaneAxis::memory: return "memory:" + std::to_string(direction.index);
    case PlaneAxis::eigenvector: break;
    }
    return "v" + std::to_string(direction.index + 1);
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

Json params_json(const RetrievalJob& job) {
    const Request& request = job.request;
    Json modes = Json::array();
    for (const Mode mode : request.modes) modes.push_back(mode_name(mode));
    Json params = {{"layout", layout_name(job.layout)},
                   {"key", job.key},
                   {"queries", queries_json(job.queries)},
                   {"beta_table", request.beta_table},
                   {"beta", request.betas},
                   {"mode", std::move(modes)},
                   {"steps", request.steps},
                   {"tol", request.tolerance},
                   {"lambda", request.lambda},
                   {"origin_beta", request.origin_betas},
                   {"origin_eps", request.origin_epsilon},
                   {"origin_steps", request.origin_steps},
                   {"sweep", request.sweep},
                   {"plane", request.plane},
                   {"plane_beta", request.plane_beta},
                   {"plane_x", direction_name(request.plane_x)},
                   {"plane_y", direction_name(request.plane_y)},
                   {"basins", request.basins},
                   {"separation", request.separation},
                   {"separation_samples", request.separation_samples},
                   {"cursor", {{"beta", job.beta}, {"step", job.step}}}};
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
    Request& request = job.request;
    std::string layout = "auto";
    params.text("layout", layout);
    job.layout = parse_text("layout", layout, [](const std::string& text) { return parse_layout(text); });
    params.text("key", job.key);
    if (const Json* queries = params.object("queries")) job.queries = read_queries(*queries);
    params.numbers("beta_table", request.beta_table, above_zero<double>);
    params.numbers("beta", request.betas, above_zero<double>);
    std::vector<std::string> modes;
    params.each("mode", &Json::is_string, "a list of modes", modes);
    if (!modes.empty()) request.modes.clear();
    for (const std::string& mode : modes) {
        request.modes.push_back(parse_text("mode", mode, [](const std::string& text) { return parse_mode(text); }));
    }
    params.number("steps", request.steps);
    params.number("tol", request.tolerance, {0});
    params.number("lambda", request.lambda);
    params.numbers("origin_beta", request.origin_betas, above_zero<double>);
    params.number("origin_eps", request.origin_epsilon, above_zero<double>);
    params.number("origin_steps", request.origin_steps);
    params.flag("sweep", request.sweep);
    params.flag("plane", request.plane);
    params.number("plane_beta", request.plane_beta);
    const auto direction = [&](const char* name, PlaneDirection& value) {
        std::string text = direction_name(value);
        params.text(name, text);
        value = parse_text(name, text, [](const std::string& name) { return parse_plane_direction(name); });
    };
    direction("plane_x", request.plane_x);
    direction("plane_y", request.plane_y);
    params.flag("basins", request.basins);
    params.flag("separation", request.separation);
    params.number("separation_samples", request.separation_samples);
    if (const Json* cursor = params.object("cursor")) {
        ParamsReader(*cursor).number("beta", job.beta);
        ParamsReader(*cursor).number("step", job.step);
    }
    if (const Json* figure = params.object("figure")) job.figure = read_figure_params(*figure);
}

} // namespace

PlaneDirection parse_plane_direction(const std::string& text) {
    const auto index_after = [&](std::size_t prefix) {
        const std::string digits = text.substr(prefix);
        if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) {
            return -1;
        }
        return std::stoi(digits);
    };
    if (text == "query") return {PlaneAxis::query, 0};
    if (text.starts_with("memory:")) {
        if (const int index = index_after(7); index >= 0) return {PlaneAxis::memory, index};
    } else if (text.starts_with("v")) {
        if (const int number = index_after(1); number >= 1) return {PlaneAxis::eigenvector, number - 1};
    }
    throw Error(ErrorKind::usage, "direction", "v1, v2 …, query or memory:N", text);
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
