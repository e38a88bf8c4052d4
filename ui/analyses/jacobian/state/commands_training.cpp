// The softmax-gradient experiment: which runs, starting and pausing it, what is looked at, and what is kept of it.
#include "state/command_helpers.h"
#include "state/field_commands.h"
#include "ui/analyses/jacobian/state/describe.h"

#include <algorithm>
#include <set>

namespace attnscope::ui {

namespace {

using namespace jacobian;

constexpr const char* panel = "jacobian.training";

bool in_workspace(const AppState& state) {
    return state.view.workspace == Workspace::jacobian;
}

/// All that there is of the training, and what plays it.
void show_training(AppState& state) {
    const auto& all = experiment_panel_ids();
    state.view.open_panels.insert(all.begin(), all.end());
    state.front_panels = all;
    state.view.outlined_panel = state.focus_panel = panel;
    state.playback.chosen[Workspace::jacobian] = Timeline::step;
}

/// Steps that something was measured at in any run.
std::vector<std::int64_t> measured_steps(const Experiment& experiment) {
    std::set<std::int64_t> steps;
    for (const TrainingRunPtr& run : experiment.runs)
        for (const ExperimentMeasurementPtr& measurement : run->measurements) steps.insert(measurement->step);
    return {steps.begin(), steps.end()};
}

/// Each once, in the order of `all`.
template <class Values, class All>
void order(Values& values, const All& all) {
    Values ordered;
    for (const auto value : all)
        if (std::ranges::find(values, value) != values.end()) ordered.push_back(value);
    values = std::move(ordered);
}

/// Puts a value in or takes it out, in the order of `all`; the last one stays.
template <class Values, class All, class Value>
void toggle(Values& values, const All& all, Value value) {
    if (std::ranges::find(values, value) == values.end())
        values.push_back(value);
    else if (values.size() > 1)
        std::erase(values, value);
    order(values, all);
}

DescribedOptions described_training() {
    return {"training", Workspace::jacobian, [](View& view) { return fields_of(view.training); }, {}};
}

void add_running(CommandRegistry& registry) {
    registry.add({"training.start",
                  "Train under every method, or go on with it",
                  "Analyses",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.enter(state, Workspace::jacobian);
                      services.training().begin_frame(state);
                      services.training().start();
                      state.view.training.step = -1;
                      show_training(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"training.sample",
                  "Train on the sample's texts",
                  "",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.open_sample_text(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"training.pause",
                  "Pause the training",
                  "Analyses",
                  "",
                  {},
                  [](AppState&, Services& services, const Arguments&) {
                      services.training().run().stop();
                      return no_undo();
                  },
                  in_workspace,
                  {},
                  CommandKind::world});
    registry.add({"training.save",
                  "Save the training runs",
                  "",
                  "",
                  {text_parameter("path", "a JSON file")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      const auto experiment = services.training().experiment().result;
                      const auto job = services.training().job();
                      if (!experiment || !job)
                          throw Error(ErrorKind::usage, "run", "an experiment that was started", "none");
                      services.save_text(state, text(arguments, "path"),
                                         envelope_json("attnscope.jacobian/1", jacobian_experiment_recipe(*job),
                                                       jacobian_experiment_json(*experiment),
                                                       jacobian_experiment_warnings(*experiment), experiment->seconds));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"training.export",
                  "Export the trained model",
                  "",
                  "",
                  {text_parameter("path", "a folder, made where there is none")},
                  [](AppState& state, Services& services, const Arguments& arguments) {
                      services.export_training(state, text(arguments, "path"));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

void add_choices(CommandRegistry& registry) {
    const auto method_names = choice_names<Method>(), gradient_names = choice_names<SoftmaxGradient>();
    registry.add({"training.method",
                  "Train under a method, or leave it out",
                  "",
                  "",
                  {text_parameter("method", "which", {}, method_names)},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_view(state, described_training(), [&](View& view) {
                          toggle(view.training.methods, methods,
                                 parse_choice<jacobian::Method>("method", text(arguments, "method")));
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"training.gradient",
                  "Train with a softmax gradient, or leave it out",
                  "",
                  "",
                  {text_parameter("gradient", "which", {}, gradient_names)},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      return change_view(state, described_training(), [&](View& view) {
                          toggle(
                              view.training.gradients, softmax_gradients,
                              parse_choice<jacobian::SoftmaxGradient>("softmax gradient", text(arguments, "gradient")));
                      });
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"training.run",
                  "Select a run",
                  "",
                  "",
                  {text_parameter("method", "its method", {}, method_names),
                   text_parameter("gradient", "its softmax gradient", {}, gradient_names)},
                  [](AppState& state, Services&, const Arguments& arguments) -> std::optional<Command> {
                      const Combination before = state.view.training.shown;
                      const Combination wanted{
                          parse_choice<jacobian::Method>("method", text(arguments, "method")),
                          parse_choice<jacobian::SoftmaxGradient>("softmax gradient", text(arguments, "gradient"))};
                      if (wanted == before) return std::nullopt;
                      state.view.training.shown = wanted;
                      return command("training.run", {{"method", std::string(choice_name(before.method))},
                                                      {"gradient", std::string(choice_name(before.gradient))}});
                  },
                  {},
                  {},
                  CommandKind::view});
}

} // namespace

void put_in_order(JacobianTrainingOptions& options) {
    order(options.methods, methods);
    order(options.gradients, softmax_gradients);
}

std::optional<Command> advance_training(AppState& state, Services& services, int frames, bool wrap) {
    JacobianTraining& training = services.training();
    training.begin_frame(state); // commands before this one in the same frame count
    const auto experiment = training.experiment().result;
    const bool running = training.run().running();
    if (!experiment) {
        if (running || training.reads_text()) return std::nullopt;
        // Nothing to play yet: playing is what begins it, where there is a text for it.
        const bool can_begin = training.request().text && !training.text_error();
        if (can_begin && frames > 0)
            training.start();
        else
            state.playback.playing = false;
        show_training(state);
        return std::nullopt;
    }
    const std::int64_t before = state.view.training.step;
    if (running && wrap) {
        // While it is trained, its newest step is what plays.
        state.view.training.step = -1;
        return std::nullopt;
    }
    // A frame is a measurement: between two of them only the cursor would move.
    const std::vector<std::int64_t> steps = measured_steps(*experiment);
    if (steps.empty()) return std::nullopt;
    const std::int64_t now = before < 0 ? steps.back() : before;
    const std::int64_t count = std::ssize(steps);
    const std::int64_t at = frames < 0 ? std::ranges::lower_bound(steps, now) - steps.begin()
                                       : std::ranges::upper_bound(steps, now) - steps.begin() - 1;
    const std::int64_t next = wrap && at + frames >= count ? 0 : std::clamp<std::int64_t>(at + frames, 0, count - 1);
    const std::int64_t step = steps[static_cast<std::size_t>(next)];
    if (step == before) return std::nullopt;
    state.view.training.step = static_cast<int>(step);
    return command("training.step", {{"value", before}});
}

void add_jacobian_training_commands(CommandRegistry& registry) {
    add_running(registry);
    add_choices(registry);
    add_field_commands(registry, described_training());
}

} // namespace attnscope::ui
