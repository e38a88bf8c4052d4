// The softmax-gradient experiment: curves over steps, combinations as a grid, and the heads of a trained model.
#include <attnscope/jacobian_experiment_figures.h>

#include "analyses/jacobian/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::jacobian {
namespace {

constexpr std::array training_panels{PanelName{"jacobian.training", "Training"}, PanelName{"jacobian.grid", "Runs"},
                                     PanelName{"jacobian.trained", "Trained heads"}};

Figure start_figure(std::string_view panel) {
    Figure figure;
    figure.id = panel;
    figure.title = title_of(training_panels, panel);
    return figure;
}

int number_of_steps(const Experiment& experiment) {
    int steps = 1;
    for (const TrainingRunPtr& run : experiment.runs) steps = std::max(steps, run->steps);
    return steps;
}

/// The same in every panel.
Colour method_colour(Method method) {
    constexpr std::array colours{0, 1, 2, 5};
    return {Colour::Role::series, colours[static_cast<std::size_t>(method)]};
}

/// Runs of at most this many are named in the legend one by one, else by method.
constexpr std::size_t most_names = 6;

/// A curve a run, the selected one bold and on top. Every axes names the same ones: a legend's click hides them in
/// each.
template <class Curve>
void add_curves(Axes& axes, const ExperimentView& view, const Experiment& experiment, const Curve& curve) {
    const TrainingRun* const selected = selected_run(view, experiment);
    std::vector<Method> said;
    for (const bool bold : {false, true})
        for (const TrainingRunPtr& run : experiment.runs) {
            if ((run.get() == selected) != bold) continue;
            Line line = curve(*run);
            if (line.x.empty()) continue;
            line.colour = method_colour(run->combination.method);
            line.dashed = run->combination.gradient != SoftmaxGradient::full;
            line.width = bold ? 2 : 0.9f;
            if (!bold && experiment.runs.size() > 1) line.colour.alpha = 0.65f;
            const bool first = std::find(said.begin(), said.end(), run->combination.method) == said.end();
            if (bold || experiment.runs.size() <= most_names)
                line.name = combination_name(run->combination);
            else if (first && !line.dashed)
                line.name = choice_name(run->combination.method);
            if (!line.name.empty() && !line.dashed) said.push_back(run->combination.method);
            axes.elements.push_back(std::move(line));
        }
}

/// What was measured of a run, by step.
template <class Value>
Line measured_line(const TrainingRun& run, const Value& value) {
    Line line;
    for (const ExperimentMeasurementPtr& measurement : run.measurements) {
        line.x.push_back(measurement->step);
        line.y.push_back(value(*measurement));
    }
    line.markers = run.measurements.size() < 2;
    return line;
}

void add_step_cursor(Axes& axes, int step) {
    Marker cursor;
    cursor.value = step;
    cursor.colour = {Colour::Role::accent};
    cursor.dashed = false;
    axes.elements.push_back(std::move(cursor));
}

void add_head_curves(Axes& axes, const ExperimentView& view, const TrainingRun& run) {
    const std::size_t heads = run.last() ? run.last()->heads.size() : 0;
    for (std::size_t head = 0; head < heads; ++head) {
        Line line = measured_line(
            run, [&](const ExperimentMeasurement& measurement) { return measurement.heads[head].value(view.metric); });
        line.colour = method_colour(run.combination.method);
        line.colour.alpha = 0.3f;
        line.width = 0.6f;
        line.markers = false;
        axes.elements.push_back(std::move(line));
    }
}

std::string progress_text(const Experiment& experiment) {
    std::size_t diverged = 0;
    for (const TrainingRunPtr& run : experiment.runs) diverged += run->state == TrainingRun::State::diverged;
    return format_count(experiment.finished()) + " of " + format_count(experiment.runs.size()) + " runs done" +
           (diverged > 0 ? ", " + format_count(diverged) + " diverged" : "");
}

void say_step(Figure& figure, const ExperimentView& view) {
    say(figure, view.step < 0 ? "newest measurement" : "step " + std::to_string(view.step));
}

constexpr const char* method_note = "bp: back-propagation; fa: a fixed random matrix sends errors back in place of "
                                    "each weight; sign_sym: the weights' signs "
                                    "do; dfa: each block gets a fixed random projection of the output error. Softmax "
                                    "gradient: full A ⊙ (g − Σ A g), diag "
                                    "A ⊙ (1 − A) ⊙ g, ste g, surrogate A ⊙ (g − dO·O).";

} // namespace

