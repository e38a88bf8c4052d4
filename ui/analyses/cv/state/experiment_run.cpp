#include "ui/analyses/cv/state/experiment_run.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

namespace attnscope::ui {

namespace {

// What is kept of a trained run are its curves, and its parameters where they can be exported: megabytes a run.
constexpr std::size_t kept_of(const cv::ExperimentRequest*) {
    return 8;
}
constexpr std::size_t kept_of(const jacobian::ExperimentRequest*) {
    return 3;
}

bool complete(const cv::Experiment& experiment) {
    return experiment.finished() == experiment.configs.size();
}
bool complete(const jacobian::Experiment& experiment) {
    return experiment.finished() == experiment.runs.size();
}

} // namespace

/// Shared with the job, which may outlive the window's part.
template <class Request, class Experiment>
struct ExperimentRunOf<Request, Experiment>::Shared {
    struct Kept {
        Request request;
        ExperimentPtr experiment;
    };
    mutable std::mutex mutex;
    std::list<Kept> kept;     // newest first
    std::uint64_t job = 0;    // 0: none
    std::uint64_t number = 0; // of the newest run: an older one that still ends does not end it
    std::uint64_t ended = 0;  // number of the last run that ended: it may before its job's id is known
    std::optional<Error> error;
    std::uint64_t generation = 0;

    void put(const Request& request, ExperimentPtr experiment) {
        const std::lock_guard lock(mutex);
        const auto same = std::ranges::find(kept, request, &Kept::request);
        if (same != kept.end()) kept.erase(same);
        kept.push_front({request, std::move(experiment)});
        if (kept.size() > kept_of(&request)) kept.pop_back();
        ++generation;
    }
};

template <class Request, class Experiment>
ExperimentRunOf<Request, Experiment>::ExperimentRunOf(JobSystem& jobs)
    : jobs_(jobs), shared_(std::make_shared<Shared>()) {}
template <class Request, class Experiment>
ExperimentRunOf<Request, Experiment>::~ExperimentRunOf() {
    pause();
}

template <class Request, class Experiment>
void ExperimentRunOf<Request, Experiment>::start(const Request& wanted) {
    check_experiment(wanted);
    pause();
    Request request = wanted;
    request.from = result(wanted);
    if (request.from && complete(*request.from)) return;
    JobSystem::Task task;
    task.name = "Training the experiment";
    task.lane = Lane::batch;
    task.loses_work = true;
    task.run = [shared = shared_, request](JobContext& context) {
        auto key = request;
        key.from.reset();
        shared->put(key, std::make_shared<const Experiment>(compute_experiment(request, context)));
    };
    auto key = request;
    key.from.reset();
    task.snapshot = [shared = shared_, key](std::shared_ptr<const void> snapshot) {
        shared->put(key, std::static_pointer_cast<const Experiment>(std::move(snapshot)));
    };
    task.failed = [shared = shared_](const Error& error) {
        const std::lock_guard lock(shared->mutex);
        shared->error = error;
    };
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->error.reset();
        number = ++shared_->number;
    }
    task.ended = [shared = shared_, number] {
        const std::lock_guard lock(shared->mutex);
        if (shared->number == number) shared->job = 0;
        shared->ended = std::max(shared->ended, number);
        ++shared->generation;
    };
    const std::uint64_t job = jobs_.submit(std::move(task));
    const std::lock_guard lock(shared_->mutex);
    if (shared_->ended < number) shared_->job = job;
}

template <class Request, class Experiment>
void ExperimentRunOf<Request, Experiment>::pause() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = std::exchange(shared_->job, 0);
        if (job != 0) ++shared_->number;
    }
    if (job != 0) jobs_.cancel(job);
}

template <class Request, class Experiment>
bool ExperimentRunOf<Request, Experiment>::running() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->job != 0;
}

template <class Request, class Experiment>
bool ExperimentRunOf<Request, Experiment>::has_runs() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->job != 0 || !shared_->kept.empty();
}

template <class Request, class Experiment>
auto ExperimentRunOf<Request, Experiment>::result(const Request& request) const -> ExperimentPtr {
    const std::lock_guard lock(shared_->mutex);
    const auto found = std::ranges::find(shared_->kept, request, &Shared::Kept::request);
    return found == shared_->kept.end() ? nullptr : found->experiment;
}

template <class Request, class Experiment>
void ExperimentRunOf<Request, Experiment>::keep(const Request& request, ExperimentPtr experiment) {
    auto key = request;
    key.from.reset();
    shared_->put(key, std::move(experiment));
}

template <class Request, class Experiment>
std::optional<Error> ExperimentRunOf<Request, Experiment>::error() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->error;
}

template <class Request, class Experiment>
Progress ExperimentRunOf<Request, Experiment>::progress() const {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = shared_->job;
    }
    return job == 0 ? Progress{} : jobs_.progress(job);
}

template <class Request, class Experiment>
std::uint64_t ExperimentRunOf<Request, Experiment>::generation() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->generation;
}

template class ExperimentRunOf<cv::ExperimentRequest, cv::Experiment>;
template class ExperimentRunOf<jacobian::ExperimentRequest, jacobian::Experiment>;

} // namespace attnscope::ui
