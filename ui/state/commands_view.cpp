// Edit and View: history, panels, layout, theme, zoom, the pinned view.
#include "state/analysis.h"
#include "state/command_helpers.h"

#include "state/command_json.h"
#include "state/references.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr float zoom_low = 0.5f, zoom_high = 3, zoom_step = 1.1f;

std::optional<Command> set_zoom(AppState& state, double zoom) {
    state.preferences.zoom = static_cast<float>(std::clamp<double>(zoom, zoom_low, zoom_high));
    return std::nullopt;
}

CommandSpec toggle(std::string id, std::string title, std::string menu, std::string shortcut,
                   bool Preferences::*which) {
    return {std::move(id),
            std::move(title),
            std::move(menu),
            std::move(shortcut),
            {},
            [which](AppState& state, Services&, const Arguments&) {
                state.preferences.*which = !(state.preferences.*which);
                return no_undo();
            },
            {},
            [which](const AppState& state) { return state.preferences.*which; },
            CommandKind::world};
}

CommandSpec zoom_command(std::string id, std::string title, std::string shortcut, float factor) {
    return {std::move(id),
            std::move(title),
            "View",
            std::move(shortcut),
            {},
            [factor](AppState& state, Services&, const Arguments&) {
                return set_zoom(state, factor == 0 ? 1 : state.preferences.zoom * factor);
            },
            {},
            {},
            CommandKind::world};
}

CommandSpec theme_command(std::string id, std::string title, Theme theme) {
    return {std::move(id),
            std::move(title),
            "View/Theme",
            "",
            {},
            [theme](AppState& state, Services&, const Arguments&) {
                state.preferences.theme = theme;
                return no_undo();
            },
            {},
            [theme](const AppState& state) { return state.preferences.theme == theme; },
            CommandKind::world};
}

/// Opens the entry of a number that becomes the argument of another command.
CommandSpec type_command(std::string id, std::string title, std::string shortcut, std::string which) {
    return {std::move(id),
            std::move(title),
            "",
            std::move(shortcut),
            {},
            [which](AppState& state, Services&, const Arguments&) {
                state.typed_command = which;
                return no_undo();
            },
            {},
            {},
            CommandKind::world};
}

bool can_pin(const AppState& state) {
    return analysis_of(state.view.workspace).has_something(state);
}

/// The view as it is shown, under a name that tells it apart.
Pin pin_of(const AppState& state, Services& services) {
    Pin pin{"", state.view};
    pin.title = analysis_of(state.view.workspace).pin(state, services, pin.view);
    return pin;
}

/// The panel that is named. Throws Error{usage} for an id that is none's.
std::string panel_of(const Services& services, const Arguments& arguments) {
    const std::string& id = text(arguments, "panel");
    if (!services.is_panel(id)) throw Error(ErrorKind::usage, "panel", "a panel's id", id);
    return id;
}

/// A view from another time: refused where what it shows is closed by now, without what else is not there.
void make_usable(View& view, const AppState& state, const Services& services) {
    const SourceKinds open = source_kinds(state);
    require_sources(view, open);
    forget_missing(view, open);
    std::erase_if(view.open_panels, [&](const std::string& id) { return !services.is_panel(id); });
    if (!services.is_panel(view.outlined_panel)) view.outlined_panel.clear();
}

std::optional<Command> go_to(AppState& state, Services& services, Workspace workspace) {
    const Workspace before = state.view.workspace;
    if (workspace == before) return std::nullopt;
    services.enter(state, workspace);
    return command("view.workspace", {{"workspace", std::string(workspace_id(before))}});
}

} // namespace

Command former_view() {
    return command(former_view_id);
}

