// CV bands: what is measured and how, the matrix that is looked at, the experiment, and the table.
#include "state/analysis.h"
#include "state/command_helpers.h"
#include "state/command_json.h"
#include "state/field_commands.h"
#include "state/view_job.h"
#include "ui/analyses/cv/state/describe.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

const DescribedOptions& described() {
    static const DescribedOptions options{
        "cv", Workspace::cv, [](View& view) { return fields_of(view.cv); },
        [](const AppState&, const View& view) { check_measuring(view.cv.parameters); }};
    return options;
}

void add_band(CommandRegistry& registry) {
    registry.add({"cv.band",
                  "Set the band",
                  "",
                  "",
                  {number_parameter("low", "lower end"), number_parameter("high", "upper end")},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const cv::Band before = state.view.cv.parameters.band;
                      const auto changed = change_view(state, described(), [&](View& view) {
                          view.cv.parameters.band = {number(arguments, "low"), number(arguments, "high")};
                      });
                      if (!changed) return std::nullopt;
                      return command("cv.band", {{"low", before.low}, {"high", before.high}});
                  },
                  {},
                  {},
                  CommandKind::view});
}

void add_selection(CommandRegistry& registry) {
    registry.add(
        {"cv.select",
         "Select a matrix",
         "",
         "",
         {text_parameter("kind", "which", {}, choice_names<cv::Kind>()), integer_parameter("layer", "counted from 0"),
          integer_parameter("head", "query head, counted from 0")},
         [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
             const cv::Kind kind = parse_choice<cv::Kind>("kind", text(arguments, "kind"));
             const ModelPtr model = required_model(state);
             const auto layer = checked("layer", integer(arguments, "layer"), 0, model->config().layers - 1);
             const auto head = checked("head", integer(arguments, "head"), 0, model->config().heads - 1);
             Selection& selection = state.view.selection;
             if (state.view.cv.kind == kind && selection.layer == layer && selection.head == head) return std::nullopt;
             Arguments before{{"kind", std::string(cv_kind_name(state.view.cv.kind))},
                              {"layer", std::int64_t{selection.layer}},
                              {"head", std::int64_t{selection.head}}};
             state.view.cv.kind = kind;
             selection.layer = static_cast<int>(layer);
             selection.head = static_cast<int>(head);
             return command("cv.select", std::move(before));
         },
         has_model,
         {},
         CommandKind::view});
}

/// Whole numbers out of a list of numbers; `before` where there is none.
std::vector<int> whole_numbers(const Arguments& arguments, const char* name, const std::vector<int>& before) {
    const auto& numbers = std::get<std::vector<double>>(arguments.at(name));
    if (numbers.empty()) return before;
    std::vector<int> whole;
    for (const double number : numbers) {
        if (number != std::floor(number) || std::abs(number) > 1e6)
            throw Error(ErrorKind::usage, name, "whole numbers", value_text(numbers));
        whole.push_back(static_cast<int>(number));
    }
    return whole;
}

void show_experiment(AppState& state) {
    state.view.open_panels.insert("cv.training");
    state.view.outlined_panel = state.focus_panel = "cv.training";
}

