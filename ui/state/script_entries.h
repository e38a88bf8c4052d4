// What a command script says, entry by entry; see script.h for how it reads and what runs it.
#pragma once

#include "state/commands.h"

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace attnscope::ui {

struct WaitSettled {};
struct WaitFrames {
    int frames = 0;
};
struct Screenshot {
    std::filesystem::path path;
};
/// One argument of a command moved evenly from one value to another.
struct ScriptedDrag {
    std::string command, argument;
    Arguments fixed; ///< its other arguments
    double from = 0, to = 0;
    int frames = 0;
    std::filesystem::path record; ///< empty = nowhere
};
using ScriptEntry = std::variant<Command, WaitSettled, WaitFrames, Screenshot, ScriptedDrag>;

/// Throws Error{input} naming `where` and the entry.
std::vector<ScriptEntry> parse_script(const std::string& text, const std::string& where);

} // namespace attnscope::ui
