// The experiment: its curves over epochs, its configurations as a grid, and CV against head_dim.
#include "analyses/cv/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::cv {
namespace {

std::string config_text(const ExperimentConfig& config) {
    return std::to_string(config.dim) + " × " + std::to_string(config.heads);
}

std::vector<double> epochs_of(const ExperimentConfig& config) {
    std::vector<double> epochs;
    for (const ExperimentMeasurementPtr& measurement : config.measurements) epochs.push_back(measurement->epoch);
    return epochs;
}

std::vector<double> counted(std::size_t count, double first) {
    std::vector<double> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = first + static_cast<double>(i);
    return numbers;
}

int number_of_epochs(const Experiment& experiment) {
    int epochs = 1;
    for (const ExperimentConfigPtr& config : experiment.configs) epochs = std::max(epochs, config->epochs);
    return epochs;
}

/// A curve a configuration: the selected one bold and on top.
template <class Curve>
void add_config_curves(Axes& axes, const View& view, const Experiment& experiment, const Curve& curve) {
    const ExperimentConfig* const selected = selected_config(view, experiment);
    for (const bool bold : {false, true})
        for (const ExperimentConfigPtr& config : experiment.configs) {
            if ((config.get() == selected) != bold) continue;
            Line line = curve(*config);
            if (line.x.empty()) continue;
            if (bold) {
                line.name = config_text(*config);
                line.colour = {Colour::Role::accent};
                line.width = 2;
            } else {
                line.colour = {Colour::Role::muted, 0, 0.6f};
                line.width = 0.8f;
            }
            axes.elements.push_back(std::move(line));
        }
}

void add_epoch_cursor(Axes& axes, int epoch) {
    Marker cursor;
    cursor.value = epoch;
    cursor.colour = {Colour::Role::accent};
    cursor.dashed = false;
    axes.elements.push_back(std::move(cursor));
}

bool is_group_of(const std::string& matrix, std::string_view group) {
    return experiment_group(matrix) == group;
}

/// One thin line a head of the group.
void add_head_curves(Axes& axes, const ExperimentConfig& config, std::string_view group) {
    const std::vector<std::string> names = experiment_matrices(config.heads);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!is_group_of(names[i], group) || config.heads == 1) continue;
        Line line;
        line.x = epochs_of(config);
        for (const ExperimentMeasurementPtr& measurement : config.measurements)
            line.y.push_back(measurement->matrices[i].cv);
        line.colour = {Colour::Role::accent, 0, 0.35f};
        line.width = 0.7f;
        if (!line.x.empty()) axes.elements.push_back(std::move(line));
    }
}

/// Rows of weights live in R^dim, those of a head's activations in R^head_dim.
bool of_head_activations(std::string_view group) {
    return group.starts_with("act_") && group.ends_with("_h");
}

/// Dimensions of the rows of a group's matrices.
int group_dimension(const ExperimentConfig& config, std::string_view group) {
    return of_head_activations(group) ? config.head_dim() : config.dim;
}

std::string progress_text(const Experiment& experiment) {
    std::size_t diverged = 0;
    for (const ExperimentConfigPtr& config : experiment.configs)
        diverged += config->state == ExperimentConfig::State::diverged;
    return format_count(experiment.finished()) + " of " + format_count(experiment.configs.size()) +
           " configurations done" + (diverged > 0 ? ", " + format_count(diverged) + " diverged" : "");
}

Axis epoch_axis(int epochs) {
    Axis axis;
    axis.label = "epoch";
    axis.range = {-0.02 * epochs, 1.02 * epochs};
    return axis;
}

} // namespace

const std::vector<std::string>& experiment_groups() {
    static const std::vector<std::string> groups{"emb",     "Q_full",  "K_full",     "V_full",   "Q_h",
                                                 "K_h",     "V_h",     "out_proj",   "cls_head", "act_Q_h",
                                                 "act_K_h", "act_V_h", "act_post_h", "act_emb",  "act_post_full"};
    return groups;
}

std::string_view experiment_group(std::string_view matrix) {
    const std::size_t digits = matrix.find_last_not_of("0123456789") + 1;
    return matrix.substr(0, digits).ends_with("_h") ? matrix.substr(0, digits) : matrix;
}

