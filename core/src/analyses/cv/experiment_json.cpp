// The experiment's result as JSON and back.
#include <attnscope/cv_experiment_recipe.h>

#include "analyses/cv/result.h"
#include "base/json_fields.h"
#include "base/json_number.h"

#include <cmath>
#include <limits>
#include <map>

namespace attnscope {
namespace {

using cv::ExperimentConfig;
using cv::ExperimentMeasurement;

Json snapshot_json(const ExperimentMeasurement& measurement) {
    Json snapshot = Json::object();
    for (const cv::Matrix& matrix : measurement.matrices) {
        Json json = cv_matrix_json(matrix, false);
        json.erase("name");
        json.erase("kind");
        snapshot[matrix.name] = std::move(json);
    }
    return snapshot;
}

Json config_json(const ExperimentConfig& config) {
    Json json = {{"dim", config.dim},
                 {"heads", config.heads},
                 {"head_dim", config.head_dim()},
                 {"epochs", config.epochs},
                 {"state", training_stage_name(config.state)}};
    if (config.diverged_at >= 0) json["diverged_at"] = config.diverged_at;
    json["loss"] = config.loss;
    json["accuracy"] = config.accuracy;
    Json& snapshots = json["snapshots"] = Json::object();
    const std::pair<const char*, const ExperimentMeasurement*> named[] = {
        {"pre", config.pre()}, {"mid", config.mid()}, {"post", config.post()}};
    std::size_t shown = 0;
    for (const auto& [name, measurement] : named)
        if (measurement) {
            snapshots[name] = snapshot_json(*measurement);
            ++shown;
        }
    if (config.measurements.size() <= shown) return json;
    Json epochs = Json::array(), values = Json::object();
    for (const cv::ExperimentMeasurementPtr& measurement : config.measurements) {
        epochs.push_back(measurement->epoch);
        for (const cv::Matrix& matrix : measurement->matrices) values[matrix.name].push_back(number(matrix.cv));
    }
    json["cv_epochs"] = std::move(epochs);
    json["cv"] = std::move(values);
    return json;
}

class ConfigReader : JsonFields {
public:
    ConfigReader(const Json& json, std::string where, const std::string& subject)
        : JsonFields(std::move(where), subject), json_(json) {}

    ExperimentConfig read() const {
        ExperimentConfig config;
        config.dim = whole(json_, "dim", 1, cv::most_experiment_dim);
        config.heads = whole(json_, "heads", 1, config.dim);
        config.epochs = whole(json_, "epochs", 1, cv::most_experiment_epochs);
        config.state = parse_training_stage(text(json_, "state"));
        if (config.state == ExperimentConfig::State::diverged)
            config.diverged_at = whole(json_, "diverged_at", 0, config.epochs);
        config.loss = numbers(field(json_, "loss"), "loss");
        config.accuracy = numbers(field(json_, "accuracy"), "accuracy");
        const auto epochs = static_cast<std::size_t>(config.epochs);
        if (config.loss.size() > epochs || config.accuracy.size() > config.loss.size())
            fail("at most " + std::to_string(epochs) + " losses and no more accuracies", "others", "loss");
        read_measurements(config);
        return config;
    }

private:
    std::size_t count(const Json& object, const char* name) const {
        const Json& value = field(object, name);
        const auto number = number_in<std::size_t>(value);
        if (!number) fail("a whole number", value.type_name(), name);
        return *number;
    }
    cv::Interval interval(const Json& object, const char* name) const {
        const auto found = object.find(name);
        if (found == object.end() || found->is_null()) return cv::Matrix().ci95;
        const std::vector<double> ends = numbers(*found, name);
        if (ends.size() != 2) fail("two numbers", std::to_string(ends.size()), name);
        return {ends[0], ends[1]};
    }

    cv::Matrix matrix(const std::string& name, const Json& json) const {
        cv::Matrix matrix;
        matrix.name = name;
        matrix.rows = count(json, "rows");
        matrix.cols = count(json, "cols");
        matrix.pool = count(json, "pool");
        matrix.n_valid = count(json, "n_valid");
        matrix.n_degenerate = count(json, "n_degenerate");
        // Earlier versions did not write it.
        if (const auto simplices = json.find("row_simplices"); simplices != json.end() && !simplices->is_null())
            matrix.row_simplices = count(json, "row_simplices");
        matrix.cv = number(field(json, "cv"), "cv");
        matrix.ci95 = interval(json, "ci95");
        matrix.row_ci95 = interval(json, "row_ci95");
        const std::pair<const char*, double cv::Matrix::*> reals[] = {
            {"mean_volume", &cv::Matrix::mean_volume},     {"null_cv", &cv::Matrix::null_cv},
            {"effective_dim", &cv::Matrix::effective_dim}, {"participation_ratio", &cv::Matrix::participation_ratio},
            {"cv_corrected", &cv::Matrix::cv_corrected},   {"row_error", &cv::Matrix::row_error}};
        for (const auto& [key, member] : reals) matrix.*member = number(field(json, key), key);
        matrix.exact = truth(json, "exact");
        matrix.in_band = truth(json, "in_band");
        if (!std::isfinite(matrix.cv)) matrix.reason = text(json, "reason");
        return matrix;
    }
    bool truth(const Json& object, const char* name) const {
        const Json& value = field(object, name);
        if (value.is_null()) return false;
        if (!value.is_boolean()) fail("true or false", value.type_name(), name);
        return value.get<bool>();
    }

