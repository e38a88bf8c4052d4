// The experiment's result as JSON and back.
#include <attnscope/jacobian_experiment_recipe.h>

#include "analyses/jacobian/result.h"
#include "base/json_fields.h"

#include <array>
#include <utility>

namespace attnscope {
namespace {

using jacobian::ExperimentMeasurement;
using jacobian::HeadMetrics;
using jacobian::Metric;
using jacobian::TrainingRun;

Json heads_json(const std::vector<HeadMetrics>& heads) {
    Json list = Json::array();
    for (const HeadMetrics& head : heads) list.push_back(jacobian_head_json(head));
    return list;
}

Json measurement_json(const ExperimentMeasurement& measurement) {
    Json json = {
        {"step", measurement.step}, {"loss", number(measurement.loss)}, {"val_loss", number(measurement.val_loss)}};
    for (const Metric metric : jacobian::metrics) json[choice_name(metric)] = number(measurement.mean(metric));
    json["n_undefined"] = measurement.undefined();
    json["heads"] = heads_json(measurement.heads);
    return json;
}

Json run_json(const TrainingRun& run) {
    Json json = {{"method", choice_name(run.combination.method)},
                 {"softmax_grad", choice_name(run.combination.gradient)},
                 {"state", training_stage_name(run.state)}};
    if (run.diverged_at >= 0) json["diverged_at"] = run.diverged_at;
    const ExperimentMeasurement* const last = run.last();
    json["loss"] = last ? number(last->loss) : Json(nullptr);
    Json validation = Json::array(), steps = Json::array(), metrics = Json::array();
    for (const auto& measurement : run.measurements) {
        steps.push_back(measurement->step);
        validation.push_back(number(measurement->val_loss));
        metrics.push_back(measurement_json(*measurement));
    }
    json["training"] = {{"steps", run.steps},
                        {"loss", run.loss},
                        {"val_steps", std::move(steps)},
                        {"val_loss", std::move(validation)},
                        {"metrics", std::move(metrics)}};
    json["heads"] = last ? heads_json(last->heads) : Json::array();
    return json;
}

class RunReader : JsonFields {
public:
    RunReader(const Json& json, std::string where, const std::string& subject)
        : JsonFields(std::move(where), subject), json_(json) {}

    TrainingRun read() const {
        TrainingRun run;
        run.combination.method = named<jacobian::Method>(json_, "method");
        run.combination.gradient = named<jacobian::SoftmaxGradient>(json_, "softmax_grad");
        run.state = parse_training_stage(text(json_, "state"));
        const Json& training = field(json_, "training");
        run.steps = whole(training, "steps", 1, jacobian::most_training_steps);
        for (const Json& loss : list(training, "loss", static_cast<std::size_t>(run.steps)))
            run.loss.push_back(number(loss, "training.loss"));
        if (run.state == TrainingRun::State::diverged) run.diverged_at = whole(json_, "diverged_at", 0, run.steps);
        int before = -1;
        for (const Json& entry : list(training, "metrics", static_cast<std::size_t>(run.steps) + 1)) {
            auto measurement = std::make_shared<ExperimentMeasurement>();
            measurement->step = before = whole(entry, "step", before + 1, run.steps);
            measurement->loss = number(field(entry, "loss"), "loss");
            measurement->val_loss = number(field(entry, "val_loss"), "val_loss");
            measurement->heads = heads(entry);
            run.measurements.push_back(std::move(measurement));
        }
        return run;
    }

private:
    template <Chosen Value>
    Value named(const Json& object, const char* name) const {
        const std::string value = text(object, name);
        const auto choice = find_choice<Value>(value);
        if (!choice) fail("one of " + choice_list<Value>(), one_line(value), name);
        return *choice;
    }
    /// 0 where an earlier version did not write it.
    std::size_t count(const Json& object, const char* name) const {
        if (!object.contains(name)) return 0;
        return static_cast<std::size_t>(whole(object, name, 0, jacobian::most_training_windows));
    }
    std::vector<HeadMetrics> heads(const Json& entry) const {
        constexpr std::size_t most = std::size_t{jacobian::most_shape_layers} * jacobian::most_shape_width;
        static constexpr std::array members{
            &HeadMetrics::a_mean,    &HeadMetrics::entropy,    &HeadMetrics::r_diag,
            &HeadMetrics::r_offdiag, &HeadMetrics::energy_off, &HeadMetrics::energy_cross,
            &HeadMetrics::cos_diag,  &HeadMetrics::cos_ste,    &HeadMetrics::cos_ste_unmasked};
        static_assert(members.size() == jacobian::metrics.size());
        std::vector<HeadMetrics> out;
        for (const Json& json : list(entry, "heads", most)) {
            HeadMetrics head;
            head.layer = whole(json, "layer", 0, jacobian::most_shape_layers - 1);
            head.head = whole(json, "head", 0, jacobian::most_shape_width - 1);
            for (std::size_t i = 0; i < members.size(); ++i) {
                const char* const name = choice_name(jacobian::metrics[i]);
                head.*members[i] = number(field(json, name), name);
            }
            head.sequences = count(json, "sequences");
            head.undefined = count(json, "n_undefined");
            head.undefined_unmasked = count(json, "n_undefined_unmasked");
            out.push_back(head);
        }
        return out;
    }

    const Json& json_;
};

} // namespace

std::string jacobian_experiment_json(const jacobian::Experiment& experiment) {
    if (experiment.runs.size() == 1) return one_line(run_json(*experiment.runs.front()));
    Json runs = Json::array();
    for (const jacobian::TrainingRunPtr& run : experiment.runs) runs.push_back(run_json(*run));
    return one_line({{"runs", std::move(runs)}});
}

jacobian::Experiment read_jacobian_experiment(const std::string& result_json, const std::string& subject) {
    const Json result = parse_json(result_json, subject, json_kinds::result);
    jacobian::Experiment experiment;
    const auto add = [&](const Json& json, std::string where) {
        TrainingRun run = RunReader(json, std::move(where), subject).read();
        if (experiment.find(run.combination))
            throw Error(ErrorKind::input, subject, "each combination once",
                        jacobian::combination_name(run.combination) + " twice", "runs");
        experiment.runs.push_back(std::make_shared<const TrainingRun>(std::move(run)));
    };
    const auto runs = result.is_object() ? result.find("runs") : result.end();
    if (!result.is_object() || runs == result.end()) {
        add(result, "");
        return experiment;
    }
    if (!runs->is_array()) throw Error(ErrorKind::input, subject, "a list of runs", runs->type_name(), "runs");
    for (std::size_t i = 0; i < runs->size(); ++i) add((*runs)[i], "runs[" + std::to_string(i) + "]");
    return experiment;
}

} // namespace attnscope
