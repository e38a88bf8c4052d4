#include <attnscope/recipe.h>

#include "base/json_number.h"
#include "base/json_text.h"

#include <attnscope/job.h>

namespace attnscope {
namespace {

constexpr const char* subject = "recipe";

std::string text_field(const Json& object, const char* name, const std::string& where) {
    const auto field = object.find(name);
    if (field == object.end() || !field->is_string()) {
        throw Error(ErrorKind::input, subject, "a text", field == object.end() ? "none" : field->type_name(),
                    where + name);
    }
    return field->get<std::string>();
}

std::vector<RecipeInput> read_inputs(const Json& json) {
    const auto list = json.find("inputs");
    if (list == json.end() || !list->is_array()) throw Error(ErrorKind::input, subject, "a list", "none", "inputs");
    std::vector<RecipeInput> inputs;
    for (const Json& entry : *list) {
        const std::string where = "inputs[" + std::to_string(inputs.size()) + "].";
        if (!entry.is_object()) throw Error(ErrorKind::input, subject, "an object", entry.type_name(), where);
        inputs.push_back(
            {text_field(entry, "role", where), text_field(entry, "name", where), text_field(entry, "sha256", where)});
    }
    return inputs;
}

Json recipe_object(const Recipe& recipe) {
    Json inputs = Json::array();
    for (const RecipeInput& input : recipe.inputs) {
        inputs.push_back({{"role", input.role}, {"name", input.name}, {"sha256", input.sha256}});
    }
    Json json = {{"analysis", recipe.analysis},
                 {"inputs", std::move(inputs)},
                 {"params", parse_json(recipe.params.empty() ? "{}" : recipe.params, subject, json_kinds::recipe)},
                 {"device", recipe.device},
                 {"seed", recipe.seed}};
    if (recipe.pinned) {
        json["pinned"] = recipe_object(*recipe.pinned);
        json["beside"] = recipe.beside;
    }
    return json;
}

/// cpu, cuda:N, or the latter with the name of a device behind it.
void check_device(const std::string& text) {
    try {
        Device::parse(text.substr(0, text.find(' ')));
    } catch (const Error& error) {
        throw Error(ErrorKind::input, subject, error.expected, error.got, "device");
    }
}

Recipe recipe_of(const Json& json) {
    if (!json.is_object()) throw Error(ErrorKind::input, subject, "an object", json.type_name());
    Recipe recipe;
    recipe.analysis = text_field(json, "analysis", "");
    recipe.inputs = read_inputs(json);
    const auto params = json.find("params");
    if (params == json.end() || !params->is_object()) {
        throw Error(ErrorKind::input, subject, "an object", "none", "params");
    }
    recipe.params = one_line(*params);
    if (json.contains("device")) {
        recipe.device = text_field(json, "device", "");
        check_device(recipe.device);
    }
    if (const auto seed = json.find("seed"); seed != json.end()) {
        const auto number = number_in<std::uint64_t>(*seed);
        if (!number)
            throw Error(ErrorKind::input, subject, describe_range<std::uint64_t>({}), seed->type_name(), "seed");
        recipe.seed = *number;
    }
    return recipe;
}

} // namespace

std::string Recipe::json() const {
    return one_line(recipe_object(*this));
}

Recipe Recipe::parse(const std::string& text) {
    const Json json = parse_json(text, subject, json_kinds::recipe);
    Recipe recipe = recipe_of(json);
    if (const auto pinned = json.find("pinned"); pinned != json.end()) {
        recipe.pinned = std::make_shared<const Recipe>(recipe_of(*pinned));
        const auto beside = json.find("beside");
        if (beside != json.end() && !beside->is_boolean()) {
            throw Error(ErrorKind::input, subject, "true or false", beside->type_name(), "beside");
        }
        recipe.beside = beside != json.end() && beside->get<bool>();
    }
    return recipe;
}

std::string envelope_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                          const std::vector<Warning>& warnings, double total_seconds) {
    Json said = Json::array();
    for (const Warning& warning : warnings) said.push_back({{"code", warning.code}, {"message", warning.message}});
    return readable({{"schema", schema},
                     {"version", ATTNSCOPE_VERSION},
                     {"recipe", recipe_object(recipe)},
                     {"result", parse_json(result, "result", json_kinds::result)},
                     {"warnings", std::move(said)},
                     {"timing", {{"total_s", total_seconds}}}});
}

} // namespace attnscope
