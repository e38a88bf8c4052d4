// The one registry of everything a user can do. Menus, shortcuts, the palette, undo and redo, scripts and the command
// line's --run all go through it.
//
// A command is an id with typed arguments; running it changes the AppState and may give back its inverse. Continuous
// gestures (dragging β) are merged: consecutive runs of one id within a gesture undo as one.
#pragma once

#include "state/app_state.h"

#include <attnscope/error.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace attnscope::ui {

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;
using Arguments = std::map<std::string, Value>;

struct Command {
    std::string id;
    Arguments arguments;
    bool operator==(const Command&) const = default;
};

/// One argument of a command; `choices` non-empty restricts a text.
struct Parameter {
    enum class Type { boolean, integer, number, text, numbers } type = Type::text;
    std::string name, help;
    std::optional<Value> fallback;  ///< required when absent
    std::vector<std::string> choices;
};

/// What commands can reach besides the state: loading, jobs, slots' values that a command needs.
class Services;

struct CommandSpec {
    std::string id;        ///< retrieval.beta
    std::string title;     ///< Set β
    std::string menu;      ///< "View/Theme" … ; empty = palette only
    std::string shortcut;  ///< "Ctrl+O"; empty = none
    std::vector<Parameter> parameters;
    /// Changes the state and returns the inverse, or nothing when the command is not undone. Throws Error{usage}.
    std::function<std::optional<Command>(AppState&, Services&, const Arguments&)> run;
    std::function<bool(const AppState&)> enabled;       ///< always when empty
    std::function<bool(const AppState&)> checked;       ///< a tick in menus; none when empty
};

class CommandRegistry {
public:
    void add(CommandSpec spec);  ///< ids are unique
    const CommandSpec* find(std::string_view id) const;
    const std::vector<CommandSpec>& all() const { return specs_; }
    /// Checks names and types and fills fallbacks; integers convert to numbers. Throws Error{usage} naming the
    /// command and the argument.
    Arguments check(const Command& command) const;

private:
    std::vector<CommandSpec> specs_;
};
/// Every command of the program; explicit list, in commands_*.cpp by subject.
CommandRegistry make_commands();

/// Convenience for panels: command("retrieval.beta", {{"value", 20.0}}).
inline Command command(std::string id, Arguments arguments = {}) { return {std::move(id), std::move(arguments)}; }

/// What can be undone and redone, newest at the back.
struct History {
    struct Entry {
        Command done, inverse;
        bool operator==(const Entry&) const = default;
    };
    std::deque<Entry> undo, redo;
    bool operator==(const History&) const = default;
};

/// Runs commands in order and keeps the history.
class CommandRunner {
public:
    CommandRunner(const CommandRegistry& registry, AppState& state, Services& services);
    /// Errors become a notice in the state; run_or_throw is for scripts and tests.
    void run(const Command& command);
    void run_or_throw(const Command& command);
    void end_gesture();      ///< the mouse was released: the next run starts a new undo step
    bool can_undo() const;
    bool can_redo() const;
    void undo();
    void redo();
    std::string undo_title() const;  ///< "Undo Set β"; empty when there is nothing
    std::string redo_title() const;
    const History& history() const { return history_; }
    /// Takes up a history; entries whose commands are not known are left out.
    void set_history(History history);

private:
    using Entry = History::Entry;
    const CommandRegistry& registry_;
    AppState& state_;
    Services& services_;
    History history_;   ///< at most 500 each
    bool gesture_open_ = false;
};

}  // namespace attnscope::ui
