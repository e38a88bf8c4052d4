// The experiment's result as a table, as words and as arrays.
#include <attnscope/cv_experiment_recipe.h>

#include "base/none.h"
#include "base/table_text.h"
#include "files/npz_arrays.h"

#include <cmath>

namespace attnscope {
namespace {

double entry(const std::vector<double>& values, int index) {
    return index >= 0 && static_cast<std::size_t>(index) < values.size() ? values[static_cast<std::size_t>(index)]
                                                                         : none;
}

std::string shown(double value, const char* format) {
    std::string text;
    if (std::isfinite(value)) append(text, format, value);
    return text.empty() ? "-" : text;
}

} // namespace

std::string cv_experiment_csv(const cv::Experiment& experiment) {
    std::string out =
        "dim,heads,head_dim,epoch,loss,accuracy,name,rows,cols,cv,ci95_low,ci95_high,n_valid,n_degenerate,"
        "mean_volume,in_band,null_cv,effective_dim\n";
    for (const cv::ExperimentConfigPtr& config : experiment.configs)
        for (const cv::ExperimentMeasurementPtr& measurement : config->measurements)
            for (const cv::Matrix& matrix : measurement->matrices) {
                append(out, "%d,%d,%d,%d,", config->dim, config->heads, config->head_dim(), measurement->epoch);
                out += csv_number(entry(config->loss, measurement->epoch)) + ',' +
                       csv_number(entry(config->accuracy, measurement->epoch - 1)) + ',' + csv_text(matrix.name) + ',' +
                       std::to_string(matrix.rows) + ',' + std::to_string(matrix.cols);
                for (const double value : {matrix.cv, matrix.ci95.low, matrix.ci95.high})
                    out += ',' + csv_number(value);
                out += ',' + std::to_string(matrix.n_valid) + ',' + std::to_string(matrix.n_degenerate) + ',' +
                       csv_number(matrix.mean_volume) + ',' +
                       (!matrix.has_cv() ? ""
                        : matrix.in_band ? "true"
                                         : "false");
                for (const double value : {matrix.null_cv, matrix.effective_dim}) out += ',' + csv_number(value);
                out += '\n';
            }
    return out;
}

std::string cv_experiment_text(const cv::Experiment& experiment) {
    std::string out;
    append(out, "%5s %5s %8s %9s %9s   %s\n", "dim", "heads", "head_dim", "loss", "training",
           "CV before > half > after");
    append(out, "%5s %5s %8s %9s %9s", "", "", "", "", "accuracy");
    constexpr const char* groups[] = {"emb", "Q_h", "K_h", "V_h", "act_Q_h", "act_K_h", "act_V_h", "act_post_h"};
    for (const char* const group : groups) append(out, "   %-17s", group);
    out += '\n';
    for (const cv::ExperimentConfigPtr& config : experiment.configs) {
        append(out, "%5d %5d %8d %9s %9s", config->dim, config->heads, config->head_dim(),
               shown(config->loss.empty() ? none : config->loss.back(), "%.5f").c_str(),
               shown(config->accuracy.empty() ? none : config->accuracy.back(), "%.3f").c_str());
        for (const char* const group : groups) {
            std::string course;
            for (const cv::ExperimentMeasurement* const measurement : {config->pre(), config->mid(), config->post()})
                course += (course.empty() ? "" : " > ") +
                          shown(measurement ? cv::group_cv(*measurement, group) : none, "%.3f");
            append(out, "   %-17s", course.c_str());
        }
        if (config->state == cv::ExperimentConfig::State::diverged)
            append(out, "   diverged at epoch %d", config->diverged_at);
        while (!out.empty() && out.back() == ' ') out.pop_back();
        out += '\n';
    }
    return out;
}

std::string cv_experiment_npz(const cv::Experiment& experiment) {
    NpzArrays arrays;
    std::vector<std::int64_t> dims, heads;
    std::int64_t epochs = 0;
    for (const cv::ExperimentConfigPtr& config : experiment.configs) {
        dims.push_back(config->dim);
        heads.push_back(config->heads);
        epochs = std::max<std::int64_t>(epochs, config->epochs);
    }
    std::vector<double> loss, accuracy;
    for (const cv::ExperimentConfigPtr& config : experiment.configs)
        for (int epoch = 0; epoch < epochs; ++epoch) {
            loss.push_back(entry(config->loss, epoch));
            accuracy.push_back(entry(config->accuracy, epoch));
        }
    const auto configs = static_cast<std::int64_t>(dims.size());
    arrays.add("dim", std::move(dims));
    arrays.add("heads", std::move(heads));
    arrays.add("loss", std::move(loss), {configs, epochs});
    arrays.add("accuracy", std::move(accuracy), {configs, epochs});
    for (const cv::ExperimentConfigPtr& config : experiment.configs) {
        const std::string name = "_" + std::to_string(config->dim) + "_" + std::to_string(config->heads);
        std::vector<std::int64_t> when;
        std::vector<double> values;
        for (const cv::ExperimentMeasurementPtr& measurement : config->measurements) {
            when.push_back(measurement->epoch);
            for (const cv::Matrix& matrix : measurement->matrices) values.push_back(matrix.cv);
        }
        const auto measured = static_cast<std::int64_t>(when.size());
        const auto matrices = static_cast<std::int64_t>(cv::experiment_matrices(config->heads).size());
        arrays.add(("epoch" + name).c_str(), std::move(when));
        arrays.add(("cv" + name).c_str(), std::move(values), {measured, matrices});
        std::string names;
        for (const std::string& matrix : cv::experiment_matrices(config->heads)) names += matrix + "\n";
        arrays.add_lines(("name" + name).c_str(), std::move(names));
    }
    return arrays.bytes();
}

} // namespace attnscope
