// The public functions of jacobian_experiment.h in base: names, what a request may ask, and the door to training.
#include <attnscope/jacobian_experiment.h>

#include "base/none.h"
#include "module/compute_module.h"

#include <algorithm>
#include <cmath>

namespace attnscope::jacobian {
namespace {

template <class Values, class Name>
auto parse(const char* subject, std::string_view text, const Values& values, const Name& name) {
    std::string known;
    for (const auto value : values) {
        if (text == name(value)) return value;
        known += (known.empty() ? "" : ", ") + std::string(name(value));
    }
    throw Error(ErrorKind::usage, subject, "one of " + known, std::string(text));
}

void check_whole(const char* subject, int value, int least, int most) {
    if (value < least || value > most)
        throw Error(ErrorKind::usage, subject, std::to_string(least) + " to " + std::to_string(most),
                    std::to_string(value));
}

void check_shape(const CharGptShape& shape) {
    check_whole("layers", shape.layers, 1, most_shape_layers);
    check_whole("width", shape.width, 1, most_shape_width);
    check_whole("heads", shape.heads, 1, shape.width);
    check_whole("block", shape.block, 1, most_shape_block);
    if (shape.width % shape.heads != 0)
        throw Error(ErrorKind::usage, "heads", "a divisor of the width " + std::to_string(shape.width),
                    std::to_string(shape.heads));
}

} // namespace

std::string combination_name(const Combination& combination) {
    return std::string(choice_name(combination.method)) + "/" + choice_name(combination.gradient);
}

std::vector<Combination> all_combinations() {
    std::vector<Combination> all;
    for (const Method method : methods)
        for (const SoftmaxGradient gradient : softmax_gradients) all.push_back({method, gradient});
    return all;
}

double ExperimentMeasurement::mean(Metric metric) const noexcept {
    double sum = 0;
    int count = 0;
    for (const HeadMetrics& head : heads)
        if (const double value = head.value(metric); std::isfinite(value)) {
            sum += value;
            ++count;
        }
    return count > 0 ? sum / count : none;
}

std::size_t ExperimentMeasurement::undefined() const noexcept {
    std::size_t sum = 0;
    for (const HeadMetrics& head : heads) sum += head.undefined;
    return sum;
}

const ExperimentMeasurement* TrainingRun::measured_at(int step) const noexcept {
    const auto after = std::upper_bound(
        measurements.begin(), measurements.end(), step,
        [](int wanted, const ExperimentMeasurementPtr& measurement) { return wanted < measurement->step; });
    return after == measurements.begin() ? nullptr : std::prev(after)->get();
}

std::size_t Experiment::finished() const {
    return static_cast<std::size_t>(
        std::count_if(runs.begin(), runs.end(), [](const TrainingRunPtr& run) { return run->over(); }));
}

const TrainingRun* Experiment::find(const Combination& combination) const {
    for (const TrainingRunPtr& run : runs)
        if (run->combination == combination) return run.get();
    return nullptr;
}

bool ExperimentRequest::operator==(const ExperimentRequest& other) const {
    const bool same_text = text == other.text || (text && other.text && text->sha256 == other.text->sha256);
    return same_text && combinations == other.combinations && shape == other.shape && batch == other.batch &&
           steps == other.steps && every == other.every && blocks == other.blocks &&
           learning_rate == other.learning_rate && seed == other.seed;
}

void check_experiment_parameters(const ExperimentRequest& request) {
    if (request.combinations.empty()) throw Error(ErrorKind::usage, "method", "one combination or more", "none");
    for (auto each = request.combinations.begin(); each != request.combinations.end(); ++each)
        if (std::find(request.combinations.begin(), each, *each) != each)
            throw Error(ErrorKind::usage, "method", "each combination once", combination_name(*each) + " twice");
    check_shape(request.shape);
    check_whole("batch", request.batch, 1, most_training_windows);
    check_whole("steps", request.steps, 1, most_training_steps);
    check_whole("every", request.every, 0, most_training_steps);
    check_whole("blocks", request.blocks, 1, most_training_windows);
    if (!(request.learning_rate > 0) || std::isinf(request.learning_rate))
        throw Error(ErrorKind::usage, "learning rate", "a finite number above 0",
                    std::to_string(request.learning_rate));
}

void check_experiment(const ExperimentRequest& request) {
    check_experiment_parameters(request);
    if (!request.text) throw Error(ErrorKind::usage, "text", "one to train on", "none");
    check_experiment_text(*request.text, request.shape.block);
}

Experiment compute_experiment(const ExperimentRequest& request, JobContext& context) {
    check_experiment(request);
    return compute_module().jacobian_experiment(request, context);
}

} // namespace attnscope::jacobian