    void read_measurements(ExperimentConfig& config) const {
        const std::vector<std::string> names = cv::experiment_matrices(config.heads);
        std::map<int, std::shared_ptr<ExperimentMeasurement>> found;
        const auto at = [&](int epoch) -> ExperimentMeasurement& {
            auto& entry = found[epoch];
            if (!entry) {
                entry = std::make_shared<ExperimentMeasurement>();
                entry->epoch = epoch;
                entry->matrices.resize(names.size());
                for (std::size_t i = 0; i < names.size(); ++i) {
                    entry->matrices[i].name = names[i];
                    entry->matrices[i].reason = "not read";
                }
            }
            return *entry;
        };
        read_course(config, names, at);
        const Json& snapshots = field(json_, "snapshots");
        const std::pair<const char*, int> named[] = {{"pre", 0}, {"mid", config.epochs / 2}, {"post", config.epochs}};
        for (const auto& [name, epoch] : named) {
            const auto snapshot = snapshots.is_object() ? snapshots.find(name) : snapshots.end();
            if (!snapshots.is_object() || snapshot == snapshots.end()) continue;
            ExperimentMeasurement& measurement = at(epoch);
            for (std::size_t i = 0; i < names.size(); ++i)
                measurement.matrices[i] = matrix(names[i], field(*snapshot, names[i].c_str()));
        }
        for (auto& [epoch, measurement] : found) config.measurements.push_back(std::move(measurement));
    }

    /// The CV alone of every measurement, where it was asked for.
    template <class At>
    void read_course(const ExperimentConfig& config, const std::vector<std::string>& names, const At& at) const {
        const auto epochs = json_.find("cv_epochs");
        if (epochs == json_.end()) return;
        if (!epochs->is_array() || epochs->size() > static_cast<std::size_t>(config.epochs) + 1)
            fail("a list of epochs", epochs->type_name(), "cv_epochs");
        std::vector<int> when;
        for (const Json& epoch : *epochs) {
            const auto number = number_in<int>(epoch, {0, config.epochs});
            if (!number) fail("0 to " + std::to_string(config.epochs), one_line(epoch), "cv_epochs");
            when.push_back(*number);
        }
        const Json& values = field(json_, "cv");
        for (std::size_t i = 0; i < names.size(); ++i) {
            const std::vector<double> course = numbers(field(values, names[i].c_str()), "cv");
            if (course.size() != when.size())
                fail(std::to_string(when.size()) + " numbers", std::to_string(course.size()), "cv." + names[i]);
            for (std::size_t e = 0; e < when.size(); ++e) {
                cv::Matrix& matrix = at(when[e]).matrices[i];
                matrix.cv = course[e];
                if (std::isfinite(course[e])) matrix.reason.clear();
            }
        }
    }

    const Json& json_;
};

} // namespace

std::string cv_experiment_json(const cv::Experiment& experiment) {
    Json configs = Json::array();
    for (const cv::ExperimentConfigPtr& config : experiment.configs) configs.push_back(config_json(*config));
    return one_line({{"configs", std::move(configs)}});
}

std::vector<cv::ExperimentConfigPtr> read_cv_experiment(const std::string& result_json, const std::string& subject) {
    const Json result = parse_json(result_json, subject, json_kinds::result);
    const auto configs = result.is_object() ? result.find("configs") : result.end();
    if (!result.is_object() || configs == result.end() || !configs->is_array())
        throw Error(ErrorKind::input, subject, "a list of configurations", "none", "configs");
    if (configs->size() > cv::most_experiment_configs)
        throw Error(ErrorKind::input, subject,
                    "at most " + std::to_string(cv::most_experiment_configs) + " configurations",
                    std::to_string(configs->size()), "configs");
    std::vector<cv::ExperimentConfigPtr> read;
    for (std::size_t i = 0; i < configs->size(); ++i) {
        ExperimentConfig config = ConfigReader((*configs)[i], "configs[" + std::to_string(i) + "]", subject).read();
        if (config.over()) read.push_back(std::make_shared<const ExperimentConfig>(std::move(config)));
    }
    return read;
}

} // namespace attnscope
