#include "state/commands.h"

#include "state/command_json.h"
#include "state/references.h"
#include "state/services.h"

#include <attnscope/failure.h>

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
        if (const double* number = std::get_if<double>(&value);
            number && std::nearbyint(*number) == *number && std::abs(*number) < 9e15)
            return Value(static_cast<std::int64_t>(*number));
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

} // namespace

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
                                            [&wanted = name](const Parameter& p) { return p.name == wanted; });
        if (parameter == spec->parameters.end()) {
            std::vector<std::string> names;
            for (const auto& known : spec->parameters) names.push_back(known.name);
            throw Error(ErrorKind::usage, command.id, names.empty() ? "no arguments" : "arguments " + joined(names),
                        name);
        }
        const auto typed = as_type(value, parameter->type);
        if (!typed)
            throw Error(ErrorKind::usage, command.id + " " + name, type_name(parameter->type), value_text(value));
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
    if (const auto failure = failure_of(command.id, [&] { run_or_throw(command); }))
        state_.notify(failure->what(), true);
}

const CommandSpec& CommandRunner::require_enabled(const Command& command) const {
    const CommandSpec* spec = registry_.find(command.id);
    if (!spec) throw Error(ErrorKind::usage, command.id, "a command's id", "an unknown one");
    if (spec->enabled && !spec->enabled(state_))
        throw Error(ErrorKind::usage, spec->title, "something it can act on", "nothing of the kind");
    return *spec;
}

void CommandRunner::run_or_throw(const Command& command) {
    const Arguments arguments = registry_.check(command);
    // The history belongs to the runner, so these two are its own.
    if (command.id == "edit.undo") return undo();
    if (command.id == "edit.redo") return redo();
    View before = state_.view;
    auto inverse = require_enabled(command).run(state_, services_, arguments);
    if (!inverse) return;
    const bool goes_on = gesture_open_ && !history_.undo.empty() && history_.undo.back().done.id == command.id;
    if (!goes_on) before_gesture_ = std::move(before);
    const bool puts_back = inverse->id == former_view_id;
    if (puts_back) inverse->arguments["changes"] = view_changes(state_.view, before_gesture_);
    if (goes_on) {
        Entry& step = history_.undo.back();
        step.done = command;
        if (puts_back) step.inverse = std::move(*inverse);
    } else {
        history_.undo.push_back({command, std::move(*inverse)});
        if (history_.undo.size() > history_limit) history_.undo.pop_front();
    }
    history_.redo.clear();
    gesture_open_ = true;
}

bool CommandRunner::sets_view(const Entry& entry) const {
    const auto is_view = [this](const Command& command) {
        const CommandSpec* spec = registry_.find(command.id);
        return spec && spec->kind == CommandKind::view;
    };
    return is_view(entry.done) && is_view(entry.inverse);
}

History CommandRunner::history_of_view() const {
    History kept = history_;
    const auto does_more = [this](const Entry& entry) { return !sets_view(entry); };
    std::erase_if(kept.undo, does_more);
    std::erase_if(kept.redo, does_more);
    return kept;
}

Command CommandRunner::checked_command(Command command) const {
    registry_.check(command);
    // Sources that are not there now would one day be others of the same number.
    if (const auto source = command.arguments.find("source"); source != command.arguments.end()) {
        const auto* number = std::get_if<std::int64_t>(&source->second);
        if (!number || (*number != 0 && !source_numbered(state_, *number)))
            throw Error(ErrorKind::input, command.id, "an open source", value_text(source->second));
    }
    if (command.id == former_view_id)
        require_sources(changed_view(state_.view, std::get<std::string>(command.arguments.at("changes")), command.id),
                        source_kinds(state_));
    if (command.id == "view.restore") {
        View view = view_from_text(std::get<std::string>(command.arguments.at("view")), "view.restore view");
        require_sources(view, source_kinds(state_));
        forget_missing(view, source_kinds(state_));
        command.arguments["view"] = view_text(view);
    }
    return command;
}

std::optional<History::Entry> CommandRunner::checked_entry(Entry entry) const {
    if (!sets_view(entry)) return std::nullopt;
    entry.from_file = true;
    const auto failure = failure_of("history", [&] {
        entry.done = checked_command(std::move(entry.done));
        entry.inverse = checked_command(std::move(entry.inverse));
    });
    return failure ? std::nullopt : std::optional(std::move(entry));
}

void CommandRunner::restore_history(History history) {
    std::size_t left_out = 0;
    const auto checked = [&](std::deque<Entry>& entries) {
        std::deque<Entry> kept;
        // The newest are at the back.
        while (entries.size() > history_limit) entries.pop_front(), ++left_out;
        for (Entry& entry : entries) {
            if (auto usable = checked_entry(std::move(entry)))
                kept.push_back(std::move(*usable));
            else
                ++left_out;
        }
        entries = std::move(kept);
    };
    checked(history.undo);
    checked(history.redo);
    history_ = std::move(history);
    gesture_open_ = false;
    if (left_out > 0)
        state_.notify(
            std::to_string(left_out) + (left_out == 1 ? " step" : " steps") +
            " of the session's history left out: a file's history sets the view alone, of sources that are open");
}

void CommandRunner::end_gesture() {
    gesture_open_ = false;
}
bool CommandRunner::can_undo() const {
    return !history_.undo.empty();
}
bool CommandRunner::can_redo() const {
    return !history_.redo.empty();
}

bool CommandRunner::replay(const Entry& entry, const Command& command, const char* verb) {
    const CommandSpec* const named = registry_.find(entry.done.id);
    const std::string what = std::string(verb) + " " + (named ? named->title : entry.done.id);
    const auto failure = failure_of(what, [&] {
        const Arguments arguments = registry_.check(command);
        const CommandSpec& spec = require_enabled(command);
        if (entry.from_file && spec.kind != CommandKind::view)
            throw Error(ErrorKind::usage, command.id, "a command that sets the view", "one that does more");
        const Services::OpensNothing quiet(services_);
        spec.run(state_, services_, arguments);
    });
    if (failure) state_.notify("Could not " + what + ": " + failure->what(), true);
    return !failure;
}

void CommandRunner::undo() {
    if (history_.undo.empty()) return;
    gesture_open_ = false;
    Entry entry = std::move(history_.undo.back());
    history_.undo.pop_back();
    if (replay(entry, entry.inverse, "undo")) history_.redo.push_back(std::move(entry));
}

void CommandRunner::redo() {
    if (history_.redo.empty()) return;
    gesture_open_ = false;
    Entry entry = std::move(history_.redo.back());
    history_.redo.pop_back();
    if (replay(entry, entry.done, "redo")) history_.undo.push_back(std::move(entry));
}

std::string CommandRunner::undo_title() const {
    return history_.undo.empty() ? "" : "Undo " + registry_.find(history_.undo.back().done.id)->title;
}

std::string CommandRunner::redo_title() const {
    return history_.redo.empty() ? "" : "Redo " + registry_.find(history_.redo.back().done.id)->title;
}

} // namespace attnscope::ui