const TrainingRun* selected_run(const ExperimentView& view, const Experiment& experiment) {
    if (const TrainingRun* const found = experiment.find(view.shown)) return found;
    return experiment.runs.empty() ? nullptr : experiment.runs.front().get();
}

const ExperimentMeasurement* shown_measurement(const ExperimentView& view, const TrainingRun& run) {
    return view.step < 0 ? run.last() : run.measured_at(view.step);
}

const std::vector<std::string>& experiment_panel_ids() {
    static const std::vector<std::string> ids = ids_of(training_panels);
    return ids;
}

const char* experiment_panel_title(std::string_view panel_id) {
    return title_of(training_panels, panel_id);
}

bool is_experiment_panel(std::string_view panel_id) {
    return std::any_of(training_panels.begin(), training_panels.end(),
                       [&](const PanelName& panel) { return panel_id == panel.id; });
}

Figure training_figure(const ExperimentView& view, const Experiment& experiment) {
    Figure figure = start_figure("jacobian.training");
    figure.columns = 3;
    const int steps = number_of_steps(experiment);
    Axes loss, validation, metric;
    for (Axes* const axes : {&loss, &validation, &metric}) {
        axes->x.label = "step";
        axes->x.range = {-0.02 * steps, 1.02 * steps};
    }
    loss.y.label = "loss (nats)";
    validation.y.label = "validation loss (nats)";
    metric.y.label = std::string("mean ") + choice_name(view.metric);
    // Shares of an energy that nearly vanishes under some methods reach many thousands.
    if (view.metric == Metric::r_diag || view.metric == Metric::energy_off) metric.y.scale = Scale::logarithmic;
    const TrainingRun* const selected = selected_run(view, experiment);
    add_curves(loss, view, experiment, [](const TrainingRun& run) {
        Line line;
        for (std::size_t step = 0; step < run.loss.size(); ++step) line.x.push_back(static_cast<double>(step));
        line.y = run.loss;
        return line;
    });
    loss.legend = Axes::Legend::top_right;
    add_curves(validation, view, experiment, [](const TrainingRun& run) {
        return measured_line(run, [](const ExperimentMeasurement& measurement) { return measurement.val_loss; });
    });
    if (selected) add_head_curves(metric, view, *selected);
    add_curves(metric, view, experiment, [&](const TrainingRun& run) {
        return measured_line(run,
                             [&](const ExperimentMeasurement& measurement) { return measurement.mean(view.metric); });
    });
    if (selected) {
        say(figure, combination_name(selected->combination));
        if (!selected->loss.empty()) say(figure, "loss " + format_number(selected->loss.back()));
        if (selected->last() && std::isfinite(selected->last()->val_loss))
            say(figure, "validation " + format_number(selected->last()->val_loss));
        if (selected->state == TrainingRun::State::diverged)
            say(figure, "diverged at step " + std::to_string(selected->diverged_at));
    }
    say(figure, progress_text(experiment));
    for (Axes* const axes : {&loss, &validation, &metric}) {
        if (view.step >= 0) add_step_cursor(*axes, view.step);
        if (axes->elements.empty()) add_note(*axes, "no step yet");
    }
    figure.axes = {std::move(loss), std::move(validation), std::move(metric)};
    figure.caption =
        "A character model trained on the text: mean cross-entropy of each step before its update, that on the "
        "tenth of the text that is not trained on, and ";
    figure.caption += choice_name(view.metric);
    figure.caption +=
        " of the softmax Jacobian (thin: each head of the bold run). A colour a method, broken for softmax "
        "gradients other than the full one. ";
    figure.caption += method_note;
    return figure;
}

