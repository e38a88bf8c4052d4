#include "state/experiment_run.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

namespace attnscope::ui {

namespace {

constexpr std::size_t runs_kept = 8;

}  // namespace

/// Shared with the job, which may outlive the window's part.
struct ExperimentRun::Shared {
    struct Kept {
        cv::ExperimentRequest request;
        cv::ExperimentPtr experiment;
    };
    mutable std::mutex mutex;
    std::list<Kept> kept;       // newest first
    std::uint64_t job = 0;      // 0: none
    std::uint64_t number = 0;   // of the newest run: an older one that still ends does not end it
    std::uint64_t ended = 0;    // number of the last run that ended: it may before its job's id is known
    std::optional<Error> error;
    std::uint64_t generation = 0;

    void put(const cv::ExperimentRequest& request, cv::ExperimentPtr experiment) {
        const std::lock_guard lock(mutex);
        const auto same = std::ranges::find(kept, request, &Kept::request);
        if (same != kept.end()) kept.erase(same);
        kept.push_front({request, std::move(experiment)});
        if (kept.size() > runs_kept) kept.pop_back();
        ++generation;
    }
};

ExperimentRun::ExperimentRun(JobSystem& jobs) : jobs_(jobs), shared_(std::make_shared<Shared>()) {}
ExperimentRun::~ExperimentRun() { pause(); }

void ExperimentRun::start(const cv::ExperimentRequest& wanted) {
    cv::check_experiment(wanted);
    pause();
    cv::ExperimentRequest request = wanted;
    request.from = result(wanted);
    if (request.from && request.from->finished() == request.from->configs.size()) return;
    JobSystem::Task task;
    task.name = "Training the experiment";
    task.lane = Lane::batch;
    task.loses_work = true;
    task.run = [shared = shared_, request](JobContext& context) {
        auto key = request;
        key.from.reset();
        shared->put(key, std::make_shared<const cv::Experiment>(cv::compute_experiment(request, context)));
    };
    auto key = request;
    key.from.reset();
    task.snapshot = [shared = shared_, key](std::shared_ptr<const void> snapshot) {
        shared->put(key, std::static_pointer_cast<const cv::Experiment>(std::move(snapshot)));
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

void ExperimentRun::pause() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = std::exchange(shared_->job, 0);
        if (job != 0) ++shared_->number;
    }
    if (job != 0) jobs_.cancel(job);
}

bool ExperimentRun::running() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->job != 0;
}

cv::ExperimentPtr ExperimentRun::result(const cv::ExperimentRequest& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto found = std::ranges::find(shared_->kept, request, &Shared::Kept::request);
    return found == shared_->kept.end() ? nullptr : found->experiment;
}

void ExperimentRun::keep(const cv::ExperimentRequest& request, cv::ExperimentPtr experiment) {
    auto key = request;
    key.from.reset();
    shared_->put(key, std::move(experiment));
}

std::optional<Error> ExperimentRun::error() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->error;
}

Progress ExperimentRun::progress() const {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = shared_->job;
    }
    if (job == 0) return {};
    for (JobStatus& status : jobs_.jobs())
        if (status.id == job) return std::move(status.progress);
    return {};
}

std::uint64_t ExperimentRun::generation() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->generation;
}

}  // namespace attnscope::ui
