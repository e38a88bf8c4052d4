// Retrieval: β, step, mode and the options of its panels; memories drawn into a bank; the next frame of its timeline.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/command_json.h"
#include "state/field_commands.h"
#include "ui/analyses/retrieval/state/describe.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

bool has_bank(const AppState& state) {
    return state.bank() != nullptr;
}

std::optional<Command> set_step(AppState& state, std::int64_t wanted) {
    const int before = state.view.selection.step;
    const int value = static_cast<int>(std::clamp<std::int64_t>(wanted, 0, state.view.retrieval.steps));
    if (value == before) return std::nullopt;
    state.view.selection.step = value;
    return command("retrieval.step", {{"value", std::int64_t{before}}});
}

std::optional<Command> set_beta(AppState& state, double value) {
    const double before = state.view.selection.beta;
    if (value == before) return std::nullopt;
    state.view.selection.beta = value;
    return command("retrieval.beta", {{"value", before}});
}

/// A direction that the bank has.
retrieval::PlaneDirection parse_direction(const std::string& text, const Bank& bank) {
    constexpr int most_eigenvectors = 16;
    const auto direction = Written<retrieval::PlaneDirection>::parse(text);
    const auto index = static_cast<std::size_t>(direction ? direction->index : 0);
    const bool there = direction && (direction->kind == retrieval::PlaneAxis::memory ? index < bank.n : index < bank.d);
    if (!there || (direction->kind == retrieval::PlaneAxis::eigenvector && direction->index >= most_eigenvectors))
        throw Error(ErrorKind::usage, "direction", "v1 … v16, query or memory INDEX", text);
    return *direction;
}

/// The bank with one more memory, as a bank of its own: banks are shared and never change.
std::shared_ptr<const Bank> with_memory(const Bank& bank, const std::vector<double>& values) {
    std::vector<float> keys(bank.keys.begin(), bank.keys.end());
    double squares = 0;
    for (const double value : values) squares += value * value;
    if (squares == 0) throw Error(ErrorKind::usage, "values", "at least one that is not 0", "none");
    if (!std::isfinite(squares))
        throw Error(ErrorKind::usage, "values", "numbers whose squares have a sum", "larger ones");
    for (const double value : values) keys.push_back(static_cast<float>(value / std::sqrt(squares)));
    std::string lines;
    if (!bank.texts.empty()) {
        for (std::size_t i = 0; i < bank.n; ++i) lines += std::string(bank.texts.line(i)) + "\n";
        lines += "drawn " + std::to_string(bank.n) + "\n";
    }
    return make_bank(bank.name + " +1", bank.n + 1, bank.d, std::move(keys),
                     lines.empty() ? TextTable{} : TextTable::from_lines(std::move(lines)), bank.picture_width,
                     bank.picture_height);
}

std::optional<Command> advance_retrieval(AppState& state, Services& services, int frames, bool wrap) {
    if (state.playback.timeline(Workspace::retrieval) == Timeline::step) {
        const int steps = state.view.retrieval.steps;
        int next = state.view.selection.step + frames;
        if (wrap && next > steps) next = 0;
        return set_step(state, next);
    }
    services.retrieval().begin_frame(state); // commands before this one in the same frame count
    const auto spectrum = services.retrieval().spectrum().result;
    if (!spectrum) return std::nullopt;
    const auto axis = retrieval::beta_axis(*spectrum, 61);
    const double shown = services.retrieval().view().beta;
    const auto at = std::min_element(axis.begin(), axis.end(), [shown](double a, double b) {
        return std::abs(std::log(a / shown)) < std::abs(std::log(b / shown));
    });
    auto next = (at - axis.begin()) + frames;
    const auto last = static_cast<std::ptrdiff_t>(axis.size()) - 1;
    if (wrap && next > last) next = 0;
    return set_beta(state, axis[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(next, 0, last))]);
}

