#include "state/commands.h"

#include "state/command_json.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr std::size_t history_limit = 500;

const char* type_name(Parameter::Type type) {
    switch (type) {
    case Parameter::Type::boolean: return "true or false";
    case Parameter::Type::integer: return "an integer";
    case Parameter::Type::number: return "a finite number";
    case Parameter::Type::text: return "a text";
    case Parameter::Type::numbers: return "a list of finite numbers";
    }
    return "";
}

std::string joined(const std::vector<std::string>& choices) {
    std::string text;
    for (const auto& choice : choices) text += (text.empty() ? "" : " | ") + choice;
    return text;
}

/// The value as the parameter's type, or nothing when it cannot be.
std::optional<Value> as_type(const Value& value, Parameter::Type type) {
    switch (type) {
    case Parameter::Type::boolean:
        if (std::holds_alternative<bool>(value)) return value;
        break;
    case Parameter::Type::integer:
        if (std::holds_alternative<std::int64_t>(value)) return value;
        if (const double* number = std::get_if<double>(&value); number && std::nearbyint(*number) == *number &&
            std::abs(*number) < 9e15) return Value(static_cast<std::int64_t>(*number));
        break;
    case Parameter::Type::number:
        if (const double* number = std::get_if<double>(&value); number && std::isfinite(*number)) return value;
        if (const auto* integer = std::get_if<std::int64_t>(&value)) return Value(static_cast<double>(*integer));
        break;
    case Parameter::Type::text:
        if (std::holds_alternative<std::string>(value)) return value;
        break;
    case Parameter::Type::numbers:
        if (const auto* numbers = std::get_if<std::vector<double>>(&value);
            numbers && std::all_of(numbers->begin(), numbers->end(), [](double x) { return std::isfinite(x); }))
            return value;
        break;
    }
    return std::nullopt;
}

}  // namespace

void CommandRegistry::add(CommandSpec spec) {
    ATTNSCOPE_ASSERT(!find(spec.id));
    specs_.push_back(std::move(spec));
}

const CommandSpec* CommandRegistry::find(std::string_view id) const {
    const auto found = std::find_if(specs_.begin(), specs_.end(), [id](const auto& spec) { return spec.id == id; });
    return found == specs_.end() ? nullptr : &*found;
}

Arguments CommandRegistry::check(const Command& command) const {
    const CommandSpec* spec = find(command.id);
    if (!spec) throw Error(ErrorKind::usage, command.id, "a command's id", "an unknown one");
    Arguments checked;
    for (const auto& [name, value] : command.arguments) {
        const auto parameter = std::find_if(spec->parameters.begin(), spec->parameters.end(),
                                            [&name](const Parameter& p) { return p.name == name; });
        if (parameter == spec->parameters.end()) {
            std::vector<std::string> names;
            for (const auto& known : spec->parameters) names.push_back(known.name);
            throw Error(ErrorKind::usage, command.id, names.empty() ? "no arguments" : "arguments " + joined(names), name);
        }
        const auto typed = as_type(value, parameter->type);
        if (!typed) throw Error(ErrorKind::usage, command.id + " " + name, type_name(parameter->type), value_text(value));
        if (!parameter->choices.empty()) {
            const auto& text = std::get<std::string>(*typed);
            if (std::find(parameter->choices.begin(), parameter->choices.end(), text) == parameter->choices.end())
                throw Error(ErrorKind::usage, command.id + " " + name, joined(parameter->choices), text);
        }
        checked[name] = *typed;
    }
    for (const auto& parameter : spec->parameters) {
        if (checked.contains(parameter.name)) continue;
        if (!parameter.fallback)
            throw Error(ErrorKind::usage, command.id + " " + parameter.name, type_name(parameter.type), "nothing");
        checked[parameter.name] = *parameter.fallback;
    }
    return checked;
}

CommandRunner::CommandRunner(const CommandRegistry& registry, AppState& state, Services& services)
    : registry_(registry), state_(state), services_(services) {}

void CommandRunner::run(const Command& command) {
    try {
        run_or_throw(command);
    } catch (const Error& error) {
        state_.notify(error.what(), true);
    }
}

void CommandRunner::run_or_throw(const Command& command) {
    const Arguments arguments = registry_.check(command);
    // The history belongs to the runner, so these two are its own.
    if (command.id == "edit.undo") return undo();
    if (command.id == "edit.redo") return redo();
    const CommandSpec& spec = *registry_.find(command.id);
    if (spec.enabled && !spec.enabled(state_))
        throw Error(ErrorKind::usage, spec.title, "something it can act on", "nothing of the kind");
    auto inverse = spec.run(state_, services_, arguments);
    if (!inverse) return;
    if (gesture_open_ && !history_.undo.empty() && history_.undo.back().done.id == command.id) {
        history_.undo.back().done = command;
    } else {
        history_.undo.push_back({command, std::move(*inverse)});
        if (history_.undo.size() > history_limit) history_.undo.pop_front();
    }
    history_.redo.clear();
    gesture_open_ = true;
}

void CommandRunner::set_history(History history) {
    const auto unknown = [this](const Entry& entry) {
        return !registry_.find(entry.done.id) || !registry_.find(entry.inverse.id);
    };
    std::erase_if(history.undo, unknown);
    std::erase_if(history.redo, unknown);
    history_ = std::move(history);
    gesture_open_ = false;
}

void CommandRunner::end_gesture() { gesture_open_ = false; }
bool CommandRunner::can_undo() const { return !history_.undo.empty(); }
bool CommandRunner::can_redo() const { return !history_.redo.empty(); }

void CommandRunner::undo() {
    if (history_.undo.empty()) return;
    gesture_open_ = false;
    Entry entry = std::move(history_.undo.back());
    history_.undo.pop_back();
    if (const CommandSpec* spec = registry_.find(entry.inverse.id))
        spec->run(state_, services_, registry_.check(entry.inverse));
    history_.redo.push_back(std::move(entry));
}

void CommandRunner::redo() {
    if (history_.redo.empty()) return;
    gesture_open_ = false;
    Entry entry = std::move(history_.redo.back());
    history_.redo.pop_back();
    if (const CommandSpec* spec = registry_.find(entry.done.id))
        spec->run(state_, services_, registry_.check(entry.done));
    history_.undo.push_back(std::move(entry));
}

std::string CommandRunner::undo_title() const {
    return history_.undo.empty() ? "" : "Undo " + registry_.find(history_.undo.back().done.id)->title;
}

std::string CommandRunner::redo_title() const {
    return history_.redo.empty() ? "" : "Redo " + registry_.find(history_.redo.back().done.id)->title;
}

}  // namespace attnscope::ui
