// The public functions of cv_experiment.h in base: what a request may ask, what a result says, and the door to
// training.
#include <attnscope/cv_experiment.h>

#include "module/compute_module.h"

#include <algorithm>
#include <cmath>

namespace attnscope::cv {
namespace {

void check_whole(const char* subject, int value, int least, int most) {
    if (value < least || value > most)
        throw Error(ErrorKind::usage, subject, std::to_string(least) + " to " + std::to_string(most),
                    std::to_string(value));
}

void check_distinct(const char* subject, const std::vector<int>& values) {
    for (auto value = values.begin(); value != values.end(); ++value)
        if (std::find(values.begin(), value, *value) != value)
            throw Error(ErrorKind::usage, subject, "each number once", std::to_string(*value) + " twice");
}

} // namespace

void check_experiment(const ExperimentRequest& request) {
    if (request.dims.empty()) throw Error(ErrorKind::usage, "dims", "one width or more", "none");
    if (request.heads.empty()) throw Error(ErrorKind::usage, "heads", "one number of heads or more", "none");
    const std::size_t configs = request.dims.size() * request.heads.size();
    if (request.dims.size() > most_experiment_configs || request.heads.size() > most_experiment_configs ||
        configs > most_experiment_configs)
        throw Error(ErrorKind::usage, "dims × heads", "at most " + std::to_string(most_experiment_configs),
                    std::to_string(configs));
    for (const int dim : request.dims) check_whole("dims", dim, 1, most_experiment_dim);
    for (const int heads : request.heads) {
        check_whole("heads", heads, 1, most_experiment_dim);
        for (const int dim : request.dims)
            if (dim % heads != 0)
                throw Error(ErrorKind::usage, "heads", "a divisor of the width " + std::to_string(dim),
                            std::to_string(heads));
    }
    check_distinct("dims", request.dims);
    check_distinct("heads", request.heads);
    check_whole("epochs", request.epochs, 1, most_experiment_epochs);
    check_whole("every", request.every, 0, most_experiment_epochs);
    if (!(request.learning_rate > 0) || std::isinf(request.learning_rate))
        throw Error(ErrorKind::usage, "learning rate", "a finite number above 0",
                    std::to_string(request.learning_rate));
    check_parameters(request.parameters);
}

Experiment compute_experiment(const ExperimentRequest& request, JobContext& context) {
    check_experiment(request);
    return compute_module().cv_experiment(request, context);
}

bool ExperimentRequest::operator==(const ExperimentRequest& other) const {
    return dims == other.dims && heads == other.heads && epochs == other.epochs && every == other.every &&
           learning_rate == other.learning_rate && parameters == other.parameters && seed == other.seed;
}

const ExperimentMeasurement* ExperimentConfig::measured_at(int epoch) const {
    const auto found = std::lower_bound(
        measurements.begin(), measurements.end(), epoch,
        [](const ExperimentMeasurementPtr& measurement, int wanted) { return measurement->epoch < wanted; });
    return found != measurements.end() && (*found)->epoch == epoch ? found->get() : nullptr;
}

std::size_t Experiment::finished() const {
    return static_cast<std::size_t>(std::count_if(configs.begin(), configs.end(),
                                                  [](const ExperimentConfigPtr& config) { return config->over(); }));
}

} // namespace attnscope::cv
