// Key chords: "Ctrl+Shift+Z", "F5", ".", "B" as text, and from a pressed key to the command it runs.
#pragma once

#include "state/commands.h"

#include <imgui.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::ui {

/// Modifiers Ctrl, Shift, Alt, Super and one key: a letter, a digit, F1 … F12, a punctuation sign, or Space, Enter,
/// Escape, Tab, Left, Right, Up, Down, Home, End, PageUp, PageDown, Delete. Throws Error{usage}.
ImGuiKeyChord parse_chord(std::string_view text);

/// The chord of a command with the user's own choice considered; empty when it has none.
std::string shortcut_of(const CommandSpec& spec, const Preferences& preferences);

/// The commands whose chord was pressed in this frame. None while a text field has the keyboard, except chords with
/// Ctrl that no text field uses, and function keys.
std::vector<Command> pressed_commands(const CommandRegistry& registry, const AppState& state);

} // namespace attnscope::ui
