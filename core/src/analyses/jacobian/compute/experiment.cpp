#include "analyses/jacobian/compute/experiment.h"

#include "base/none.h"
#include "kernels/softmax_jacobian.h"
#include "models/char_gpt.h"
#include "module/compute/thread_guard.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

namespace attnscope::compute {
namespace {

using jacobian::ExperimentMeasurement;
using jacobian::ExperimentMeasurementPtr;
using jacobian::TrainingRun;
using models::CharGpt;
using models::Windows;
using Clock = std::chrono::steady_clock;

/// Windows of a step go through the model in so many parts, whatever the number of threads, and their gradients are
/// added in this order: the same bits everywhere.
constexpr std::int64_t most_window_parts = 8;
/// Positions × width of the windows that go through together: as quick as more, and a few hundredths of a second
/// between checkpoints.
constexpr std::int64_t most_at_once = std::int64_t{1} << 17;
/// Of the rest of the text.
constexpr std::int64_t most_validation_windows = 64;
/// A program that is ended loses no more than this of a run, whatever is measured.
constexpr auto state_interval = std::chrono::seconds(2);
enum Stream : std::uint64_t { training_stream = 1, measured_stream };

double finite_or_none(double value) {
    return std::isfinite(value) ? value : none;
}

/// Half-open ranges of windows.
struct WindowRange {
    std::int64_t first = 0, count = 0;
};
std::vector<WindowRange> parts_of(std::int64_t windows, std::int64_t parts) {
    std::vector<WindowRange> out;
    for (std::int64_t i = 0; i < parts; ++i) {
        const std::int64_t first = windows * i / parts;
        out.push_back({first, windows * (i + 1) / parts - first});
    }
    return out;
}
std::vector<WindowRange> parts_of(std::int64_t windows) {
    return parts_of(windows, std::min(most_window_parts, windows));
}

/// What runs have in common.
class Data {
public:
    explicit Data(const jacobian::ExperimentRequest& request)
        : request_(request), ids_(request.text->ids), training_(static_cast<std::int64_t>(request.text->training())) {}

    Windows training(int step) const {
        return random(training_stream, request_.batch, static_cast<std::uint64_t>(step) * most_batch_counter);
    }
    Windows measured() const { return random(measured_stream, request_.blocks, 0); }
    /// Spread evenly over the rest of the text, shorter where that is shorter than a window.
    Windows validation() const {
        const std::int64_t left = std::ssize(ids_) - training_;
        Windows windows;
        windows.length = std::min<std::int64_t>(request_.shape.block, left - 1);
        windows.count = std::clamp<std::int64_t>((left - 1) / windows.length, 1, most_validation_windows);
        const std::int64_t places = left - 1 - windows.length;
        for (std::int64_t i = 0; i < windows.count; ++i)
            add(windows, training_ + (windows.count > 1 ? places * i / (windows.count - 1) : 0));
        return windows;
    }

private:
    static constexpr std::uint64_t most_batch_counter = jacobian::most_training_windows;

    Windows random(Stream stream, std::int64_t count, std::uint64_t counter) const {
        Windows windows{count, request_.shape.block, {}, {}};
        const auto places = static_cast<double>(training_ - windows.length);
        for (std::int64_t i = 0; i < count; ++i)
            add(windows, static_cast<std::int64_t>(
                             random_uniform(request_.seed, stream, counter + static_cast<std::uint64_t>(i)) * places));
        return windows;
    }
    void add(Windows& windows, std::int64_t first) const {
        const auto begin = ids_.begin() + first;
        windows.inputs.insert(windows.inputs.end(), begin, begin + windows.length);
        windows.targets.insert(windows.targets.end(), begin + 1, begin + windows.length + 1);
    }

    const jacobian::ExperimentRequest& request_;
    const std::vector<std::int32_t>& ids_;
    const std::int64_t training_;
};

/// All runs, of which each makes a step in turn.
class Training {
public:
    Training(const jacobian::ExperimentRequest& request, JobContext& context)
        : request_(request), context_(context), data_(request), measured_(data_.measured()),
          validation_(data_.validation()), parts_(parts_of(request.batch)), runs_(request.combinations.size()),
          models_(runs_.size()), kept_(runs_.size(), start_) {
        for (std::size_t i = 0; i < runs_.size(); ++i)
            runs_[i] = std::make_shared<const TrainingRun>(earlier(request.combinations[i]));
    }

