// Session files, and what the program keeps between its runs: preferences and the docking layout.
#pragma once

#include "state/app_state.h"
#include "state/commands.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// A session as read from its file. Sources keep the numbers they had, so that the view can name them.
struct Session {
    struct SavedSource {
        Source source;        ///< id, kind, name, path, prompt; a bank made in the window carries its values
        std::string sha256;   ///< of the file; empty when it was not known
        bool letters = false; ///< the toy bank
    };
    std::vector<SavedSource> sources;
    View view;
    std::optional<Pin> pinned;
    Playback playback;
    std::optional<Device> device; ///< none where the file says none
    std::string layout;
    History history;
};

/// JSON of a session. `hashes`: SHA-256 of the files of sources; `device`: where the window computes.
std::string session_json(const AppState& state, const std::map<SourceId, std::string>& hashes, const History& history,
                         const Device& device = {});
/// Throws Error{input} naming `where` and the field.
Session parse_session(const std::string& text, const std::string& where);
/// The same of a file of at most 256 MiB.
Session read_session(const std::filesystem::path& path);

/// XDG_CONFIG_HOME/attnscope, else ~/.config/attnscope; empty without a home.
std::filesystem::path config_folder();
/// What was kept, or the defaults: an unreadable preferences file must not keep the window from opening.
Preferences load_preferences(const std::filesystem::path& folder);
std::string load_layout(const std::filesystem::path& folder);
/// Failing to keep them is silent: it happens at every change, and nothing the user made is lost.
void keep_preferences(const std::filesystem::path& folder, const Preferences& preferences);
void keep_layout(const std::filesystem::path& folder, const std::string& layout);

} // namespace attnscope::ui
