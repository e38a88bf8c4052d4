// Low-rank residuals: what is swept, which heads are replaced, and the rank and block that are looked at.
#include "state/command_helpers.h"

#include <algorithm>
#include <charconv>
#include <type_traits>

namespace attnscope::ui {

namespace {

using residual::HeadChoice;
using residual::Parameters;

/// Changes how a sweep is made, as far as the model allows it; undone as a whole.
template <class Change>
std::optional<Command> change_parameters(AppState& state, Change change) {
    Parameters parameters = state.view.residual.parameters;
    change(parameters);
    if (const ModelPtr model = state.model(); model && model->config().causal())
        residual::check_parameters(parameters, *model);
    if (parameters == state.view.residual.parameters) return std::nullopt;
    Command inverse = restore_view(state);
    state.view.residual.parameters = std::move(parameters);
    return inverse;
}

/// A command that sets one whole number of the parameters, and undoes it by its former value.
template <class Field>
CommandSpec parameter_command(const std::string& id, const std::string& title, const std::string& help,
                              std::int64_t least, std::int64_t most, Field field) {
    return {id,
            title,
            "",
            "",
            {integer_parameter("value", help)},
            [id, least, most, field](AppState& state, Services&, const Arguments& arguments) {
                const std::int64_t value = checked(id.c_str(), integer(arguments, "value"), least, most);
                return change_parameters(state, [&](Parameters& parameters) {
                    auto& now = field(parameters);
                    now = static_cast<std::remove_reference_t<decltype(now)>>(value);
                });
            },
            {},
            {},
            CommandKind::view};
}

CommandSpec flag_command(const std::string& id, const std::string& title, bool Parameters::*which) {
    return {id,
            title,
            "Analyses",
            "",
            {},
            [which](AppState& state, Services&, const Arguments&) {
                return change_parameters(state,
                                         [which](Parameters& parameters) { parameters.*which = !(parameters.*which); });
            },
            [](const AppState& state) { return state.view.workspace == Workspace::residual; },
            [which](const AppState& state) { return state.view.residual.parameters.*which; },
            CommandKind::view};
}

/// "9, 10, 11", "9-11", "20:29".
std::vector<int> parse_layers(const std::string& text) {
    std::vector<int> layers;
    const auto refuse = [&] { throw Error(ErrorKind::usage, "layers", "numbers as in 9, 10, 11 or 9-11", text); };
    const auto skip = [&](std::size_t at) { return std::min(text.find_first_not_of(" ,", at), text.size()); };
    const auto read = [&](std::size_t& at) {
        int value = -1;
        const auto [end, failure] = std::from_chars(text.data() + at, text.data() + text.size(), value);
        if (failure != std::errc{} || value < 0) refuse();
        at = static_cast<std::size_t>(end - text.data());
        return value;
    };
    for (std::size_t at = skip(0); at < text.size(); at = skip(at)) {
        const int first = read(at);
        int last = first;
        if (at < text.size() && (text[at] == '-' || text[at] == ':')) last = read(++at);
        constexpr int most = 4096;
        if (last < first || last - first > most || (at < text.size() && text[at] != ',' && text[at] != ' ')) refuse();
        for (int layer = first; layer <= last; ++layer) layers.push_back(layer);
    }
    std::ranges::sort(layers);
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    return layers;
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
    return change_parameters(state, [&](Parameters& parameters) {
        parameters.layers = std::move(layers);
        parameters.heads = whole ? std::vector<HeadChoice>() : std::move(heads);
    });
}

void add_sweep(CommandRegistry& registry) {
    registry.add({"residual.layers",
                  "Choose the layers whose heads are replaced",
                  "",
                  "",
                  {text_parameter("layers", "as in 9, 10, 11 or 9-11; empty = the last three")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_parameters(state, [&](Parameters& parameters) {
                          parameters.layers = parse_layers(text(arguments, "layers"));
                          parameters.heads.clear();
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
    registry.add({"residual.ranks",
                  "Choose the ranks that are swept",
                  "",
                  "",
                  {{Parameter::Type::numbers,
                    "ranks",
                    "0 to head_dim; none = 1, 2, 4, 8, 16, 32",
                    Value(std::vector<double>{}),
                    {}}},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_parameters(state, [&](Parameters& parameters) {
                          parameters.ranks.clear();
                          for (const double rank : std::get<std::vector<double>>(arguments.at("ranks"))) {
                              if (!(rank >= 0) || rank > 65536 || rank != static_cast<int>(rank))
                                  throw Error(ErrorKind::usage, "ranks", "whole numbers", std::to_string(rank));
                              parameters.ranks.push_back(static_cast<int>(rank));
                          }
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add(parameter_command("residual.blocks", "Blocks that are evaluated", "from the start of the text", 1,
                                   residual::most_blocks, [](Parameters& p) -> std::int64_t& { return p.blocks; }));
    registry.add(parameter_command("residual.seq_len", "Tokens of a block", "2 to the model's context", 2,
                                   residual::most_blocks, [](Parameters& p) -> std::int64_t& { return p.seq_len; }));
    registry.add(parameter_command("residual.calibration_blocks", "Blocks that directions are fitted on", "1 or more",
                                   1, residual::most_blocks,
                                   [](Parameters& p) -> std::int64_t& { return p.calibration_blocks; }));
    registry.add(parameter_command("residual.top_k", "Weights that V* is the mean of", "1 = the largest alone", 1,
                                   residual::most_top_k, [](Parameters& p) -> int& { return p.top_k; }));
    registry.add({"residual.calibration",
                  "Choose what directions are fitted on",
                  "",
                  "",
                  {text_parameter("calibration", "blocks behind the evaluated ones, or the first of these", {},
                                  {"heldout", "leading"})},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_parameters(state, [&](Parameters& parameters) {
                          parameters.calibration = residual::parse_calibration(text(arguments, "calibration"));
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"residual.form",
                  "Choose the form of the residual",
                  "",
                  "",
                  {text_parameter("form", "what directions are fitted to", {}, {"context", "tail", "tail_normalized"})},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_parameters(state, [&](Parameters& parameters) {
                          parameters.form = residual::parse_form(text(arguments, "form"));
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add(flag_command("residual.exclude_sink", "Never take token 0 as V*", &Parameters::exclude_sink));
    registry.add(flag_command("residual.centred", "Centre residuals", &Parameters::centred));
    registry.add(flag_command("residual.output_weighted", "Weight residuals by the output projection",
                              &Parameters::output_weighted));
    registry.add(flag_command("residual.two_nn", "Estimate intrinsic dimensions (TwoNN)", &Parameters::two_nn));
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
    registry.add({"residual.block",
                  "Look at a block of the text",
                  "",
                  "",
                  {integer_parameter("value", "counted from 0")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const std::int64_t value =
                          std::clamp<std::int64_t>(integer(arguments, "value"), 0, residual::most_blocks);
                      const std::int64_t before = state.view.residual.block;
                      if (value == before) return std::nullopt;
                      state.view.residual.block = static_cast<int>(value);
                      return command("residual.block", {{"value", before}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add(
        {"residual.click",
         "Choose what a click on the map does",
         "",
         "",
         {text_parameter("click", "select a head, or switch it or its layer", {}, {"select", "head", "layer"})},
         [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
             const MapClick wanted = parse_map_click(text(arguments, "click")), before = state.view.residual.click;
             if (wanted == before) return std::nullopt;
             state.view.residual.click = wanted;
             return command("residual.click", {{"click", std::string(map_click_name(before))}});
         },
         {},
         {},
         CommandKind::view});
}

} // namespace

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

} // namespace attnscope::ui