double group_cv(const ExperimentMeasurement& measurement, std::string_view group) {
    double sum = 0;
    int count = 0;
    for (const Matrix& matrix : measurement.matrices)
        if (is_group_of(matrix.name, group)) {
            sum += matrix.cv;
            ++count;
        }
    return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

const ExperimentConfig* selected_config(const View& view, const Experiment& experiment) {
    for (const ExperimentConfigPtr& config : experiment.configs)
        if (config->dim == view.dim && config->heads == view.config_heads) return config.get();
    return experiment.configs.empty() ? nullptr : experiment.configs.front().get();
}

const ExperimentMeasurement* shown_measurement(const View& view, const ExperimentConfig& config) {
    const ExperimentMeasurement* shown = nullptr;
    for (const ExperimentMeasurementPtr& measurement : config.measurements)
        if (view.epoch < 0 || measurement->epoch <= view.epoch) shown = measurement.get();
    return shown;
}

Figure training_figure(const View& view, const Experiment& experiment) {
    Figure figure = start_figure("cv.training");
    figure.columns = 3;
    const int epochs = number_of_epochs(experiment);
    Axes loss, accuracy, course;
    for (Axes* axes : {&loss, &accuracy, &course}) axes->x = epoch_axis(epochs);
    loss.y.label = "loss (nats)";
    loss.y.scale = Scale::logarithmic;
    accuracy.y.label = "training accuracy";
    accuracy.y.range = {-0.03, 1.03};
    course.y.label = "CV of " + view.group;
    add_config_curves(loss, view, experiment, [](const ExperimentConfig& config) {
        Line line;
        line.x = counted(config.loss.size(), 0);
        line.y = config.loss;
        return line;
    });
    add_config_curves(accuracy, view, experiment, [](const ExperimentConfig& config) {
        Line line;
        line.x = counted(config.accuracy.size(), 1);
        line.y = config.accuracy;
        return line;
    });
    add_band(course, view.parameters, -0.02 * epochs, 1.02 * epochs);
    const ExperimentConfig* const config = selected_config(view, experiment);
    if (config) {
        say(figure, config_text(*config) + " heads");
        if (!config->loss.empty()) say(figure, "loss " + format_number(config->loss.back()));
        if (!config->accuracy.empty()) say(figure, "training accuracy " + format_number(config->accuracy.back()));
        if (config->state == ExperimentConfig::State::diverged)
            say(figure, "diverged at epoch " + std::to_string(config->diverged_at));
        add_null_marker(course, view.parameters, group_dimension(*config, view.group));
        add_head_curves(course, *config, view.group);
    }
    add_config_curves(course, view, experiment, [&](const ExperimentConfig& each) {
        Line line;
        line.x = epochs_of(each);
        for (const ExperimentMeasurementPtr& measurement : each.measurements)
            line.y.push_back(group_cv(*measurement, view.group));
        return line;
    });
    loss.legend = Axes::Legend::bottom_left;
    if (view.epoch >= 0)
        for (Axes* axes : {&loss, &accuracy, &course}) add_epoch_cursor(*axes, view.epoch);
    say(figure, progress_text(experiment));
    figure.axes = {std::move(loss), std::move(accuracy), std::move(course)};
    figure.caption = "The experiment: cross-entropy before each update, training accuracy after it, and the CV of " +
                     view.group + " (mean over heads; thin: each head). One configuration bold, width × heads. " +
                     sampled_text(view.parameters) + ", " + error_text(view.parameters) + ". " +
                     cv_note(view.parameters);
    return figure;
}

Figure grid_figure(const View& view, const Experiment& experiment) {
    Figure figure = start_figure("cv.grid");
    std::vector<int> dims, heads;
    for (const ExperimentConfigPtr& config : experiment.configs) {
        if (std::find(dims.begin(), dims.end(), config->dim) == dims.end()) dims.push_back(config->dim);
        if (std::find(heads.begin(), heads.end(), config->heads) == heads.end()) heads.push_back(config->heads);
    }
    HeatMap map;
    map.width = static_cast<int>(heads.size());
    map.height = static_cast<int>(dims.size());
    map.values.assign(heads.size() * dims.size(), NAN);
    Axes axes;
    axes.x.label = "heads";
    axes.y.label = "width";
    const auto index = [](const std::vector<int>& values, int value) {
        return static_cast<double>(std::find(values.begin(), values.end(), value) - values.begin());
    };
    const ExperimentConfig* const selected = selected_config(view, experiment);
    std::vector<Annotation> notes;
    for (const ExperimentConfigPtr& config : experiment.configs) {
        const double x = index(heads, config->heads), y = index(dims, config->dim);
        const ExperimentMeasurement* const measurement = shown_measurement(view, *config);
        if (measurement)
            map.values[static_cast<std::size_t>(y) * heads.size() + static_cast<std::size_t>(x)] =
                static_cast<float>(group_cv(*measurement, view.group));
        Annotation note;
        note.x = x;
        note.y = measurement ? y + 0.3 : y; // below the cell's number
        note.anchor = Annotation::Anchor::centre;
        note.text = config->state == ExperimentConfig::State::waiting    ? "waits"
                    : config->state == ExperimentConfig::State::diverged ? "diverged"
                    : config->state == ExperimentConfig::State::running
                        ? std::to_string(config->loss.size()) + " / " + std::to_string(config->epochs)
                        : "";
        if (!note.text.empty()) notes.push_back(std::move(note));
    }
    for (const int value : heads) axes.x.categories.push_back(std::to_string(value));
    for (const int value : dims) axes.y.categories.push_back(std::to_string(value));
    axes.x.range = {-0.5, static_cast<double>(map.width) - 0.5};
    axes.y.range = {-0.5, static_cast<double>(map.height) - 0.5};
    axes.y.reversed = true;
    if (map.values.empty()) {
        add_note(axes, "no configuration yet");
    } else {
        map.x_min = map.y_min = -0.5;
        map.x_max = map.width - 0.5;
        map.y_max = map.height - 0.5;
        map.label = "CV of " + view.group;
        axes.elements.push_back(std::move(map));
        for (Annotation& note : notes) axes.elements.push_back(std::move(note));
        if (selected) {
            const double x = index(heads, selected->heads), y = index(dims, selected->dim);
            add_outline(axes, x - 0.5, x + 0.5, y - 0.5, y + 0.5);
        }
    }
    say(figure, view.epoch < 0 ? "newest epoch" : "epoch " + std::to_string(view.epoch));
    say(figure, progress_text(experiment));
    figure.axes.push_back(std::move(axes));
    figure.caption = "CV of " + view.group + " (mean over heads) of every configuration of the experiment. " +
                     cv_note(view.parameters);
    return figure;
}

Figure relation_figure(const View& view, const Experiment& experiment) {
    Figure figure = start_figure("cv.relation");
    say(figure, "experiment, " + view.group);
    double low = 8, high = 256;
    Points before, now;
    before.name = "before training";
    before.colour = {Colour::Role::muted};
    now.name = view.epoch < 0 ? "newest epoch" : "epoch " + std::to_string(view.epoch);
    now.colour = {Colour::Role::series, 0};
    const auto add = [&](Points& points, const ExperimentConfig& config, const ExperimentMeasurement& measurement,
                         double shift) {
        for (const Matrix& matrix : measurement.matrices) {
            if (!is_group_of(matrix.name, view.group) || !matrix.has_cv()) continue;
            const auto dimension = static_cast<double>(matrix.cols);
            low = std::min(low, dimension);
            high = std::max(high, dimension);
            points.x.push_back(dimension * shift);
            points.y.push_back(matrix.cv);
            // Between before, half and after there are no intervals.
            points.error_low.push_back(std::isfinite(matrix.ci95.low) ? matrix.ci95.low : matrix.cv);
            points.error_high.push_back(std::isfinite(matrix.ci95.high) ? matrix.ci95.high : matrix.cv);
            points.ids.push_back(static_cast<std::uint32_t>(config.dim * 2048 + config.heads));
        }
    };
    for (const ExperimentConfigPtr& config : experiment.configs) {
        if (config->pre()) add(before, *config, *config->pre(), 0.98);
        if (const ExperimentMeasurement* const shown = shown_measurement(view, *config); shown && shown->epoch > 0)
            add(now, *config, *shown, 1.02);
    }
    Axes axes;
    axes.x.label = of_head_activations(view.group) ? "head_dim" : "dimensions of the rows";
    axes.x.scale = Scale::logarithmic;
    axes.x.range = {std::max(low / 1.4, 4.5), high * 1.4};
    axes.y.label = "CV of the volumes";
    add_band(axes, view.parameters, (*axes.x.range)[0], (*axes.x.range)[1]);
    add_null_curve(axes, view.parameters, (*axes.x.range)[0], (*axes.x.range)[1]);
    for (Points* points : {&before, &now})
        if (!points->x.empty()) axes.elements.push_back(std::move(*points));
    axes.legend = Axes::Legend::top_right;
    figure.axes.push_back(std::move(axes));
    figure.caption = "CV of " + view.group + " against the number of dimensions of its rows, every configuration. " +
                     cv_note(view.parameters);
    return figure;
}

} // namespace attnscope::cv
