#include "analyses/cv/compute/experiment.h"

#include "analyses/cv/compute/matrix.h"
#include "analyses/cv/compute/tiny_mha.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

namespace attnscope::compute {
namespace {

using cv::ExperimentConfig;
using Clock = std::chrono::steady_clock;
using models::TinyMha;

/// All configurations, of which several are trained at a time.
class Run {
public:
    Run(const cv::ExperimentRequest& request, JobContext& context)
        : request_(request), context_(context), measurer_(request.parameters, request.seed),
          data_(cv::experiment_data(request.seed)) {
        for (const int dim : request.dims)
            for (const int heads : request.heads) {
                ExperimentConfig config;
                config.dim = dim;
                config.heads = heads;
                config.epochs = request.epochs;
                configs_.push_back(std::make_shared<const ExperimentConfig>(earlier(config)));
                const double epochs_done = configs_.back()->over() ? request.epochs + 1 : configs_.back()->loss.size();
                done_ += cost(dim) * epochs_done;
                total_ += cost(dim) * (request.epochs + 1);
            }
    }

    cv::Experiment train() {
        publish();
        context_.parallel_for(configs_.size(), [&](std::size_t i, int) { train(i); });
        return experiment();
    }

private:
    /// About what a pass takes, in units of the narrowest usual model: operations go with D², all else with D.
    static double cost(int dim) { return dim / 64.0 * (0.5 + dim / 128.0); }

    /// What an interrupted run left of a configuration, else the configuration as it is.
    ExperimentConfig earlier(const ExperimentConfig& config) const {
        if (!request_.from) return config;
        for (const cv::ExperimentConfigPtr& left : request_.from->configs)
            if (left->dim == config.dim && left->heads == config.heads && left->epochs == config.epochs &&
                (left->over() || left->training))
                return *left;
        return config;
    }

    void train(std::size_t i) {
        ExperimentConfig config = *configs_[i];
        if (config.over()) return;
        // Every row of the activations where the pool has all.
        const std::size_t pool = request_.parameters.pool;
        const std::int64_t rows =
            pool == 0 ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(pool);
        TinyMha model(data_, {.dim = config.dim, .heads = config.heads, .activation_rows = rows}, request_.seed);
        if (config.training) model.restore(*config.training);
        config.state = ExperimentConfig::State::running;
        while (step(model, config)) put(i, config);
        config.training.reset();
        put(i, config);
    }

    /// One evaluation, what is measured there, and the update after it. False once there is nothing more to do.
    bool step(TinyMha& model, ExperimentConfig& config) {
        const int epoch = model.updates();
        const bool last = epoch == config.epochs;
        const TinyMha::Evaluation now =
            model.evaluate(last ? TinyMha::Gradients::none : TinyMha::Gradients::wanted, context_);
        if (!std::isfinite(now.loss)) {
            config.state = ExperimentConfig::State::diverged;
            config.diverged_at = epoch;
            return false;
        }
        if (epoch > 0) config.accuracy.push_back(now.accuracy);
        if (measured(epoch)) config.measurements.push_back(measure(model, epoch));
        if (last) {
            config.state = ExperimentConfig::State::finished;
            return false;
        }
        config.loss.push_back(now.loss);
        model.update(request_.learning_rate);
        config.training = std::make_shared<const cv::TrainingState>(model.state());
        return true;
    }

    bool is_snapshot(int epoch) const { return epoch == 0 || epoch == request_.epochs / 2 || epoch == request_.epochs; }
    bool measured(int epoch) const { return is_snapshot(epoch) || (request_.every > 0 && epoch % request_.every == 0); }

    cv::ExperimentMeasurementPtr measure(const TinyMha& model, int epoch) {
        auto measurement = std::make_shared<cv::ExperimentMeasurement>();
        measurement->epoch = epoch;
        for (const models::NamedMatrix& matrix : model.matrices()) {
            context_.checkpoint();
            const auto rows = static_cast<std::size_t>(matrix.rows), cols = static_cast<std::size_t>(matrix.columns);
            const kernels::RowView view{.values = matrix.values.data(), .rows = rows, .cols = cols, .stride = cols};
            measurement->matrices.push_back(is_snapshot(epoch)
                                                ? measurer_.measure(view, matrix.name, context_)
                                                : measurer_.measure_briefly(view, matrix.name, context_));
        }
        return measurement;
    }

    void put(std::size_t i, const ExperimentConfig& config) {
        {
            const std::lock_guard lock(mutex_);
            configs_[i] = std::make_shared<const ExperimentConfig>(config);
            const std::size_t before = config.over() ? config.loss.size() : config.loss.size() - 1;
            const std::size_t after = config.over() ? static_cast<std::size_t>(config.epochs) + 1 : config.loss.size();
            done_ += cost(config.dim) * static_cast<double>(after - before);
        }
        publish();
    }

    void publish() {
        double done = 0;
        {
            const std::lock_guard lock(mutex_);
            done = done_;
            context_.publish(std::make_shared<const cv::Experiment>(experiment()));
        }
        context_.progress(done, total_, "training");
    }

    cv::Experiment experiment() const {
        return {.configs = configs_, .seconds = std::chrono::duration<double>(Clock::now() - start_).count()};
    }

    const cv::ExperimentRequest& request_;
    JobContext& context_;
    const CvMeasurer measurer_;
    const cv::ExperimentData data_;
    const Clock::time_point start_ = Clock::now();
    std::mutex mutex_;
    std::vector<cv::ExperimentConfigPtr> configs_;
    double done_ = 0, total_ = 0;
};

} // namespace

cv::Experiment cv_experiment(const cv::ExperimentRequest& request, JobContext& context) {
    return Run(request, context).train();
}

} // namespace attnscope::compute