void add_experiment(CommandRegistry& registry) {
    const auto in_workspace = [](const AppState& state) { return state.view.workspace == Workspace::cv; };
    registry.add({"cv.start",
                  "Start the experiment, or go on with it",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.enter(state, Workspace::cv);
                      services.cv().run().start(experiment_request(state.view.cv));
                      state.view.cv.epoch = -1;
                      show_experiment(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"cv.pause",
                  "Pause the experiment",
                  "Analyses",
                  "",
                  {},
                  [](AppState&, Services& services, const Arguments&) {
                      services.cv().run().stop();
                      return no_undo();
                  },
                  in_workspace,
                  {},
                  CommandKind::world});
    registry.add({"cv.experiment",
                  "Set up the experiment",
                  "",
                  "",
                  {{Parameter::Type::numbers, "dims", "widths", Value(std::vector<double>{}), {}},
                   {Parameter::Type::numbers,
                    "heads",
                    "numbers of heads, each with every width",
                    Value(std::vector<double>{}),
                    {}},
                   integer_parameter("epochs", "updates", Value(std::int64_t{50}))},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_view(state, described(), [&](View& view) {
                          CvOptions& options = view.cv;
                          options.dims = whole_numbers(arguments, "dims", options.dims);
                          options.heads = whole_numbers(arguments, "heads", options.heads);
                          options.epochs = static_cast<int>(
                              checked("epochs", integer(arguments, "epochs"), 1, cv::most_experiment_epochs));
                          cv::check_experiment(experiment_request(options));
                          options.dim = options.dims.front();
                          options.config_heads = options.heads.front();
                          options.epoch = -1;
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add(
        {"cv.config",
         "Select a configuration",
         "",
         "",
         {integer_parameter("dim", "width"), integer_parameter("heads", "number of heads")},
         [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
             CvOptions& options = state.view.cv;
             const auto member = [](const char* name, const std::vector<int>& values, std::int64_t value) {
                 if (std::ranges::find(values, value) == values.end())
                     throw Error(ErrorKind::usage, name, "one of the experiment's", std::to_string(value));
                 return static_cast<int>(value);
             };
             const int dim = member("dim", options.dims, integer(arguments, "dim"));
             const int heads = member("heads", options.heads, integer(arguments, "heads"));
             if (dim == options.dim && heads == options.config_heads) return std::nullopt;
             Arguments before{{"dim", std::int64_t{options.dim}}, {"heads", std::int64_t{options.config_heads}}};
             options.dim = dim;
             options.config_heads = heads;
             return command("cv.config", std::move(before));
         },
         {},
         {},
         CommandKind::view});
    registry.add({"cv.save_run",
                  "Save the run of the experiment",
                  "",
                  "",
                  {text_parameter("path", "a JSON file")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.save_experiment(state, text(arguments, "path"));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

std::string table(Services& services, const std::string& format) {
    const auto matrices = services.cv().matrices();
    if (!matrices.result || matrices.stale)
        throw Error(ErrorKind::usage, "table", "matrices that are measured", "none yet");
    return format == "tex" ? cv_table_tex(*matrices.result) : cv_table_csv(*matrices.result);
}

void add_table(CommandRegistry& registry) {
    registry.add({"cv.copy_table",
                  "Copy the table of matrices",
                  "",
                  "",
                  {text_parameter("format", "csv or tex", Value("csv"), {"csv", "tex"})},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const std::string& format = text(arguments, "format");
                      services.copy(table(services, format));
                      state.notify(format == "tex" ? "Copied the table as LaTeX" : "Copied the table as CSV");
                      return no_undo();
                  },
                  has_model,
                  {},
                  CommandKind::world});
    registry.add({"cv.save_table",
                  "Save the table of matrices",
                  "",
                  "",
                  {text_parameter("path", "a .csv or .tex file")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const std::filesystem::path path = text(arguments, "path");
                      if (path.extension() != ".csv" && path.extension() != ".tex")
                          throw Error(ErrorKind::usage, "table", "a name that ends in .csv or .tex",
                                      path.filename().string());
                      services.save_text(state, path, table(services, path.extension().string().substr(1)));
                      return no_undo();
                  },
                  has_model,
                  {},
                  CommandKind::world});
}

std::optional<Command> advance_cv(AppState& state, Services& services, int frames, bool wrap) {
    CvSlots& slots = services.cv();
    const auto next_of = [&](std::int64_t now, std::int64_t count) { return next_frame(now, count, frames, wrap); };
    if (state.playback.timeline(Workspace::cv) == Timeline::layer) {
        const ModelPtr model = state.model();
        if (!model) return std::nullopt;
        const std::int64_t before = state.view.selection.layer;
        const auto next = next_of(slots.view().layer, model->config().layers);
        if (next == before) return std::nullopt;
        state.view.selection.layer = static_cast<int>(next);
        return command("selection.layer", {{"value", before}});
    }
    slots.begin_frame(state, services.attention().read()); // commands before this one in the same frame count
    const auto experiment = slots.experiment();
    if (!experiment.result && !slots.run().running()) {
        // Nothing to play yet: playing is what begins it.
        if (frames > 0) slots.run().start(experiment_request(state.view.cv));
        show_experiment(state);
        return std::nullopt;
    }
    // While it is trained, its newest epoch is what plays.
    if (slots.run().running() && wrap) {
        state.view.cv.epoch = -1;
        return std::nullopt;
    }
    const std::int64_t before = state.view.cv.epoch, last = slots.last_epoch();
    const auto next = next_of(before < 0 ? last : before, last + 1);
    if (next == before) return std::nullopt;
    state.view.cv.epoch = static_cast<int>(next);
    return command("cv.epoch", {{"value", before}});
}

void add_cv_commands(CommandRegistry& registry) {
    add_field_commands(registry, described());
    add_band(registry);
    add_selection(registry);
    add_experiment(registry);
    add_table(registry);
}

/// Commands before this one in the same frame count.
std::string pin_cv(const AppState& state, Services& services, View& pinned) {
    services.cv().begin_frame(state, services.attention().read());
    const cv::View shown = services.cv().view();
    pinned.selection.layer = shown.layer;
    pinned.selection.head = shown.head;
    const Source* const model = state.model_source();
    std::string title = (model ? model->name : "experiment") + " · " + cv_kind_name(shown.kind) + " L" +
                        std::to_string(shown.layer) + " H" + std::to_string(shown.head);
    if (services.cv().experiment().result) title += " · seed " + std::to_string(state.view.cv.seed);
    return title;
}

} // namespace

Analysis cv_analysis() {
    return {.workspace = Workspace::cv,
            .id = "cv",
            .title = "CV bands",
            .timelines = {Timeline::epoch, Timeline::layer},
            .panel_ids = cv::panel_ids,
            .leading_panel = "cv.band",
            .reads_models = true,
            .has_something = [](const AppState&) { return true; }, // the experiment needs no model
            .advance = advance_cv,
            .pin = pin_cv,
            .add_commands = add_cv_commands};
}

} // namespace attnscope::ui
