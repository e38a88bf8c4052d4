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
    std::optional<Value> fallback; ///< required when absent
    std::vector<std::string> choices;
};

/// What commands can reach besides the state: loading, jobs, slots' values that a command needs.
class Services;

/// What a command reaches. Histories, pins and recipes that come from files hold view commands alone; scripts that the
/// user gives (--run) hold both.
enum class CommandKind {
    world, ///< opens, closes, makes or writes files and sources, starts or stops runs, the clipboard, preferences,
           ///< quits
    view,  ///< sets what is shown and read: the view, A, the timeline, typed texts; reaches nothing outside the state
};

struct CommandSpec {
    std::string id;       ///< retrieval.beta
    std::string title;    ///< Set β
    std::string menu;     ///< "View/Theme" … ; empty = palette only
    std::string shortcut; ///< "Ctrl+O"; empty = none
    std::vector<Parameter> parameters;
    /// Changes the state and returns the inverse, or nothing when the command is not undone. Throws Error{usage}.
    std::function<std::optional<Command>(AppState&, Services&, const Arguments&)> run;
    std::function<bool(const AppState&)> enabled; ///< always when empty
    std::function<bool(const AppState&)> checked; ///< a tick in menus; none when empty
    CommandKind kind = CommandKind::world;        ///< said of every command; the one that may less is never assumed
};

class CommandRegistry {
public:
    void add(CommandSpec spec); ///< ids are unique
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

/// The command that puts back what another one changed in the view.
inline constexpr const char* former_view_id = "view.put_back";

/// Convenience for panels: command("retrieval.beta", {{"value", 20.0}}).
inline Command command(std::string id, Arguments arguments = {}) {
    return {std::move(id), std::move(arguments)};
}

/// What can be undone and redone, newest at the back.
struct History {
    struct Entry {
        Command done, inverse;
        bool from_file = false; ///< it may set the view and nothing else
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
    void end_gesture(); ///< the mouse was released: the next run starts a new undo step
    bool can_undo() const;
    bool can_redo() const;
    /// A step that cannot be taken, because what it is about is closed or it is not allowed to, is said and forgotten.
    void undo();
    void redo();
    std::string undo_title() const; ///< "Undo Set β"; empty when there is nothing
    std::string redo_title() const;
    const History& history() const { return history_; }
    /// The steps that a session keeps: those that set the view both ways.
    History history_of_view() const;
    /// Takes up the history of a session whose sources are those of the state. Steps that do more than set the view,
    /// whose arguments are not those of the command, or that are about sources which are not open, are left out with a
    /// notice.
    void restore_history(History history);

private:
    using Entry = History::Entry;
    /// Throws Error{usage} where the command cannot be given now.
    const CommandSpec& require_enabled(const Command& command) const;
    bool sets_view(const Entry& entry) const;
    /// A step out of a file with what it refers to made sure of; nothing where it has no place in a history.
    std::optional<Entry> checked_entry(Entry entry) const;
    Command checked_command(Command command) const;
    /// Runs one side of an entry. False, with a notice, where that cannot be.
    bool replay(const Entry& entry, const Command& command, const char* verb);
    const CommandRegistry& registry_;
    AppState& state_;
    Services& services_;
    History history_; ///< at most 500 each
    bool gesture_open_ = false;
    View before_gesture_; ///< the view that the newest step of the history began from
};

} // namespace attnscope::ui
