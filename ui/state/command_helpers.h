// Shorthand for the files that define commands.
#pragma once

#include "state/commands.h"
#include "state/services.h"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace attnscope::ui {

inline bool flag(const Arguments& arguments, const char* name) {
    return std::get<bool>(arguments.at(name));
}
inline std::int64_t integer(const Arguments& arguments, const char* name) {
    return std::get<std::int64_t>(arguments.at(name));
}
inline double number(const Arguments& arguments, const char* name) {
    return std::get<double>(arguments.at(name));
}
inline const std::string& text(const Arguments& arguments, const char* name) {
    return std::get<std::string>(arguments.at(name));
}

inline Parameter text_parameter(std::string name, std::string help, std::optional<Value> fallback = {},
                                std::vector<std::string> choices = {}) {
    return {Parameter::Type::text, std::move(name), std::move(help), std::move(fallback), std::move(choices)};
}
inline Parameter number_parameter(std::string name, std::string help, std::optional<Value> fallback = {}) {
    return {Parameter::Type::number, std::move(name), std::move(help), std::move(fallback), {}};
}
inline Parameter integer_parameter(std::string name, std::string help, std::optional<Value> fallback = {}) {
    return {Parameter::Type::integer, std::move(name), std::move(help), std::move(fallback), {}};
}
inline Parameter flag_parameter(std::string name, std::string help, std::optional<Value> fallback = {}) {
    return {Parameter::Type::boolean, std::move(name), std::move(help), std::move(fallback), {}};
}

/// A text argument, or a fallback when it is empty.
inline std::string text_or(const Arguments& arguments, const char* name, const std::string& fallback) {
    const std::string& given = text(arguments, name);
    return given.empty() ? fallback : given;
}

/// What an argument may be, in an error.
inline std::string range_text(std::int64_t least, std::int64_t most) {
    return std::to_string(least) + " … " + std::to_string(most);
}
/// The value; throws Error{usage} outside of least … most.
inline std::int64_t checked(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most)
        throw Error(ErrorKind::usage, name, range_text(least, most), std::to_string(value));
    return value;
}
/// Names that a text argument may be.
template <Chosen Value>
std::vector<std::string> choice_names() {
    std::vector<std::string> names;
    for (const auto& choice : choices_of(Value{})) names.emplace_back(choice.name);
    return names;
}

/// When a command that needs a model can be given.
inline bool has_model(const AppState& state) {
    return state.model() != nullptr;
}
/// What a command acts on. Throws Error{usage} without one: a step of the history may outlive it.
ModelPtr required_model(const AppState& state);
std::shared_ptr<const Bank> required_bank(const AppState& state);
const Pin& required_pin(const AppState& state);

/// The frame `frames` on from `now` among `count`: the last or first one beyond the ends, the first when it wraps.
inline std::int64_t next_frame(std::int64_t now, std::int64_t count, int frames, bool wrap) {
    if (count < 1) return now;
    const std::int64_t next = now + frames;
    return wrap && next >= count ? 0 : std::clamp<std::int64_t>(next, 0, count - 1);
}

inline std::optional<Command> no_undo() {
    return std::nullopt;
}
/// A command that sets one whole number of the state, field(AppState&), and undoes it by its former value.
template <class Field>
CommandSpec whole_command(const std::string& id, const std::string& title, const std::string& help, std::int64_t least,
                          std::int64_t most, Field field) {
    return {id,
            title,
            "",
            "",
            {integer_parameter("value", help)},
            [id, least, most, field](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                const std::int64_t value = checked(id.c_str(), integer(arguments, "value"), least, most);
                auto& now = field(state);
                const auto before = static_cast<std::int64_t>(now);
                if (before == value) return std::nullopt;
                now = static_cast<std::remove_reference_t<decltype(now)>>(value);
                return command(id, {{"value", before}});
            },
            {},
            {},
            CommandKind::view};
}
/// The inverse of a change to several parts of the view: the runner keeps what they were.
Command former_view();

/// Throws Error{usage} when it is not the number of an open source of that kind.
SourceId source_of_kind(const AppState& state, std::int64_t id, SourceKind kind);

void add_file_commands(CommandRegistry& registry);
void add_edit_commands(CommandRegistry& registry);
void add_view_commands(CommandRegistry& registry);
void add_selection_commands(CommandRegistry& registry);
void add_query_commands(CommandRegistry& registry);
void add_playback_commands(CommandRegistry& registry);
void add_compute_commands(CommandRegistry& registry);
void add_figure_commands(CommandRegistry& registry);
void add_help_commands(CommandRegistry& registry);

} // namespace attnscope::ui
