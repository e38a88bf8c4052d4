#include "state/shortcuts.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace attnscope::ui {

namespace {

struct NamedKey {
    std::string_view name;
    ImGuiKey key;
};
constexpr std::array named_keys{
    NamedKey{",", ImGuiKey_Comma},       NamedKey{".", ImGuiKey_Period},       NamedKey{"+", ImGuiKey_Equal},
    NamedKey{"=", ImGuiKey_Equal},       NamedKey{"-", ImGuiKey_Minus},        NamedKey{"/", ImGuiKey_Slash},
    NamedKey{";", ImGuiKey_Semicolon},   NamedKey{"[", ImGuiKey_LeftBracket},  NamedKey{"]", ImGuiKey_RightBracket},
    NamedKey{"Space", ImGuiKey_Space},   NamedKey{"Enter", ImGuiKey_Enter},    NamedKey{"Escape", ImGuiKey_Escape},
    NamedKey{"Tab", ImGuiKey_Tab},       NamedKey{"Left", ImGuiKey_LeftArrow}, NamedKey{"Right", ImGuiKey_RightArrow},
    NamedKey{"Up", ImGuiKey_UpArrow},    NamedKey{"Down", ImGuiKey_DownArrow}, NamedKey{"Home", ImGuiKey_Home},
    NamedKey{"End", ImGuiKey_End},       NamedKey{"PageUp", ImGuiKey_PageUp},  NamedKey{"PageDown", ImGuiKey_PageDown},
    NamedKey{"Delete", ImGuiKey_Delete},
};

std::optional<ImGuiKey> parse_key(std::string_view name) {
    if (name.size() == 1) {
        const char c = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
        if (c >= 'A' && c <= 'Z') return static_cast<ImGuiKey>(ImGuiKey_A + (c - 'A'));
        if (c >= '0' && c <= '9') return static_cast<ImGuiKey>(ImGuiKey_0 + (c - '0'));
    }
    if (name.size() >= 2 && name.size() <= 3 && name[0] == 'F') {
        const int number = std::atoi(std::string(name.substr(1)).c_str());
        if (number >= 1 && number <= 12) return static_cast<ImGuiKey>(ImGuiKey_F1 + (number - 1));
    }
    for (const auto& [known, key] : named_keys)
        if (name == known) return key;
    return std::nullopt;
}

bool is_function_key(ImGuiKey key) {
    return key >= ImGuiKey_F1 && key <= ImGuiKey_F12;
}

/// Chords that editing a text needs.
bool used_by_text_fields(ImGuiKeyChord chord) {
    const auto key = static_cast<ImGuiKey>(chord & ~ImGuiMod_Mask_);
    if (is_function_key(key)) return false;
    if (!(chord & ImGuiMod_Ctrl)) return true;
    static constexpr std::array editing{ImGuiKey_A, ImGuiKey_C, ImGuiKey_V, ImGuiKey_X, ImGuiKey_Y, ImGuiKey_Z};
    return std::find(editing.begin(), editing.end(), key) != editing.end();
}

bool pressed(ImGuiKeyChord chord, bool repeat) {
    const auto key = static_cast<ImGuiKey>(chord & ~ImGuiMod_Mask_);
    const ImGuiIO& io = ImGui::GetIO();
    ImGuiKeyChord held = io.KeyMods;
    // "+" needs Shift on many keyboards, and has a key of its own on the keypad.
    if (key == ImGuiKey_Equal) {
        if ((held & ~ImGuiMod_Shift) == (chord & ImGuiMod_Mask_) &&
            (ImGui::IsKeyPressed(ImGuiKey_Equal, repeat) || ImGui::IsKeyPressed(ImGuiKey_KeypadAdd, repeat)))
            return true;
        return false;
    }
    if (held != (chord & ImGuiMod_Mask_)) return false;
    if (key == ImGuiKey_Minus && ImGui::IsKeyPressed(ImGuiKey_KeypadSubtract, repeat)) return true;
    return ImGui::IsKeyPressed(key, repeat);
}

} // namespace

ImGuiKeyChord parse_chord(std::string_view text) {
    const std::string_view whole = text;
    ImGuiKeyChord chord = 0;
    const auto take = [&text](std::string_view prefix) {
        if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
        text.remove_prefix(prefix.size());
        return true;
    };
    for (bool again = true; again;) {
        again = false;
        if (take("Ctrl+")) chord |= ImGuiMod_Ctrl, again = true;
        if (take("Shift+")) chord |= ImGuiMod_Shift, again = true;
        if (take("Alt+")) chord |= ImGuiMod_Alt, again = true;
        if (take("Super+")) chord |= ImGuiMod_Super, again = true;
    }
    const auto key = parse_key(text);
    if (!key) throw Error(ErrorKind::usage, "keys", "such as Ctrl+Shift+K, F5 or .", std::string(whole));
    return chord | *key;
}

std::string shortcut_of(const CommandSpec& spec, const Preferences& preferences) {
    const auto own = preferences.shortcuts.find(spec.id);
    return own == preferences.shortcuts.end() ? spec.shortcut : own->second;
}

std::vector<Command> pressed_commands(const CommandRegistry& registry, const AppState& state) {
    std::vector<Command> out;
    const bool typing = ImGui::GetIO().WantTextInput;
    const auto consider = [&](const std::string& keys, Command command) {
        if (keys.empty()) return;
        const ImGuiKeyChord chord = parse_chord(keys);
        if (typing && used_by_text_fields(chord)) return;
        static constexpr std::array repeating{"playback.back", "playback.forward", "view.zoom_in",
                                              "view.zoom_out", "edit.undo",        "edit.redo"};
        const bool repeat = std::find(repeating.begin(), repeating.end(), command.id) != repeating.end();
        if (pressed(chord, repeat)) out.push_back(std::move(command));
    };
    for (const auto& spec : registry.all()) {
        try {
            consider(shortcut_of(spec, state.preferences), {spec.id, {}});
        } catch (const Error&) {
            // A chord in the preferences that cannot be read leaves its command without one.
        }
    }
    return out;
}

} // namespace attnscope::ui
