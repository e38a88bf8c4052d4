#include "state/command_json.h"

#include "base/json_members.h"
#include "base/json_reader.h"
#include "state/view_job.h"
#include "ui/analyses/alignment/state/describe.h"
#include "ui/analyses/attention/state/describe.h"
#include "ui/analyses/cv/state/describe.h"
#include "ui/analyses/jacobian/state/describe.h"
#include "ui/analyses/residual/state/describe.h"
#include "ui/analyses/retrieval/state/describe.h"

#include <attnscope/cv_recipe.h>

#include <algorithm>
#include <array>
#include <limits>

namespace attnscope::ui {

using nlohmann::json;

namespace {

[[noreturn]] void not_usable(const std::string& where, const std::string& expected, const json& got) {
    std::string shown = got.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shown.size() > 60) shown = shown.substr(0, 60) + "…";
    throw Error(ErrorKind::input, where, expected, shown);
}

Value value_from_json(const json& value, const std::string& where) {
    if (value.is_boolean()) return value.get<bool>();
    // Whole numbers beyond 64 bits with a sign are numbers like any other.
    if (const auto whole = number_in<std::int64_t>(value)) return *whole;
    if (const auto number = number_in<double>(value)) return *number;
    if (value.is_string()) return value.get<std::string>();
    if (value.is_array()) {
        std::vector<double> numbers;
        for (const auto& entry : value) {
            const auto number = number_in<double>(entry);
            if (!number) not_usable(where, "a list of numbers", value);
            numbers.push_back(*number);
        }
        return numbers;
    }
    not_usable(where, "a truth value, number, text or list of numbers", value);
}

/// What a bank or a model has is asked where the view is used.
constexpr Range<int> from_zero{0, std::numeric_limits<int>::max()};

/// Runs a check that speaks of usage: of a file's values it is the file that is wrong.
template <class Check>
void check_read(const JsonMembers& object, const Check& check) {
    try {
        check();
    } catch (const Error& error) {
        object.fail(error.subject.c_str(), error.expected, error.got);
    }
}

/// Options of a workspace that describe() knows, as a session keeps them.
template <class Options>
json described_json(Options options) {
    Json fields = Json::object();
    write_fields(fields_of(options), fields);
    return fields;
}

/// Whether what is open has what they name is known once it is open.
template <class Options>
void read_described(const JsonMembers& members, const char* name, Options& options) {
    if (const auto object = members.find_object(name)) read_fields(fields_of(options), *object);
}

constexpr std::array query_kinds{"memory", "prompt", "file", "drawing", "vector"};

QueryChoice query_from_json(const JsonMembers& query) {
    QueryChoice choice;
    const auto kind = query.text("kind", "memory");
    for (std::size_t i = 0; i < query_kinds.size(); ++i)
        if (kind == query_kinds[i]) choice.kind = static_cast<QueryChoice::Kind>(i);
    choice.source = query.value_or("source", SourceId{0});
    choice.row = query.value_or("row", std::size_t{0});
    choice.drawing = query.values_or("drawing", std::vector<float>{});
    choice.label = query.text("label", "");
    return choice;
}

void selection_from_json(const JsonMembers& s, Selection& to) {
    to.bank = s.value_or("bank", SourceId{0});
    to.encoder = s.value_or("encoder", SourceId{0});
    to.model = s.value_or("model", SourceId{0});
    to.beta = s.value_or<double>("beta", to.beta, {0, std::numeric_limits<double>::max()});
    to.gain = s.value_or<double>("gain", to.gain, {0.125, 64});
    to.step = s.value_or<int>("step", to.step, {0, most_retrieval_steps});
    to.mode = s.named("mode", "centered",
                      [](const std::string& name) { return parse_choice<retrieval::Mode>("mode", name); });
    to.layer = s.value_or("layer", 0, from_zero);
    to.head = s.value_or("head", 0, from_zero);
    to.token = s.value_or("token", -1, from_none);
    to.capture = s.value_or("capture", SourceId{0});
    to.prompt = s.value_or("prompt", SourceId{0});
    to.text = s.value_or("text", 0, from_zero);
    to.rank = s.value_or("rank", to.rank, from_none);
    if (s.find("memory")) to.memory = s.value<std::uint32_t>("memory");
    if (const auto query = s.find_object("query")) to.query = query_from_json(*query);
}

/// Of objects the members that differ, of anything else the new value.
json difference(const json& from, const json& to) {
    if (!from.is_object() || !to.is_object()) return to;
    json changes = json::object();
    for (const auto& [name, value] : to.items()) {
        const auto before = from.find(name);
        if (before == from.end())
            changes[name] = value;
        else if (*before != value)
            changes[name] = difference(*before, value);
    }
    for (const auto& [name, value] : from.items())
        if (!to.contains(name)) changes[name] = nullptr;
    return changes;
}

} // namespace

