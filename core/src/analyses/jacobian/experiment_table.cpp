// The experiment's result as a table, as words and as arrays.
#include <attnscope/jacobian_experiment_recipe.h>

#include "base/none.h"
#include "base/table_text.h"
#include "files/npz_arrays.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

using jacobian::ExperimentMeasurement;
using jacobian::Metric;
using jacobian::TrainingRun;

std::string shown(double value, const char* format) {
    std::string text;
    if (std::isfinite(value)) append(text, format, value);
    return text.empty() ? "-" : text;
}

} // namespace

std::string jacobian_experiment_csv(const jacobian::Experiment& experiment) {
    std::string out = "method,softmax_grad,step,loss,measured_loss,val_loss";
    for (const Metric metric : jacobian::metrics) out += std::string(",") + choice_name(metric);
    out += ",n_undefined\n";
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        auto measured = run->measurements.begin();
        const int last = std::max(static_cast<int>(run->loss.size()) - 1, run->last() ? run->last()->step : -1);
        for (int step = 0; step <= last; ++step) {
            const auto place = static_cast<std::size_t>(step);
            out += std::string(choice_name(run->combination.method)) + ',' + choice_name(run->combination.gradient) +
                   ',' + std::to_string(step) + ',' + csv_number(place < run->loss.size() ? run->loss[place] : none);
            const bool here = measured != run->measurements.end() && (*measured)->step == step;
            out += ',' + csv_number(here ? (*measured)->loss : none) + ',' +
                   csv_number(here ? (*measured)->val_loss : none);
            for (const Metric metric : jacobian::metrics)
                out += ',' + csv_number(here ? (*measured)->mean(metric) : none);
            out += here ? ',' + std::to_string((*measured)->undefined()) + '\n' : ",\n";
            measured += here;
        }
    }
    return out;
}

std::string jacobian_experiment_text(const jacobian::Experiment& experiment) {
    std::string out;
    append(out, "%-9s %-10s %6s %9s %9s %9s %9s %9s %9s %9s\n", "method", "softmax", "steps", "loss", "val_loss",
           "r_diag", "e_off", "e_cross", "cos_diag", "cos_ste");
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        const ExperimentMeasurement empty;
        const ExperimentMeasurement& last = run->last() ? *run->last() : empty;
        append(out, "%-9s %-10s %6zu %9s %9s", choice_name(run->combination.method),
               choice_name(run->combination.gradient), run->loss.size(), shown(last.loss, "%.4f").c_str(),
               shown(last.val_loss, "%.4f").c_str());
        for (const Metric metric :
             {Metric::r_diag, Metric::energy_off, Metric::energy_cross, Metric::cos_diag, Metric::cos_ste})
            append(out, " %9s", shown(last.mean(metric), "%.4f").c_str());
        if (run->state == TrainingRun::State::diverged) append(out, "   diverged at step %d", run->diverged_at);
        out += '\n';
    }
    return out;
}

std::string jacobian_experiment_npz(const jacobian::Experiment& experiment) {
    std::string methods, gradients, names;
    std::size_t steps = 0, measured = 0, heads = 0;
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        methods += std::string(choice_name(run->combination.method)) + "\n";
        gradients += std::string(choice_name(run->combination.gradient)) + "\n";
        steps = std::max(steps, run->loss.size());
        measured = std::max(measured, run->measurements.size());
        for (const auto& measurement : run->measurements) heads = std::max(heads, measurement->heads.size());
    }
    for (const Metric metric : jacobian::metrics) names += std::string(choice_name(metric)) + "\n";
    std::vector<double> loss, when, measured_loss, validation, metrics;
    std::vector<std::int64_t> undefined;
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        for (std::size_t step = 0; step < steps; ++step)
            loss.push_back(step < run->loss.size() ? run->loss[step] : none);
        for (std::size_t i = 0; i < measured; ++i) {
            const ExperimentMeasurement empty;
            const bool there = i < run->measurements.size();
            const ExperimentMeasurement& each = there ? *run->measurements[i] : empty;
            when.push_back(there ? each.step : none);
            measured_loss.push_back(each.loss);
            validation.push_back(each.val_loss);
            for (std::size_t head = 0; head < heads; ++head) {
                const bool known = head < each.heads.size();
                for (const Metric metric : jacobian::metrics)
                    metrics.push_back(known ? each.heads[head].value(metric) : none);
                undefined.push_back(known ? static_cast<std::int64_t>(each.heads[head].undefined) : 0);
            }
        }
    }
    const auto count = [](std::size_t size) { return static_cast<std::int64_t>(size); };
    const std::int64_t runs = count(experiment.runs.size());
    NpzArrays arrays;
    arrays.add_lines("method", std::move(methods));
    arrays.add_lines("softmax_grad", std::move(gradients));
    arrays.add("loss", std::move(loss), {runs, count(steps)});
    arrays.add("step", std::move(when), {runs, count(measured)});
    arrays.add("measured_loss", std::move(measured_loss), {runs, count(measured)});
    arrays.add("val_loss", std::move(validation), {runs, count(measured)});
    arrays.add("metrics", std::move(metrics), {runs, count(measured), count(heads), count(jacobian::metrics.size())});
    arrays.add_lines("metric", std::move(names));
    arrays.add("n_undefined", std::move(undefined), {runs, count(measured), count(heads)});
    return arrays.bytes();
}

} // namespace attnscope
