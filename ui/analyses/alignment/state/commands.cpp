// Alignment: what operators are compared, the anchor and the head that are looked at.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/field_commands.h"
#include "ui/analyses/alignment/state/describe.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

DescribedOptions described() {
    return {"alignment", Workspace::alignment, [](View& view) { return fields_of(view.alignment); }, {}};
}

std::int64_t within(const char* name, std::int64_t value, std::int64_t least, std::int64_t end) {
    if (value < least || value >= end)
        throw Error(ErrorKind::usage, name, std::to_string(least) + " to " + std::to_string(end - 1),
                    std::to_string(value));
    return value;
}

/// Layers and heads of what is compared now; commands before this one in the same frame count.
AlignmentSlots& current(AppState& state, Services& services) {
    services.alignment().begin_frame(state);
    return services.alignment();
}

void add_operators(CommandRegistry& registry) {
    add_field_commands(registry, described());
    registry.add({"alignment.grams",
                  "Compare a file of grams",
                  "",
                  "",
                  {integer_parameter("source", "its number; 0 = the model")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const std::int64_t wanted = integer(arguments, "source");
                      const SourceId id = wanted == 0 ? 0 : source_of_kind(state, wanted, SourceKind::grams);
                      const SourceId before = state.view.alignment.grams;
                      if (id == before) return std::nullopt;
                      state.view.alignment.grams = id;
                      services.enter(state, Workspace::alignment);
                      return command("alignment.grams", {{"source", std::int64_t{before}}});
                  },
                  {},
                  {},
                  CommandKind::view});
}

void add_cursor(CommandRegistry& registry) {
    registry.add({"alignment.anchor",
                  "Set the anchor",
                  "",
                  "",
                  {integer_parameter("value", "layer, counted from 0; -1 = the last")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const std::int64_t before = state.view.alignment.anchor, wanted = integer(arguments, "value");
                      const int layers = current(state, services).layers();
                      within("anchor", wanted, -1, layers > 0 ? layers : 1 << 24);
                      if (before == wanted) return std::nullopt;
                      state.view.alignment.anchor = static_cast<int>(wanted);
                      return command("alignment.anchor", {{"value", before}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"alignment.head",
                  "Look at one head's alignment",
                  "",
                  "",
                  {integer_parameter("value", "counted from 0; -1 = the mean over heads")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const std::int64_t wanted = integer(arguments, "value");
                      const int heads = current(state, services).heads();
                      within("head", wanted, -1, heads > 0 ? heads : 1 << 24);
                      AlignmentOptions& options = state.view.alignment;
                      int& head = state.view.selection.head;
                      if (options.all_heads == (wanted < 0) && (wanted < 0 || head == wanted)) return std::nullopt;
                      Command inverse = former_view();
                      options.all_heads = wanted < 0;
                      if (wanted >= 0) head = static_cast<int>(wanted);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"alignment.select",
                  "Compare a layer with an anchor",
                  "",
                  "",
                  {integer_parameter("layer", "counted from 0"), integer_parameter("anchor", "counted from 0")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const int layers = current(state, services).layers();
                      const auto layer = within("layer", integer(arguments, "layer"), 0, layers);
                      const auto anchor = within("anchor", integer(arguments, "anchor"), 0, layers);
                      if (state.view.selection.layer == layer && state.view.alignment.anchor == anchor)
                          return std::nullopt;
                      Command inverse = former_view();
                      state.view.selection.layer = static_cast<int>(layer);
                      state.view.alignment.anchor = static_cast<int>(anchor);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
}

std::optional<Command> advance_alignment(AppState& state, Services& services, int frames, bool wrap) {
    AlignmentSlots& slots = current(state, services);
    const std::int64_t count = slots.layers();
    if (count == 0) return std::nullopt;
    const bool of_anchor = state.playback.timeline(Workspace::alignment) == Timeline::anchor;
    const alignment::View view = slots.view();
    const std::int64_t now = of_anchor ? view.anchor : view.layer;
    const std::int64_t next = next_frame(now, count, frames, wrap);
    if (next == now) return std::nullopt;
    if (of_anchor) {
        const std::int64_t before = std::exchange(state.view.alignment.anchor, static_cast<int>(next));
        return command("alignment.anchor", {{"value", before}});
    }
    const std::int64_t before = std::exchange(state.view.selection.layer, static_cast<int>(next));
    return command("selection.layer", {{"value", before}});
}

void add_alignment_commands(CommandRegistry& registry) {
    add_operators(registry);
    add_cursor(registry);
}

/// Commands before this one in the same frame count.
std::string pin_alignment(const AppState& state, Services& services, View& pinned) {
    services.alignment().begin_frame(state);
    const alignment::View shown = services.alignment().view();
    pinned.alignment.anchor = shown.anchor;
    const Source* const grams = state.find(state.view.alignment.grams);
    const Source* const source = grams ? grams : state.model_source();
    std::string title = (source ? source->name : "") + " · " +
                        (state.view.alignment.kind == alignment::Operator::qk ? "QK" : "OV") + " · anchor " +
                        std::to_string(shown.anchor);
    if (shown.head >= 0) title += " · H" + std::to_string(shown.head);
    return title;
}

} // namespace

Analysis alignment_analysis() {
    return {.workspace = Workspace::alignment,
            .id = "alignment",
            .title = "Alignment",
            .timelines = {Timeline::anchor, Timeline::layer},
            .panel_ids = alignment::panel_ids,
            .leading_panel = "alignment.map",
            .reads_models = true,
            .has_something =
                [](const AppState& state) { return state.model() != nullptr || state.view.alignment.grams != 0; },
            .advance = advance_alignment,
            .pin = pin_alignment,
            .add_commands = add_alignment_commands};
}

} // namespace attnscope::ui