std::string value_text(const Value& value) {
    auto text = to_json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "…" : text;
}

json to_json(const Value& value) {
    return std::visit([](const auto& v) { return json(v); }, value);
}

json to_json(const Command& command) {
    json arguments = json::object();
    for (const auto& [name, value] : command.arguments) arguments[name] = to_json(value);
    return {{"command", command.id}, {"args", arguments}};
}

Command command_from_json(const json& object, const std::string& where) {
    if (!object.is_object() || !object.contains("command") || !object["command"].is_string())
        not_usable(where, "{\"command\": id, \"args\": {…}}", object);
    Command command{object["command"].get<std::string>(), {}};
    if (!object.contains("args")) return command;
    if (!object["args"].is_object()) not_usable(where + " args", "an object", object["args"]);
    for (const auto& [name, value] : object["args"].items())
        command.arguments[name] = value_from_json(value, where + " args." + name);
    return command;
}

json to_json(const View& view) {
    const Selection& s = view.selection;
    json query{{"kind", query_kinds[static_cast<std::size_t>(s.query.kind)]},
               {"source", s.query.source},
               {"row", s.query.row}};
    if (!s.query.drawing.empty()) query["drawing"] = s.query.drawing;
    if (!s.query.label.empty()) query["label"] = s.query.label;
    json selection{{"bank", s.bank},       {"encoder", s.encoder}, {"model", s.model}, {"query", query},
                   {"beta", s.beta},       {"gain", s.gain},       {"step", s.step},   {"mode", choice_name(s.mode)},
                   {"layer", s.layer},     {"head", s.head},       {"token", s.token}, {"rank", s.rank},
                   {"capture", s.capture}, {"prompt", s.prompt},   {"text", s.text}};
    if (s.memory) selection["memory"] = *s.memory;
    return {{"workspace", workspace_id(view.workspace)},
            {"selection", selection},
            {"retrieval", described_json(view.retrieval)},
            {"attention", described_json(view.attention)},
            {"cv", described_json(view.cv)},
            {"alignment", described_json(view.alignment)},
            {"residual", described_json(view.residual)},
            {"training", described_json(view.training)},
            {"jacobian", described_json(view.jacobian)},
            {"seed", view.seed},
            {"open_panels", view.open_panels},
            {"outlined_panel", view.outlined_panel}};
}

View view_from_json(const json& object, const std::string& where) {
    const JsonMembers members(object, where);
    View view;
    view.workspace = members.named("workspace", "retrieval", parse_workspace);
    if (const auto selection = members.find_object("selection")) selection_from_json(*selection, view.selection);
    read_described(members, "retrieval", view.retrieval);
    read_described(members, "attention", view.attention);
    read_described(members, "alignment", view.alignment);
    read_described(members, "residual", view.residual);
    if (const auto options = members.find_object("cv")) {
        read_fields(fields_of(view.cv), *options);
        check_read(*options, [&] {
            check_measuring(view.cv.parameters);
            cv::check_experiment(experiment_request(view.cv));
        });
    }
    if (const auto options = members.find_object("training")) {
        read_fields(fields_of(view.training), *options);
        put_in_order(view.training);
        check_read(*options, [&] { jacobian::check_experiment_parameters(training_request(view.training)); });
    }
    read_described(members, "jacobian", view.jacobian);
    view.seed = members.value_or("seed", view.seed);
    if (members.find("open_panels")) {
        const auto panels = members.texts("open_panels");
        view.open_panels = {panels.begin(), panels.end()};
    }
    view.outlined_panel = members.text("outlined_panel", view.outlined_panel);
    view.selection.step = std::min(view.selection.step, view.retrieval.steps);
    return view;
}

std::string view_text(const View& view) {
    return to_json(view).dump(-1, ' ', false, json::error_handler_t::replace);
}

View view_from_text(const std::string& text, const std::string& where) {
    return view_from_json(parse_json<json>(text, where, json_kinds::view), where);
}

std::string view_changes(const View& from, const View& to) {
    return difference(to_json(from), to_json(to)).dump(-1, ' ', false, json::error_handler_t::replace);
}

View changed_view(const View& view, const std::string& changes, const std::string& where) {
    json changed = to_json(view);
    changed.merge_patch(parse_json<json>(changes, where, json_kinds::view));
    return view_from_json(changed, where);
}

} // namespace attnscope::ui
