// The shared selection: bank, encoder, memory and query.
#include "state/command_helpers.h"
#include "state/command_json.h"
#include "state/references.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

/// Replaces the query and gives back the command that undoes it.
std::optional<Command> set_query(AppState& state, QueryChoice choice) {
    if (state.view.selection.query == choice) return std::nullopt;
    Command inverse = former_view();
    state.view.selection.query = std::move(choice);
    return inverse;
}

} // namespace

ModelPtr required_model(const AppState& state) {
    ModelPtr model = state.model();
    if (!model) throw Error(ErrorKind::usage, "model", "an open model", "none");
    return model;
}

std::shared_ptr<const Bank> required_bank(const AppState& state) {
    auto bank = state.bank();
    if (!bank) throw Error(ErrorKind::usage, "bank", "an open bank", "none");
    return bank;
}

const Pin& required_pin(const AppState& state) {
    if (!state.pinned) throw Error(ErrorKind::usage, "A", "a pinned view", "none");
    return *state.pinned;
}

SourceId source_of_kind(const AppState& state, std::int64_t id, SourceKind kind) {
    const Source* source = source_numbered(state, id);
    if (!source || source->kind != kind)
        throw Error(ErrorKind::usage, "source", std::string("the number of an open ") + source_kind_name(kind),
                    std::to_string(id));
    return source->id;
}

void add_selection_commands(CommandRegistry& registry) {
    registry.add({"selection.bank",
                  "Select a bank",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::bank);
                      if (id == state.view.selection.bank) return std::nullopt;
                      Command inverse = former_view();
                      services.select_bank(state, id);
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"selection.encoder",
                  "Select an encoder",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::encoder);
                      if (id == state.view.selection.encoder) return std::nullopt;
                      Command inverse = former_view();
                      state.view.selection.encoder = id;
                      return inverse;
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"selection.memory",
                  "Inspect a memory",
                  "",
                  "",
                  {integer_parameter("index", "row of the bank; -1 = none")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto index = checked("memory", integer(arguments, "index"), -1, INT64_MAX);
                      auto& memory = state.view.selection.memory;
                      const std::int64_t before = memory ? static_cast<std::int64_t>(*memory) : -1;
                      if (index >= 0) {
                          const auto bank = required_bank(state);
                          if (static_cast<std::size_t>(index) >= bank->n)
                              throw Error(ErrorKind::usage, "memory", "below " + std::to_string(bank->n),
                                          std::to_string(index));
                          memory = static_cast<std::uint32_t>(index);
                      } else {
                          memory.reset();
                      }
                      if (before == index) return std::nullopt;
                      return command("selection.memory", {{"index", before}});
                  },
                  {},
                  {},
                  CommandKind::view});
}

void add_query_commands(CommandRegistry& registry) {
    registry.add({"query.memory",
                  "Query with a memory of the bank",
                  "",
                  "",
                  {integer_parameter("row", "row of the bank")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto row = integer(arguments, "row");
                      const auto bank = required_bank(state);
                      if (row < 0 || static_cast<std::size_t>(row) >= bank->n)
                          throw Error(ErrorKind::usage, "row", "0 … " + std::to_string(bank->n - 1),
                                      std::to_string(row));
                      return set_query(state, {QueryChoice::Kind::memory, 0, static_cast<std::size_t>(row), {}});
                  },
                  [](const AppState& state) { return state.bank() != nullptr; },
                  {},
                  CommandKind::view});
    registry.add({"query.text",
                  "Query with a typed text",
                  "",
                  "",
                  {text_parameter("text", "embedded by the selected encoder")},
                  [](AppState& state, Services& services, const Arguments& arguments) -> std::optional<Command> {
                      const std::string& wanted = text(arguments, "text");
                      if (wanted.find_first_not_of(" \t\r\n") == std::string::npos)
                          throw Error(ErrorKind::usage, "text", "at least a word", "nothing");
                      const auto known = std::find_if(state.sources.begin(), state.sources.end(), [&](const Source& s) {
                          return s.kind == SourceKind::prompt && s.prompt == wanted;
                      });
                      const SourceId id = known != state.sources.end() ? known->id : services.add_prompt(state, wanted);
                      return set_query(state, {QueryChoice::Kind::prompt, id, 0, {}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"prompt.edit",
                  "Edit a prompt",
                  "",
                  "",
                  {integer_parameter("source", "its number"), text_parameter("text", "what it says now")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      Source& source =
                          *state.find(source_of_kind(state, integer(arguments, "source"), SourceKind::prompt));
                      const std::string before = source.prompt;
                      if (before == text(arguments, "text")) return std::nullopt;
                      source.prompt = source.name = text(arguments, "text");
                      return command("prompt.edit", {{"source", std::int64_t{source.id}}, {"text", before}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"query.prompt",
                  "Query with an open prompt",
                  "",
                  "",
                  {integer_parameter("source", "its number")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::prompt);
                      return set_query(state, {QueryChoice::Kind::prompt, id, 0, {}});
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add(
        {"query.file",
         "Query with a vector from a file",
         "",
         "",
         {integer_parameter("source", "its number"), integer_parameter("row", "of the file", Value(std::int64_t{0}))},
         [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
             const SourceId id = source_of_kind(state, integer(arguments, "source"), SourceKind::queries);
             const auto row = integer(arguments, "row");
             const auto queries = state.find(id)->queries;
             if (!queries || row < 0 || static_cast<std::size_t>(row) >= queries->n)
                 throw Error(ErrorKind::usage, "row",
                             queries ? "0 … " + std::to_string(queries->n - 1) : "a file that is loaded",
                             std::to_string(row));
             return set_query(state, {QueryChoice::Kind::file, id, static_cast<std::size_t>(row), {}});
         },
         {},
         {},
         CommandKind::view});
    registry.add({"query.drawing",
                  "Query with a drawing",
                  "",
                  "",
                  {{Parameter::Type::numbers, "values", "ink 1, paper -1; one number a pixel, row by row", {}, {}}},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const auto& values = std::get<std::vector<double>>(arguments.at("values"));
                      const auto bank = required_bank(state);
                      if (bank->picture_width * bank->picture_height == 0 || values.size() != bank->d)
                          throw Error(ErrorKind::usage, "values", "one number a pixel of a bank of pictures",
                                      std::to_string(values.size()) + " numbers for d = " + std::to_string(bank->d));
                      QueryChoice choice{QueryChoice::Kind::drawing, 0, 0, {}};
                      for (const double value : values)
                          choice.drawing.push_back(static_cast<float>(std::clamp(value, -1.0, 1.0)));
                      if (std::all_of(choice.drawing.begin(), choice.drawing.end(), [](float x) { return x == 0; }))
                          throw Error(ErrorKind::usage, "values", "at least one that is not 0", "none");
                      return set_query(state, std::move(choice));
                  },
                  [](const AppState& state) { return state.bank() != nullptr; },
                  {},
                  CommandKind::view});
}

} // namespace attnscope::ui