    jacobian::Experiment train() {
        context_.parallel_for(runs_.size(), [&](std::size_t i, int) { make_model(i); });
        try {
            publish();
            while (step_all()) {
            }
        } catch (const Cancelled&) {
            keep_states();
            throw;
        }
        return experiment();
    }

private:
    /// What an interrupted run left of a combination, up to the update whose state it kept.
    TrainingRun earlier(const jacobian::Combination& combination) const {
        TrainingRun run;
        run.combination = combination;
        run.steps = request_.steps;
        const TrainingRun* const left = request_.from ? request_.from->find(combination) : nullptr;
        if (!left || left->steps != run.steps || !(left->over() || left->training)) return run;
        run = *left;
        if (run.over()) return run;
        const int updates = run.training->updates;
        run.state = TrainingRun::State::running;
        run.loss.resize(std::min(run.loss.size(), static_cast<std::size_t>(updates)));
        std::erase_if(run.measurements, [&](const auto& measurement) { return measurement->step > updates; });
        return run;
    }

    void make_model(std::size_t i) {
        const TrainingRun& run = *runs_[i];
        if (run.over()) return;
        models_[i] =
            std::make_unique<CharGpt>(request_.shape, request_.text->vocabulary.size(), run.combination, request_.seed);
        if (run.training) models_[i]->restore(*run.training);
    }

    bool step_all() {
        bool any = false;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            if (runs_[i]->over()) continue;
            any = true;
            step(i);
            if (runs_[i]->over()) models_[i].reset();
            publish();
        }
        return any;
    }

    /// What is measured before an update, and the update.
    void step(std::size_t i) {
        CharGpt& model = *models_[i];
        TrainingRun run = *runs_[i];
        const int step = model.updates();
        run.state = TrainingRun::State::running;
        const bool last = step == request_.steps;
        const bool measuring = measured(step) && (!run.last() || run.last()->step < step);
        if (measuring) run.measurements.push_back(measure(model, step));
        if (measuring || Clock::now() >= kept_[i] + state_interval) keep_state(i, run);
        double loss = 0;
        if (!last) {
            const Windows windows = data_.training(step);
            loss = pass(model, windows, parts_, static_cast<double>(windows.predictions()));
        }
        if (last || !std::isfinite(loss)) {
            run.state = last ? TrainingRun::State::finished : TrainingRun::State::diverged;
            run.diverged_at = last ? -1 : step;
            run.training = std::make_shared<const TrainingState>(model.state(CharGpt::Kept::parameters));
        } else {
            run.loss.push_back(loss);
            model.update(std::span(gradients_).first(parts_.size()), request_.learning_rate, context_.pool());
        }
        runs_[i] = std::make_shared<const TrainingRun>(std::move(run));
    }

    /// What the run goes on from, should it be ended now.
    void keep_state(std::size_t i, TrainingRun& run) {
        run.training = std::make_shared<const TrainingState>(models_[i]->state(CharGpt::Kept::all));
        kept_[i] = Clock::now();
    }

    bool measured(int step) const {
        return step == 0 || step == request_.steps || (request_.every > 0 && step % request_.every == 0);
    }

    /// Told the first window of those it sees, the layer, and A and g of it.
    using Tap = std::function<void(std::int64_t first, int layer, const at::Tensor& a, const at::Tensor& g)>;

    /// Mean loss; the gradient of the sum over `predictions` is the sum of gradients_ of the parts, the first ones.
    double pass(const CharGpt& model, const Windows& windows, const std::vector<WindowRange>& parts, double predictions,
                const Tap& tap = {}) {
        while (gradients_.size() < parts.size()) gradients_.push_back(model.new_gradients());
        return mean_loss(windows, parts, [&](std::size_t p, const WindowRange& some, bool first) {
            models::AttentionTap seen;
            if (tap) seen = [&](int layer, const at::Tensor& a, const at::Tensor& g) { tap(some.first, layer, a, g); };
            if (first) {
                // LibTorch's own threads would wait for more, busily, on the cores that the parts are computed on.
                const models::ThreadGuard calling_thread(1);
                gradients_[p].zero_();
            }
            return model.loss(windows.part(some.first, some.count), predictions, gradients_[p], seen);
        });
    }

