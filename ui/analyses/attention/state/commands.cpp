// Attention: the model, the text, the gain, the cell that is looked at, and how the panels show it.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/command_json.h"
#include "state/field_commands.h"
#include "state/references.h"
#include "ui/analyses/attention/state/describe.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

std::optional<Command> set_prompt(AppState& state, SourceId id, std::int64_t text) {
    Selection& selection = state.view.selection;
    if (selection.prompt == id && selection.text == text) return std::nullopt;
    Command inverse = former_view();
    selection.prompt = id;
    selection.text = static_cast<int>(text);
    return inverse;
}

/// Throws Error{usage} for a cell that the model does not have.
void check_cell(const AppState& state, std::int64_t layer, std::int64_t head) {
    const ModelPtr model = required_model(state);
    const auto check = [](const char* name, std::int64_t value, std::int64_t count) {
        if (value < 0 || value >= count)
            throw Error(ErrorKind::usage, name, "0 … " + std::to_string(count - 1), std::to_string(value));
    };
    check("layer", layer, model->config().layers);
    check("head", head, model->config().heads);
}

CommandSpec cell_cursor(const std::string& name, const std::string& title, int Selection::*which) {
    const std::string id = "selection." + name;
    return {id,
            title,
            "",
            "",
            {integer_parameter("value", "counted from 0")},
            [id, which, name](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                const auto value = integer(arguments, "value");
                check_cell(state, name == "layer" ? value : 0, name == "head" ? value : 0);
                int& field = state.view.selection.*which;
                const std::int64_t before = field;
                if (before == value) return std::nullopt;
                field = static_cast<int>(value);
                return command(id, {{"value", before}});
            },
            has_model,
            {},
            CommandKind::view};
}

std::optional<Command> set_token(AppState& state, std::int64_t value) {
    const std::int64_t before = state.view.selection.token;
    if (before == value) return std::nullopt;
    state.view.selection.token = static_cast<int>(value);
    return command("selection.token", {{"value", before}});
}

std::optional<Command> set_gain(AppState& state, double value) {
    const double before = state.view.selection.gain;
    if (value == before) return std::nullopt;
    state.view.selection.gain = value;
    return command("selection.gain", {{"value", before}});
}

void add_cursors(CommandRegistry& registry) {
    registry.add(cell_cursor("layer", "Set the layer", &Selection::layer));
    registry.add(cell_cursor("head", "Set the head", &Selection::head));
    registry.add({"attention.cell",
                  "Select a head of a layer",
                  "",
                  "",
                  {integer_parameter("layer", "counted from 0"), integer_parameter("head", "counted from 0")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto layer = integer(arguments, "layer"), head = integer(arguments, "head");
                      check_cell(state, layer, head);
                      Selection& selection = state.view.selection;
                      const std::int64_t layer_before = selection.layer, head_before = selection.head;
                      if (layer == layer_before && head == head_before) return std::nullopt;
                      selection.layer = static_cast<int>(layer);
                      selection.head = static_cast<int>(head);
                      return command("attention.cell", {{"layer", layer_before}, {"head", head_before}});
                  },
                  has_model,
                  {},
                  CommandKind::view});
    registry.add({"selection.token",
                  "Set the query token",
                  "",
                  "",
                  {integer_parameter("value", "counted from 0; -1 = the last one")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const auto value = integer(arguments, "value");
                      const auto read = services.attention().read();
                      const std::int64_t last = read ? std::ssize(read->ids) - 1 : 1'000'000;
                      if (value < -1 || value > last)
                          throw Error(ErrorKind::usage, "token", "-1 … " + std::to_string(last), std::to_string(value));
                      return set_token(state, value);
                  },
                  has_model,
                  {},
                  CommandKind::view});
    registry.add({"selection.gain",
                  "Set the gain",
                  "",
                  "",
                  {number_parameter("value", "1 = the model, ⅛ … 64")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      const double value = number(arguments, "value");
                      if (value < 0.125 || value > 64)
                          throw Error(ErrorKind::usage, "gain", "0.125 … 64", value_text(value));
                      return set_gain(state, value);
                  },
                  has_model,
                  {},
                  CommandKind::view});
    registry.add({"attention.gain_default",
                  "Gain to 1, the model",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) -> std::optional<Command> {
                      if (!state.view.attention.top_one) return set_gain(state, 1);
                      Command inverse = former_view();
                      state.view.attention.top_one = false;
                      state.view.selection.gain = 1;
                      return inverse;
                  },
                  has_model,
                  {},
                  CommandKind::view});
}