void add_retrieval_commands(CommandRegistry& registry) {
    registry.add({"retrieval.beta",
                  "Set β",
                  "",
                  "",
                  {number_parameter("value", "above 0; 0 = 0.75 β_c of the bank")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const double value = number(arguments, "value");
                      if (value < 0) throw Error(ErrorKind::usage, "β", "a number above 0", value_text(value));
                      return set_beta(state, value);
                  },
                  has_bank,
                  {},
                  CommandKind::view});
    registry.add({"retrieval.beta_default",
                  "β to 0.75 β_c",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services&, const Arguments&) { return set_beta(state, 0); },
                  has_bank,
                  {},
                  CommandKind::view});
    registry.add({"retrieval.step",
                  "Set the step",
                  "",
                  "",
                  {integer_parameter("value", "0 … steps")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return set_step(state, integer(arguments, "value"));
                  },
                  has_bank,
                  {},
                  CommandKind::view});
    std::vector<std::string> modes;
    for (const auto mode : retrieval::all_modes) modes.push_back(choice_name(mode));
    registry.add({"retrieval.mode",
                  "Set the mode",
                  "",
                  "",
                  {text_parameter("mode", "of the update", {}, modes)},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto before = state.view.selection.mode;
                      const auto mode = parse_choice<retrieval::Mode>("mode", text(arguments, "mode"));
                      if (mode == before) return std::nullopt;
                      state.view.selection.mode = mode;
                      return command("retrieval.mode", {{"mode", std::string(choice_name(before))}});
                  },
                  {},
                  {},
                  CommandKind::view});
    for (const auto mode : retrieval::all_modes) {
        const std::string name = choice_name(mode);
        registry.add({"retrieval.mode_" + name,
                      "Mode " + name,
                      "Analyses/Mode",
                      "",
                      {},
                      [mode](AppState& state, Services&, const Arguments&) -> std::optional<Command> {
                          const auto before = state.view.selection.mode;
                          if (mode == before) return std::nullopt;
                          state.view.selection.mode = mode;
                          return command("retrieval.mode", {{"mode", std::string(choice_name(before))}});
                      },
                      {},
                      [mode](const AppState& state) { return state.view.selection.mode == mode; },
                      CommandKind::view});
    }
    registry.add({"retrieval.steps",
                  "Set the number of steps",
                  "",
                  "",
                  {integer_parameter("value", "1 … 100")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto value = integer(arguments, "value");
                      if (value < 1 || value > most_retrieval_steps)
                          throw Error(ErrorKind::usage, "steps", "1 … 100", std::to_string(value));
                      if (value == state.view.retrieval.steps) return std::nullopt;
                      Command inverse = former_view();
                      state.view.retrieval.steps = static_cast<int>(value);
                      state.view.selection.step = std::min(state.view.selection.step, static_cast<int>(value));
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    add_field_commands(registry,
                       {"retrieval", Workspace::retrieval, [](View& view) { return fields_of(view.retrieval); }, {}});
    registry.add({"retrieval.plane",
                  "Choose the directions of the plane",
                  "",
                  "",
                  {text_parameter("x", "v1 … v16, query, memory INDEX", Value("v1")),
                   text_parameter("y", "v1 … v16, query, memory INDEX", Value("query"))},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto bank = required_bank(state);
                      const auto x = parse_direction(text(arguments, "x"), *bank);
                      const auto y = parse_direction(text(arguments, "y"), *bank);
                      if (x == y)
                          throw Error(ErrorKind::usage, "directions", "two different ones", text(arguments, "x"));
                      auto& options = state.view.retrieval;
                      if (options.plane_x == x && options.plane_y == y) return std::nullopt;
                      Command inverse = former_view();
                      options.plane_x = x;
                      options.plane_y = y;
                      return inverse;
                  },
                  has_bank,
                  {},
                  CommandKind::view});
    registry.add({"retrieval.add_memory",
                  "Add a drawn memory to the bank",
                  "",
                  "",
                  {{Parameter::Type::numbers, "values", "ink 1, paper -1; one number a pixel, row by row", {}, {}}},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const auto bank = required_bank(state);
                      const auto& values = std::get<std::vector<double>>(arguments.at("values"));
                      if (values.size() != bank->d)
                          throw Error(ErrorKind::usage, "values", std::to_string(bank->d) + " numbers",
                                      std::to_string(values.size()));
                      Command inverse = former_view();
                      state.view.selection.bank = services.add_bank(state, with_memory(*bank, values));
                      return inverse;
                  },
                  has_bank,
                  {},
                  CommandKind::world});
}

/// Commands before this one in the same frame count.
std::string pin_retrieval(const AppState& state, Services& services, View& pinned) {
    services.retrieval().begin_frame(state);
    const auto shown = services.retrieval().view();
    char title[96];
    std::snprintf(title, sizeof title, "%s, β %.4g, step %d", choice_name(shown.mode), shown.beta, shown.step);
    // A pin keeps what was seen, also when β was still the bank's own default.
    pinned.selection.beta = shown.beta;
    return title;
}

} // namespace

Analysis retrieval_analysis() {
    return {.workspace = Workspace::retrieval,
            .id = "retrieval",
            .title = "Retrieval",
            .timelines = {Timeline::step, Timeline::beta},
            .panel_ids = retrieval::panel_ids,
            .leading_panel = "retrieval.weights",
            .reads_models = false,
            .has_something = has_bank,
            .advance = advance_retrieval,
            .pin = pin_retrieval,
            .add_commands = add_retrieval_commands};
}

} // namespace attnscope::ui
