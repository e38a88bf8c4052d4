// Softmax gradient: the metric of the heads, the sequences, and what plays.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/field_commands.h"
#include "ui/analyses/jacobian/state/describe.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

int within(const char* name, std::int64_t value, std::int64_t end) {
    if (value < 0 || value >= end)
        throw Error(ErrorKind::usage, name, "0 … " + std::to_string(end - 1), std::to_string(value));
    return static_cast<int>(value);
}

bool has_heads(const AppState& state) {
    return state.model() || state.captures();
}

/// The slots as they are after the commands before this one in the same frame.
JacobianSlots& slots_of(AppState& state, Services& services) {
    JacobianSlots& slots = services.jacobian();
    slots.begin_frame(state, services.attention().read());
    return slots;
}

/// A command that moves one field of the selection within what is looked into: captured maps have no model to ask.
template <class End>
CommandSpec cursor_command(const std::string& name, const std::string& title, int Selection::*which, End end) {
    const std::string id = "jacobian." + name;
    return {id,
            title,
            "",
            "",
            {integer_parameter("value", "counted from 0")},
            [id, name, which, end](AppState& state, Services& services,
                                   const Arguments& arguments) -> std::optional<Command> {
                const int value = within(name.c_str(), integer(arguments, "value"), end(slots_of(state, services)));
                const std::int64_t before = std::max(state.view.selection.*which, 0);
                if (state.view.selection.*which == value) return std::nullopt;
                state.view.selection.*which = value;
                return command(id, {{"value", before}});
            },
            has_heads,
            {},
            CommandKind::view};
}

std::optional<Command> advance_jacobian(AppState& state, Services& services, int frames, bool wrap) {
    if (state.timeline() == Timeline::step) return advance_training(state, services, frames, wrap);
    JacobianSlots& slots = slots_of(state, services);
    const auto next_of = [&](std::int64_t now, std::int64_t count) { return next_frame(now, count, frames, wrap); };
    if (slots.sequences() == 0 || slots.layers() == 0) return std::nullopt;
    const jacobian::View view = slots.view();
    Selection& selection = state.view.selection;
    if (state.timeline() == Timeline::layer) {
        const std::int64_t before = selection.layer;
        const auto next = next_of(view.layer, slots.layers());
        if (next == before) return std::nullopt;
        selection.layer = static_cast<int>(next);
        return command("jacobian.layer", {{"value", before}});
    }
    // Rows of the sequence that is looked at.
    const std::int64_t before = std::max(selection.token, 0);
    const auto length = static_cast<std::int64_t>(slots.length());
    const auto next = static_cast<std::int64_t>(view.sequence) * length + next_of(view.row, length);
    if (next == selection.token) return std::nullopt;
    selection.token = static_cast<int>(next);
    return command("jacobian.row", {{"value", before}});
}

void add_jacobian_commands(CommandRegistry& registry) {
    add_field_commands(registry,
                       {"jacobian", Workspace::jacobian, [](View& view) { return fields_of(view.jacobian); }, {}});
    registry.add(
        {"jacobian.select",
         "Select a head and look at its gradient",
         "",
         "",
         {integer_parameter("layer", "counted from 0"), integer_parameter("head", "counted from 0")},
         [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
             const JacobianSlots& slots = slots_of(state, services);
             const int layer = within("layer", integer(arguments, "layer"), slots.layers());
             const int head = within("head", integer(arguments, "head"), slots.heads());
             Selection& selection = state.view.selection;
             if (selection.layer == layer && selection.head == head) return std::nullopt;
             Arguments before{{"layer", std::int64_t{selection.layer}}, {"head", std::int64_t{selection.head}}};
             selection.layer = layer;
             selection.head = head;
             return command("jacobian.select", std::move(before));
         },
         has_heads,
         {},
         CommandKind::view});
    registry.add(cursor_command("layer", "Layer of the softmax gradient", &Selection::layer,
                                [](const JacobianSlots& slots) { return slots.layers(); }));
    registry.add(cursor_command("head", "Head of the softmax gradient", &Selection::head,
                                [](const JacobianSlots& slots) { return slots.heads(); }));
    registry.add(
        cursor_command("row", "Query row of the softmax gradient", &Selection::token, [](const JacobianSlots& slots) {
            return static_cast<std::int64_t>(slots.length() * slots.sequences());
        }));
    registry.add({"selection.capture",
                  "Look into captured maps",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::capture);
                      if (id == state.view.selection.capture && state.view.workspace == Workspace::jacobian)
                          return std::nullopt;
                      Command inverse = former_view();
                      state.view.selection.capture = id;
                      services.enter(state, Workspace::jacobian);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
}

/// Commands before this one in the same frame count.
std::string pin_jacobian(const AppState& state, Services& services, View& pinned) {
    services.jacobian().begin_frame(state, services.attention().read());
    const jacobian::View shown = services.jacobian().view();
    pinned.selection.layer = shown.layer;
    pinned.selection.head = shown.head;
    std::string title = shown.name + " · " + std::to_string(services.jacobian().sequences()) + " × " +
                        std::to_string(services.jacobian().length()) + " tokens";
    if (services.training().experiment().result)
        title += " · training seed " + std::to_string(state.view.training.seed);
    return title;
}

} // namespace

Analysis jacobian_analysis() {
    return {.workspace = Workspace::jacobian,
            .id = "jacobian",
            .title = "Softmax gradient",
            .timelines = {Timeline::token, Timeline::layer, Timeline::step},
            .panel_ids = jacobian::panel_ids,
            .leading_panel = "jacobian.map",
            .reads_models = true,
            .has_something = [](const AppState&) { return true; }, // the training needs no model
            .advance = advance_jacobian,
            .pin = pin_jacobian,
            .add_commands =
                [](CommandRegistry& registry) {
                    add_jacobian_training_commands(registry);
                    add_jacobian_commands(registry);
                }};
}

} // namespace attnscope::ui
