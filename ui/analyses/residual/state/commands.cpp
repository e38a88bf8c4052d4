// Low-rank residuals: what is swept, which heads are replaced, and the rank and block that are looked at.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/field_commands.h"
#include "ui/analyses/residual/state/describe.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

using residual::HeadChoice;
using residual::Parameters;

/// The model decides what can be swept, once it is open.
const DescribedOptions& swept() {
    static const DescribedOptions options{
        "residual", Workspace::residual, [](View& view) { return fields_of(view.residual); },
        [](const AppState& state, const View& view) {
            if (const ModelPtr model = state.model(); model && model->config().causal())
                residual::check_parameters(view.residual.parameters, *model);
        }};
    return options;
}

/// As `--layers`, and with blanks and 9-11 as well, each layer once; empty: none. Throws Error{usage}.
std::vector<int> parse_layers(std::string text) {
    std::ranges::replace(text, '-', ':');
    std::string list;
    for (const char letter : text)
        if (letter != ' ' || (!list.empty() && list.back() != ',')) list += letter == ' ' ? ',' : letter;
    while (!list.empty() && list.back() == ',') list.pop_back();
    Parameters parameters;
    if (list.empty()) return {};
    try {
        find_field(fields_of(parameters), "layers")->parse(list);
    } catch (const FieldFault& fault) {
        throw Error(ErrorKind::usage, "layers", fault.expected, text);
    }
    std::ranges::sort(parameters.layers);
    parameters.layers.erase(std::unique(parameters.layers.begin(), parameters.layers.end()), parameters.layers.end());
    return parameters.layers;
}

/// Every replaced head, whether it was chosen by itself or with its layer.
std::vector<HeadChoice> replaced_heads(const AppState& state, const ModelConfig& config) {
    const Parameters& parameters = state.view.residual.parameters;
    if (!parameters.heads.empty()) return parameters.heads;
    std::vector<int> layers = parameters.layers;
    if (layers.empty())
        for (int layer = std::max(0, int(config.layers) - 3); layer < config.layers; ++layer) layers.push_back(layer);
    std::vector<HeadChoice> heads;
    for (const int layer : layers)
        for (int head = 0; head < config.heads; ++head) heads.push_back({layer, head});
    return heads;
}

/// Switches heads: those of a layer, or one.
std::optional<Command> switch_heads(AppState& state, std::int64_t layer, std::optional<std::int64_t> head) {
    const ModelPtr model = required_model(state);
    const ModelConfig& config = model->config();
    const auto check = [](const char* name, std::int64_t value, std::int64_t count) {
        if (value < 0 || value >= count)
            throw Error(ErrorKind::usage, name, "0 … " + std::to_string(count - 1), std::to_string(value));
    };
    check("layer", layer, config.layers);
    if (head) check("head", *head, config.heads);
    std::vector<HeadChoice> heads = replaced_heads(state, config);
    const auto concerned = [&](const HeadChoice& choice) {
        return choice.layer == layer && (!head || choice.head == *head);
    };
    // A layer is switched off where all of it is on.
    const auto on = std::ranges::count_if(heads, concerned);
    const bool off = head ? on > 0 : on == config.heads;
    std::erase_if(heads, concerned);
    if (!off)
        for (std::int64_t h = head.value_or(0); h <= head.value_or(config.heads - 1); ++h)
            heads.push_back({static_cast<int>(layer), static_cast<int>(h)});
    if (heads.empty())
        throw Error(ErrorKind::usage, "heads", "one that is replaced", "none: the last one stays switched on");
    std::ranges::sort(heads);
    std::vector<int> layers;
    for (const HeadChoice& choice : heads)
        if (layers.empty() || layers.back() != choice.layer) layers.push_back(choice.layer);
    // Whole layers are said as such.
    const bool whole = heads.size() == layers.size() * static_cast<std::size_t>(config.heads);
    return change_view(state, swept(), [&](View& view) {
        view.residual.parameters.layers = std::move(layers);
        view.residual.parameters.heads = whole ? std::vector<HeadChoice>() : std::move(heads);
    });
}