Figure grid_figure(const ExperimentView& view, const Experiment& experiment) {
    Figure figure = start_figure("jacobian.grid");
    std::vector<Method> rows;
    std::vector<SoftmaxGradient> columns;
    const auto add = [](auto& values, auto value) {
        if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    };
    for (const TrainingRunPtr& run : experiment.runs) {
        add(rows, run->combination.method);
        add(columns, run->combination.gradient);
    }
    const auto index = [](const auto& values, auto value) {
        return static_cast<double>(std::find(values.begin(), values.end(), value) - values.begin());
    };
    Axes axes;
    axes.x.label = "softmax gradient";
    axes.y.label = "method";
    axes.y.reversed = true;
    HeatMap map;
    map.width = static_cast<int>(columns.size());
    map.height = static_cast<int>(rows.size());
    map.values.assign(rows.size() * columns.size(), NAN);
    std::vector<Annotation> notes;
    for (const TrainingRunPtr& run : experiment.runs) {
        const double x = index(columns, run->combination.gradient), y = index(rows, run->combination.method);
        const ExperimentMeasurement* const shown = shown_measurement(view, *run);
        const bool there = shown && std::isfinite(shown->val_loss);
        if (there)
            map.values[static_cast<std::size_t>(y) * columns.size() + static_cast<std::size_t>(x)] =
                static_cast<float>(shown->val_loss);
        Annotation note;
        note.x = x;
        note.y = there ? y + 0.3 : y; // below the cell's number
        note.anchor = Annotation::Anchor::centre;
        note.text = run->state == TrainingRun::State::waiting    ? "waits"
                    : run->state == TrainingRun::State::diverged ? "diverged at " + std::to_string(run->diverged_at)
                    : run->state == TrainingRun::State::running
                        ? std::to_string(run->loss.size()) + " / " + std::to_string(run->steps)
                        : "";
        if (!note.text.empty()) notes.push_back(std::move(note));
    }
    for (const SoftmaxGradient gradient : columns) axes.x.categories.push_back(choice_name(gradient));
    for (const Method method : rows) axes.y.categories.push_back(choice_name(method));
    axes.x.range = {-0.5, static_cast<double>(map.width) - 0.5};
    axes.y.range = {-0.5, static_cast<double>(map.height) - 0.5};
    if (map.values.empty()) {
        add_note(axes, "no run yet");
    } else {
        map.x_min = map.y_min = -0.5;
        map.x_max = map.width - 0.5;
        map.y_max = map.height - 0.5;
        map.label = "validation loss (nats)";
        axes.elements.push_back(std::move(map));
        for (Annotation& note : notes) axes.elements.push_back(std::move(note));
        const Combination& selected = selected_run(view, experiment)->combination;
        const double x = index(columns, selected.gradient), y = index(rows, selected.method);
        add_outline(axes, x - 0.5, x + 0.5, y - 0.5, y + 0.5);
    }
    say_step(figure, view);
    say(figure, progress_text(experiment));
    figure.axes.push_back(std::move(axes));
    figure.caption = "Loss on the tenth of the text that is not trained on, of every combination. ";
    figure.caption += method_note;
    return figure;
}

Figure trained_figure(const ExperimentView& view, const Experiment& experiment) {
    Figure figure = start_figure("jacobian.trained");
    Axes axes;
    axes.x.label = "head";
    axes.y.label = "layer";
    axes.y.reversed = true;
    const TrainingRun* const run = selected_run(view, experiment);
    const ExperimentMeasurement* const shown = run ? shown_measurement(view, *run) : nullptr;
    if (!shown || shown->heads.empty()) {
        add_note(axes, "nothing measured yet");
    } else {
        HeatMap map;
        for (const HeadMetrics& head : shown->heads) {
            map.width = std::max(map.width, head.head + 1);
            map.height = std::max(map.height, head.layer + 1);
        }
        map.values.assign(static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.height), NAN);
        for (const HeadMetrics& head : shown->heads)
            map.values[static_cast<std::size_t>(head.layer) * static_cast<std::size_t>(map.width) +
                       static_cast<std::size_t>(head.head)] = static_cast<float>(head.value(view.metric));
        for (int head = 0; head < map.width; ++head) axes.x.categories.push_back(std::to_string(head));
        for (int layer = 0; layer < map.height; ++layer) axes.y.categories.push_back(std::to_string(layer));
        map.x_min = map.y_min = -0.5;
        map.x_max = map.width - 0.5;
        map.y_max = map.height - 0.5;
        map.label = metric_title(view.metric);
        map.map = colours_of(view.metric);
        limit_colours(map);
        axes.x.range = {-0.5, map.x_max};
        axes.y.range = {-0.5, map.y_max};
        say(figure, combination_name(run->combination));
        say(figure, "after " + std::to_string(shown->step) + " updates");
        axes.elements.push_back(std::move(map));
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = metric_title(view.metric);
    figure.caption +=
        " of every head of the model in training, on windows of the text that is trained on; g is the gradient "
        "that the method itself sends. ";
    figure.caption += method_note;
    if (shown) say_left_out(figure, view.metric, shown->heads);
    return figure;
}

Figure experiment_figure(const ExperimentView& view, const std::string& panel, const Experiment& experiment) {
    if (panel == "jacobian.grid") return grid_figure(view, experiment);
    if (panel == "jacobian.trained") return trained_figure(view, experiment);
    return training_figure(view, experiment);
}

} // namespace attnscope::jacobian