void add_edit_commands(CommandRegistry& registry) {
    // Carried out by the runner, which keeps the history.
    const auto by_the_runner = [](AppState&, Services&, const Arguments&) { return no_undo(); };
    registry.add({"edit.undo", "Undo", "Edit", "Ctrl+Z", {}, by_the_runner, {}, {}, CommandKind::world});
    registry.add({"edit.redo", "Redo", "Edit", "Ctrl+Shift+Z", {}, by_the_runner, {}, {}, CommandKind::world});
    registry.add(type_command("edit.type_beta", "Type β", "B", "retrieval.beta"));
    registry.add(type_command("edit.type_gain", "Type the gain", "G", "selection.gain"));
    registry.add(type_command("edit.type_layer", "Type the layer", "L", "selection.layer"));
    registry.add(type_command("edit.type_head", "Type the head", "H", "selection.head"));
    registry.add(type_command("edit.type_step", "Type the step", "", "retrieval.step"));
    registry.add({"edit.typed",
                  "Close the entry of a number",
                  "",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.typed_command.clear();
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add(type_command("edit.type_memory", "Type the memory to query with", "", "query.memory"));
}

void add_view_commands(CommandRegistry& registry) {
    std::vector<std::string> workspaces;
    for (const Workspace workspace : all_workspaces) workspaces.push_back(workspace_id(workspace));
    registry.add({"view.workspace",
                  "Go to a workspace",
                  "",
                  "",
                  {text_parameter("workspace", "which one", {}, workspaces)},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      return go_to(state, services, parse_workspace(text(arguments, "workspace")));
                  },
                  {},
                  {},
                  CommandKind::view});
    for (std::size_t i = 0; i < all_workspaces.size(); ++i) {
        const Workspace workspace = all_workspaces[i];
        registry.add({std::string("view.workspace_") + workspace_id(workspace),
                      workspace_name(workspace),
                      "Analyses",
                      "Ctrl+" + std::to_string(i + 1),
                      {},
                      [workspace](AppState& state, Services& services, const Arguments&) {
                          return go_to(state, services, workspace);
                      },
                      {},
                      [workspace](const AppState& state) { return state.view.workspace == workspace; },
                      CommandKind::view});
    }
    registry.add({"view.panel",
                  "Show or hide a panel",
                  "",
                  "",
                  {text_parameter("panel", "its id"), flag_parameter("open", "show it", Value(true))},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const std::string panel = panel_of(services, arguments);
                      const bool open = flag(arguments, "open"), was_open = state.view.open_panels.contains(panel);
                      if (open) state.focus_panel = panel;
                      if (open == was_open) return std::nullopt;
                      if (open)
                          state.view.open_panels.insert(panel);
                      else
                          state.view.open_panels.erase(panel);
                      return command("view.panel", {{"panel", panel}, {"open", was_open}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"view.outline",
                  "Outline a panel",
                  "",
                  "",
                  {text_parameter("panel", "its id; empty = none")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const bool none = text(arguments, "panel").empty();
                      state.view.outlined_panel = none ? "" : panel_of(services, arguments);
                      state.help_panel.clear(); // the Inspector explains the panel that is looked at
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({former_view_id,
                  "Put back parts of a view",
                  "",
                  "",
                  {text_parameter("changes", "the fields as JSON")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      View view = changed_view(state.view, text(arguments, "changes"), former_view_id);
                      make_usable(view, state, services);
                      if (view == state.view) return std::nullopt;
                      state.view = std::move(view);
                      return former_view();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"view.restore",
                  "Restore a view",
                  "",
                  "",
                  {text_parameter("view", "a view as JSON")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      View view = view_from_text(text(arguments, "view"), "view.restore view");
                      make_usable(view, state, services);
                      Command inverse = former_view();
                      state.view = std::move(view);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"view.reset_layout",
                  "Reset layout",
                  "View",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.layout_reset_wanted = true;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add(theme_command("view.theme_dark", "Dark", Theme::dark));
    registry.add(theme_command("view.theme_light", "Light", Theme::light));
    registry.add(zoom_command("view.zoom_in", "Larger", "Ctrl++", zoom_step));
    registry.add(zoom_command("view.zoom_out", "Smaller", "Ctrl+-", 1 / zoom_step));
    registry.add(zoom_command("view.zoom_reset", "Normal size", "Ctrl+0", 0));
    registry.add({"view.zoom",
                  "Set the size of the interface",
                  "",
                  "",
                  {number_parameter("value", "1 = normal, 0.5 … 3")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return set_zoom(state, number(arguments, "value"));
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add(toggle("view.presentation", "Presentation", "View", "F5", &Preferences::presentation));
    registry.add(toggle("view.full_screen", "Full screen", "View", "F11", &Preferences::full_screen));
    registry.add({"view.palette",
                  "Command palette…",
                  "View",
                  "Ctrl+P",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.palette_open = !state.palette_open;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"view.pin",
                  "Pin this view as A",
                  "View",
                  "",
                  {text_parameter("title", "its name", Value(""))},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      Pin pin = pin_of(state, services);
                      pin.title = text_or(arguments, "title", pin.title);
                      state.pinned = std::move(pin);
                      return no_undo();
                  },
                  can_pin,
                  {},
                  CommandKind::view});
    registry.add({"view.pin_model",
                  "Pin another model as A",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::model);
                      if (!reads_models(state.view.workspace)) services.enter(state, Workspace::attention);
                      Pin pin = pin_of(state, services);
                      pin.view.selection.model = id;
                      pin.view.alignment.grams = 0;
                      pin.title = state.find(id)->name;
                      state.pinned = std::move(pin);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"view.show_pin",
                  "Go to A",
                  "View",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) -> std::optional<Command> {
                      View pinned = required_pin(state).view;
                      make_usable(pinned, state, services);
                      Command inverse = former_view();
                      state.view.workspace = pinned.workspace;
                      state.view.selection = pinned.selection;
                      state.view.retrieval = pinned.retrieval;
                      state.view.attention = pinned.attention;
                      state.view.cv = pinned.cv;
                      state.view.alignment = pinned.alignment;
                      state.view.residual = pinned.residual;
                      state.view.training = pinned.training;
                      state.view.jacobian = pinned.jacobian;
                      return inverse;
                  },
                  [](const AppState& state) { return state.pinned.has_value(); },
                  {},
                  CommandKind::view});
    registry.add({"view.zoom_plot",
                  "Show a part of a plot",
                  "",
                  "",
                  {text_parameter("panel", "its id"), number_parameter("x_low", "left end, in data"),
                   number_parameter("x_high", "right end"), number_parameter("y_low", "the lower number"),
                   number_parameter("y_high", "the higher one"),
                   integer_parameter("axes", "which plot of the panel", Value(std::int64_t{0}))},
                  [](AppState&, Services& services, const Arguments& arguments) {
                      constexpr std::int64_t most_axes = 64;
                      const Zoom zoom{
                          static_cast<std::size_t>(checked("axes", integer(arguments, "axes"), 0, most_axes)),
                          {number(arguments, "x_low"), number(arguments, "x_high")},
                          {number(arguments, "y_low"), number(arguments, "y_high")}};
                      if (!(zoom.x[0] < zoom.x[1] && zoom.y[0] < zoom.y[1]))
                          throw Error(ErrorKind::usage, "part of a plot", "the lower end of each range first",
                                      value_text(zoom.x[0]) + " … " + value_text(zoom.x[1]));
                      services.want_zoom(panel_of(services, arguments), zoom);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"view.unpin",
                  "Unpin A",
                  "View",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.pinned.reset();
                      return no_undo();
                  },
                  [](const AppState& state) { return state.pinned.has_value(); },
                  {},
                  CommandKind::view});
}

} // namespace attnscope::ui
