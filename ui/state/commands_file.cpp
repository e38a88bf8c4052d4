// File: sources, sessions, leaving.
#include "state/command_helpers.h"
#include "state/references.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

using FileDialog = AppState::FileDialog;

SourceId known_source(const AppState& state, const Arguments& arguments) {
    const auto number = integer(arguments, "source");
    const Source* const source = source_numbered(state, number);
    if (!source) throw Error(ErrorKind::usage, "source", "the number of an open source", std::to_string(number));
    return source->id;
}

} // namespace

void add_file_commands(CommandRegistry& registry) {
    registry.add({"file.open",
                  "Open…",
                  "File",
                  "Ctrl+O",
                  {text_parameter("path", "a bank, encoder folder, text file, session, result or figure; asks without",
                                  Value(""))},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      if (text(arguments, "path").empty())
                          state.file_dialog = FileDialog::open;
                      else
                          services.open(state, text(arguments, "path"));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"file.close_dialog",
                  "Close the file dialog",
                  "",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.file_dialog = FileDialog::none;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"file.sample",
                  "Open the sample",
                  "File",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.open_sample(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"file.embed",
                  "Embed a text file as a bank",
                  "",
                  "",
                  {text_parameter("path", "one memory a line; a tab separates a label from its text")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.embed_texts(state, text(arguments, "path"));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"source.unload",
                  "Unload a source",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.unload(state, known_source(state, arguments));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"source.retry",
                  "Load a source again",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.retry(state, known_source(state, arguments));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"source.locate",
                  "Locate a moved source…",
                  "",
                  "",
                  {integer_parameter("source", "its number"), text_parameter("path", "where it is now", Value(""))},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const SourceId id = known_source(state, arguments);
                      if (text(arguments, "path").empty()) {
                          state.file_dialog = FileDialog::locate;
                          state.locate_source = id;
                      } else {
                          services.locate(state, id, text(arguments, "path"));
                      }
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"session.open",
                  "Open session…",
                  "File",
                  "Ctrl+Shift+O",
                  {text_parameter("path", "a session file; asks without", Value(""))},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      if (text(arguments, "path").empty())
                          state.file_dialog = FileDialog::open_session;
                      else
                          services.open_session(state, text(arguments, "path"));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"session.save",
                  "Save session",
                  "File",
                  "Ctrl+S",
                  {text_parameter("path", "where; the session's own file without", Value(""))},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const auto path = text_or(arguments, "path", state.session_path.string());
                      if (path.empty())
                          state.file_dialog = FileDialog::save_session;
                      else
                          services.save_session(state, path);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"session.save_as",
                  "Save session as…",
                  "File",
                  "Ctrl+Shift+S",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.file_dialog = FileDialog::save_session;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"file.clear_recent",
                  "Forget recent files",
                  "File",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.preferences.recent.clear();
                      return no_undo();
                  },
                  [](const AppState& state) { return !state.preferences.recent.empty(); },
                  {},
                  CommandKind::world});
    registry.add({"file.stay",
                  "Do not quit",
                  "",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.quit_wanted = false;
                      return no_undo();
                  },
                  [](const AppState& state) { return state.quit_wanted; },
                  {},
                  CommandKind::world});
    registry.add({"file.quit",
                  "Quit",
                  "File",
                  "Ctrl+Q",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.quit_wanted = true;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

} // namespace attnscope::ui
