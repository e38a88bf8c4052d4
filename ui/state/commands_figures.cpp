// Figures: copying and writing what a panel shows; and help.
#include "state/command_helpers.h"
#include "state/command_json.h"
#include "state/figure_python.h"

#include "state/shortcuts.h"

namespace attnscope::ui {

namespace {

/// The panel meant: the argument, else the outlined one.
std::string meant_panel(const AppState& state, const Arguments& arguments) {
    auto panel = text_or(arguments, "panel", state.view.outlined_panel);
    if (panel.empty()) throw Error(ErrorKind::usage, "panel", "a panel's id, or a click into a panel first", "none");
    return panel;
}

Parameter panel_parameter() {
    return text_parameter("panel", "its id; the outlined one without", Value(""));
}

} // namespace

void add_figure_commands(CommandRegistry& registry) {
    registry.add(
        {"figure.export",
         "Export figure…",
         "Figures",
         "Ctrl+E",
         {panel_parameter(), text_parameter("path", "svg, pdf, png, csv, json, npz or py; asks without", Value("")),
          text_parameter("format", "what the dialog starts with", Value(""),
                         {"", "svg", "pdf", "png", "csv", "json", "npz", "py"}),
          text_parameter("style", "a built-in style or a JSON file", Value("")),
          number_parameter("width", "in millimetres; 0 = the style's own", Value(0.0)),
          number_parameter("dpi", "of a PNG", Value(300.0)),
          flag_parameter("recipe", "write how it was made into it", Value(true))},
         [](AppState& state, Services& services, const Arguments& arguments) {
             const auto panel = meant_panel(state, arguments);
             const double dpi = number(arguments, "dpi");
             if (dpi < 20 || dpi > 2400) throw Error(ErrorKind::usage, "dpi", "20 … 2400", value_text(dpi));
             const double width = number(arguments, "width");
             if (width != 0 && (width < 20 || width > 1000))
                 throw Error(ErrorKind::usage, "width", "20 … 1000 mm", value_text(width));
             if (text(arguments, "path").empty()) {
                 state.export_panel = panel;
                 state.export_format = text(arguments, "format");
             } else {
                 const auto style = text_or(arguments, "style", state.preferences.figure_style);
                 services.export_figure(state, {panel, style, width, dpi, {}}, text(arguments, "path"),
                                        flag(arguments, "recipe"));
             }
             return no_undo();
         },
         {},
         {},
         CommandKind::world});
    registry.add({"figure.close_export",
                  "Close the export dialog",
                  "",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.export_panel.clear();
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"figure.style",
                  "Choose the style of figures",
                  "",
                  "",
                  {text_parameter("style", "a built-in style or a JSON file")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      find_style(text(arguments, "style"));
                      state.preferences.figure_style = text(arguments, "style");
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"figure.copy_data",
                  "Copy the data of a panel",
                  "Figures",
                  "Ctrl+C",
                  {panel_parameter()},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const Figure figure = services.figure(meant_panel(state, arguments));
                      services.copy(figure_csv(figure, '\t'));
                      state.notify("Copied the data of " + figure.title);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"figure.copy_python",
                  "Copy as Python",
                  "Figures",
                  "",
                  {panel_parameter()},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const Figure figure = services.figure(meant_panel(state, arguments));
                      services.copy(figure_python(figure));
                      state.notify("Copied " + figure.title + " as Python");
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"figure.copy_recipe",
                  "Copy recipe",
                  "Figures",
                  "",
                  {panel_parameter()},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.copy_recipe(state, meant_panel(state, arguments));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

void add_help_commands(CommandRegistry& registry) {
    registry.add({"help.keys",
                  "Keys and commands",
                  "Help",
                  "F1",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.help_open = !state.help_open;
                      return no_undo();
                  },
                  {},
                  [](const AppState& state) { return state.help_open; },
                  CommandKind::world});
    registry.add({"help.panel",
                  "Explain a panel",
                  "Help",
                  "Shift+F1",
                  {panel_parameter()},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      state.help_panel = meant_panel(state, arguments);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"help.hints",
                  "Hints in the status bar",
                  "Help",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.preferences.hints = !state.preferences.hints;
                      return no_undo();
                  },
                  {},
                  [](const AppState& state) { return state.preferences.hints; },
                  CommandKind::world});
    registry.add({"help.rebind",
                  "Change a shortcut",
                  "",
                  "",
                  {text_parameter("command", "its id"),
                   text_parameter("keys", "such as Ctrl+Shift+K; empty = none; default = as it came")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      const std::string& keys = text(arguments, "keys");
                      auto& shortcuts = state.preferences.shortcuts;
                      if (keys == "default") {
                          shortcuts.erase(text(arguments, "command"));
                      } else {
                          if (!keys.empty()) parse_chord(keys);
                          shortcuts[text(arguments, "command")] = keys;
                      }
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

} // namespace attnscope::ui