    /// Over the windows, some of a part at a time; `loss` is told the number of the part and whether they are its
    /// first.
    template <class Loss>
    double mean_loss(const Windows& windows, const std::vector<WindowRange>& parts, const Loss& loss) {
        const std::int64_t size = windows.length * request_.shape.width;
        std::vector<double> losses(parts.size());
        context_.parallel_for(parts.size(), [&](std::size_t p, int) {
            const std::int64_t rounds = std::max<std::int64_t>(1, parts[p].count * size / most_at_once);
            for (const WindowRange& some : parts_of(parts[p].count, rounds)) {
                context_.checkpoint();
                losses[p] += loss(p, WindowRange{parts[p].first + some.first, some.count}, some.first == 0);
            }
        });
        return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(windows.predictions());
    }

    ExperimentMeasurementPtr measure(const CharGpt& model, int step) {
        auto measurement = std::make_shared<ExperimentMeasurement>();
        measurement->step = step;
        measurement->val_loss = finite_or_none(
            mean_loss(validation_, parts_of(validation_.count), [&](std::size_t, const WindowRange& some, bool) {
                return model.loss(validation_.part(some.first, some.count));
            }));
        const auto layers = static_cast<std::size_t>(request_.shape.layers);
        const auto heads = static_cast<std::size_t>(request_.shape.heads);
        const auto windows = static_cast<std::size_t>(measured_.count);
        std::vector<kernels::JacobianSums> sums(layers * heads * windows); // [layer][head][window]
        const Tap tap = [&](std::int64_t first, int layer, const at::Tensor& a, const at::Tensor& g) {
            const auto length = static_cast<std::size_t>(a.size(2));
            for (std::int64_t window = 0; window < a.size(0); ++window)
                for (std::size_t head = 0; head < heads; ++head) {
                    const std::size_t map = (static_cast<std::size_t>(window) * heads + head) * length * length;
                    const std::size_t place = (static_cast<std::size_t>(layer) * heads + head) * windows;
                    sums[place + static_cast<std::size_t>(first + window)] = kernels::softmax_jacobian_map(
                        a.const_data_ptr<float>() + map, g.const_data_ptr<float>() + map, length, true);
                }
        };
        // Ratios and cosines have no scale, but very small gradients would meet the floor of the cosines: those of the
        // sum are far above it. Gradients of parameters are not wanted; they use the room of the training step.
        measurement->loss = finite_or_none(pass(model, measured_, parts_of(measured_.count), 1, tap));
        for (std::size_t layer = 0; layer < layers; ++layer)
            for (std::size_t head = 0; head < heads; ++head)
                measurement->heads.push_back(
                    kernels::head_metrics(static_cast<int>(layer), static_cast<int>(head),
                                          std::span(sums).subspan((layer * heads + head) * windows, windows)));
        return measurement;
    }

    /// Training stopped between two updates of any run: what it goes on from.
    void keep_states() {
        // Ten megabytes a run, while somebody waits.
        context_.pool().run(runs_.size(), [&](std::size_t i, int) {
            if (!models_[i] || (runs_[i]->training && runs_[i]->training->updates == models_[i]->updates())) return;
            TrainingRun run = *runs_[i];
            keep_state(i, run);
            runs_[i] = std::make_shared<const TrainingRun>(std::move(run));
        });
        context_.publish(std::make_shared<const jacobian::Experiment>(experiment()));
    }

    void publish() {
        context_.publish(std::make_shared<const jacobian::Experiment>(experiment()));
        std::size_t done = 0;
        for (const jacobian::TrainingRunPtr& run : runs_)
            done += run->over() ? static_cast<std::size_t>(request_.steps) : run->loss.size();
        context_.progress(static_cast<double>(done), static_cast<double>(runs_.size()) * request_.steps, "training");
    }

    jacobian::Experiment experiment() const {
        return {.runs = runs_, .seconds = std::chrono::duration<double>(Clock::now() - start_).count()};
    }

    const jacobian::ExperimentRequest& request_;
    JobContext& context_;
    const Data data_;
    const Windows measured_, validation_;
    const std::vector<WindowRange> parts_; // of a step's windows
    const Clock::time_point start_ = Clock::now();
    std::vector<jacobian::TrainingRunPtr> runs_;
    std::vector<std::unique_ptr<CharGpt>> models_; // null once a run is over
    std::vector<Clock::time_point> kept_;          // when a run's state was
    std::vector<at::Tensor> gradients_;            // a part each
};

} // namespace

jacobian::Experiment jacobian_experiment(const jacobian::ExperimentRequest& request, JobContext& context) {
    return Training(request, context).train();
}

} // namespace attnscope::compute