void add_texts(CommandRegistry& registry) {
    registry.add({"selection.model",
                  "Select a model",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::model);
                      if (id == state.view.selection.model) return std::nullopt;
                      Command inverse = former_view();
                      services.select_model(state, id);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"selection.prompt",
                  "Read a prompt or a text of a set",
                  "",
                  "",
                  {integer_parameter("source", "its number"),
                   integer_parameter("text", "which of a set, from 0", Value(std::int64_t{0}))},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      const auto number = integer(arguments, "source"), index = integer(arguments, "text");
                      const Source* source = source_numbered(state, number);
                      if (!source || (source->kind != SourceKind::prompt && source->kind != SourceKind::texts))
                          throw Error(ErrorKind::usage, "source", "the number of an open prompt or set of texts",
                                      std::to_string(number));
                      const std::int64_t count = source->texts ? std::ssize(*source->texts) : 1;
                      if (index < 0 || index >= count)
                          throw Error(ErrorKind::usage, "text", "0 … " + std::to_string(count - 1),
                                      std::to_string(index));
                      return set_prompt(state, source->id, index);
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"attention.text",
                  "Read a typed text",
                  "",
                  "",
                  {text_parameter("text", "what the model reads")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const std::string& wanted = text(arguments, "text");
                      if (wanted.find_first_not_of(" \t\r\n") == std::string::npos)
                          throw Error(ErrorKind::usage, "text", "at least a word", "nothing");
                      const auto known = std::ranges::find_if(state.sources, [&](const Source& source) {
                          return source.kind == SourceKind::prompt && source.prompt == wanted;
                      });
                      const SourceId id = known != state.sources.end() ? known->id : services.add_prompt(state, wanted);
                      return set_prompt(state, id, 0);
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"source.open_as_model",
                  "Open an encoder as a model",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::encoder);
                      services.open_as_model(state, std::filesystem::path(state.find(id)->path));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

std::optional<Command> advance_attention(AppState& state, Services& services, int frames, bool wrap) {
    AttentionSlots& slots = services.attention();
    slots.begin_frame(state); // commands before this one in the same frame count
    const auto next_of = [&](std::int64_t now, std::int64_t count) { return next_frame(now, count, frames, wrap); };
    switch (state.playback.timeline(Workspace::attention)) {
    case Timeline::layer: {
        const std::int64_t before = state.view.selection.layer;
        const auto next = next_of(slots.layer(), required_model(state)->config().layers);
        if (next == before) return std::nullopt;
        state.view.selection.layer = static_cast<int>(next);
        return command("selection.layer", {{"value", before}});
    }
    case Timeline::gain: {
        const auto axis = attention::gain_axis();
        const double shown = state.view.selection.gain;
        const auto at = std::ranges::min_element(axis, {}, [shown](double g) { return std::abs(std::log(g / shown)); });
        return set_gain(state, axis[static_cast<std::size_t>(next_of(at - axis.begin(), std::ssize(axis)))]);
    }
    default: break;
    }
    const auto read = slots.read();
    if (!read || read->ids.empty()) return std::nullopt;
    return set_token(state, next_of(slots.token(), std::ssize(read->ids)));
}

void add_attention_commands(CommandRegistry& registry) {
    add_cursors(registry);
    add_texts(registry);
    add_field_commands(registry,
                       {"attention", Workspace::attention, [](View& view) { return fields_of(view.attention); }, {}});
    registry.add(
        {"attention.gain_scope",
         "Choose what the gain turns",
         "",
         "",
         {text_parameter("scope", "the selected head alone, or every layer of a forward pass", {}, {"head", "layers"})},
         [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
             const bool before = state.view.attention.every_layer, wanted = text(arguments, "scope") == "layers";
             if (before == wanted) return std::nullopt;
             state.view.attention.every_layer = wanted;
             return command("attention.gain_scope", {{"scope", std::string(before ? "layers" : "head")}});
         },
         {},
         {},
         CommandKind::view});
    registry.add({"attention.head_bank",
                  "Use this head as a bank",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) -> std::optional<Command> {
                      Command inverse = former_view();
                      services.use_head_as_bank(state);
                      return inverse;
                  },
                  has_model,
                  {},
                  CommandKind::world});
}

/// Commands before this one in the same frame count.
std::string pin_attention(const AppState& state, Services& services, View& pinned) {
    AttentionSlots& slots = services.attention();
    slots.begin_frame(state);
    Selection& selection = pinned.selection;
    selection.layer = slots.layer();
    selection.head = slots.head();
    const Source* const model = state.model_source();
    std::string title = (model ? model->name : std::string("model")) + " · L" + std::to_string(slots.layer()) + " H" +
                        std::to_string(slots.head());
    if (slots.gain() != 1) title += " · gain " + readable_gain(slots.gain());
    return title;
}

} // namespace

Analysis attention_analysis() {
    return {.workspace = Workspace::attention,
            .id = "attention",
            .title = "Attention",
            .timelines = {Timeline::token, Timeline::layer, Timeline::gain},
            .panel_ids = attention::panel_ids,
            .leading_panel = "attention.heads",
            .reads_models = true,
            .has_something = has_model,
            .advance = advance_attention,
            .pin = pin_attention,
            .add_commands = add_attention_commands};
}

} // namespace attnscope::ui