void add_sweep(CommandRegistry& registry) {
    registry.add({"residual.layers",
                  "Choose the layers whose heads are replaced",
                  "",
                  "",
                  {text_parameter("layers", "as in 9, 10, 11 or 9-11; empty = the last three")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_view(state, swept(), [&](View& view) {
                          view.residual.parameters.layers = parse_layers(text(arguments, "layers"));
                          view.residual.parameters.heads.clear();
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"residual.switch_layer",
                  "Replace a layer's heads, or leave them",
                  "",
                  "",
                  {integer_parameter("layer", "counted from 0")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return switch_heads(state, integer(arguments, "layer"), std::nullopt);
                  },
                  has_model,
                  {},
                  CommandKind::view});
    registry.add({"residual.switch_head",
                  "Replace a head, or leave it",
                  "",
                  "",
                  {integer_parameter("layer", "counted from 0"), integer_parameter("head", "counted from 0")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return switch_heads(state, integer(arguments, "layer"), integer(arguments, "head"));
                  },
                  has_model,
                  {},
                  CommandKind::view});
    add_field_commands(registry, swept());
}

void add_run(CommandRegistry& registry) {
    registry.add({"residual.stop",
                  "Stop the sweep",
                  "",
                  "",
                  {},
                  [](AppState&, Services& services, const Arguments&) {
                      services.residual().run().stop();
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"residual.run",
                  "Go on with the sweep",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.enter(state, Workspace::residual);
                      services.residual().run().go_on();
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"residual.wordnet",
                  "Take glosses of WordNet as the text",
                  "",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.open_wordnet_text(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

void add_cursor(CommandRegistry& registry) {
    registry.add({"residual.rank",
                  "Look at a rank",
                  "",
                  "",
                  {integer_parameter("value", "the nearest that is swept; -1 = that of the verdict")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const std::int64_t value = std::clamp<std::int64_t>(integer(arguments, "value"), -1, 65536);
                      const std::int64_t before = state.view.selection.rank;
                      if (value == before) return std::nullopt;
                      state.view.selection.rank = static_cast<int>(value);
                      return command("residual.rank", {{"value", before}});
                  },
                  {},
                  {},
                  CommandKind::view});
}

std::optional<Command> advance_residual(AppState& state, Services& services, int frames, bool wrap) {
    ResidualSlots& slots = services.residual();
    slots.begin_frame(state); // commands before this one in the same frame count
    const auto next_of = [&](std::int64_t now, std::int64_t count) { return next_frame(now, count, frames, wrap); };
    if (state.playback.timeline(Workspace::residual) == Timeline::layer) {
        const ModelPtr model = state.model();
        if (!model) return std::nullopt;
        const std::int64_t before = state.view.selection.layer;
        const auto next = next_of(slots.view().layer, model->config().layers);
        if (next == before) return std::nullopt;
        state.view.selection.layer = static_cast<int>(next);
        return command("selection.layer", {{"value", before}});
    }
    const auto result = slots.shown_result();
    if (!result || result->curve.empty()) return std::nullopt;
    std::vector<int> ranks;
    for (const residual::CurvePoint& point : result->curve) ranks.push_back(point.rank);
    std::ranges::sort(ranks);
    const auto now = std::ranges::find(ranks, slots.view().rank) - ranks.begin();
    const int next = ranks[static_cast<std::size_t>(next_of(now, std::ssize(ranks)))];
    const std::int64_t before = state.view.selection.rank;
    if (next == before) return std::nullopt;
    state.view.selection.rank = next;
    return command("residual.rank", {{"value", before}});
}

void add_residual_commands(CommandRegistry& registry) {
    add_sweep(registry);
    add_run(registry);
    add_cursor(registry);
}

/// Commands before this one in the same frame count.
std::string pin_residual(const AppState& state, Services& services, View& pinned) {
    services.residual().begin_frame(state);
    const residual::View shown = services.residual().view();
    pinned.selection.layer = shown.layer;
    pinned.selection.head = shown.head;
    const Source* const model = state.model_source();
    return (model ? model->name : std::string("model")) + " · " + choice_name(shown.parameters.calibration) + " · L" +
           std::to_string(shown.layer) + " H" + std::to_string(shown.head);
}

} // namespace

Analysis residual_analysis() {
    return {.workspace = Workspace::residual,
            .id = "residual",
            .title = "Low-rank ε",
            .timelines = {Timeline::rank, Timeline::layer},
            .panel_ids = residual::panel_ids,
            .leading_panel = "residual.curve",
            .reads_models = true,
            .has_something = has_model,
            .advance = advance_residual,
            .pin = pin_residual,
            .add_commands = add_residual_commands};
}

} // namespace attnscope::ui
