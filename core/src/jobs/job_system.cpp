#include <attnscope/failure.h>
#include <attnscope/slot.h>

#include "jobs/give_way.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace attnscope {
namespace {

using Clock = std::chrono::steady_clock;

/// Runs the task and tells it how it ended. Whatever escapes a computation becomes an Error, except a cancel.
void run_task(const JobSystem::Task& task, JobContext& context) {
    const auto failure = failure_of(task.name, [&] { task.run(context); });
    if (failure && task.failed) task.failed(*failure);
}

/// Lets the calling thread, and those that it starts from now on, have the cores where nobody else wants them.
void lower_priority([[maybe_unused]] int by) {
#ifdef __linux__
    // Of one thread there, whatever the name says. Refused by nobody; without it only the cores are shared evenly.
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), by));
#endif
}

/// Of the pool of a lane; 0 = cores.
int pool_threads(Lane lane, int threads) {
    constexpr int of_files = 2; // what is read and written comes from one place
    return lane == Lane::files && (threads == 0 || threads > of_files) ? of_files : threads;
}

} // namespace

namespace {

/// No thread where the system starts no more.
std::thread start_thread(std::function<void()> body) {
    try {
        return std::thread(std::move(body));
    } catch (const std::system_error&) {
        return {};
    }
}

} // namespace

struct JobSystem::Impl {
    struct Job {
        std::uint64_t id = 0;
        Task task;
        std::stop_source stop;
        Clock::time_point started;
        Clock::time_point cancel_at = Clock::time_point::max();
        std::mutex progress_mutex; // innermost
        Progress progress;
    };
    using JobPtr = std::shared_ptr<Job>;
    struct Worker {
        Lane lane = Lane::interactive;
        std::deque<JobPtr> waiting;
        JobPtr running;
        std::condition_variable submitted;
        std::thread thread;
    };

    Options options;
    mutable std::mutex mutex; // never held while a task's function or `wake` is called
    bool closing = false;
    std::uint64_t last_id = 0;
    Device device;
    /// In the order of the lanes, and a second one for batch work: an embedding does not wait for a training. It has no
    /// queue of its own.
    std::array<Worker, lanes + 1> workers;
    GiveWay give_way;
    std::atomic<std::uint64_t> retries{0};
    std::condition_variable deadline_changed;
    std::thread watch;

    /// A lane whose thread could not start is served by the first that has one.
    Worker& worker(Lane lane) {
        Worker& own = workers[static_cast<std::size_t>(lane)];
        if (own.thread.joinable()) return own;
        return *std::find_if(workers.begin(), workers.end(),
                             [](const Worker& other) { return other.thread.joinable(); });
    }

    void wake() const {
        if (options.wake) options.wake();
    }

    JobPtr running(std::uint64_t id) const {
        for (const Worker& worker : workers) {
            if (worker.running && worker.running->id == id) return worker.running;
        }
        return nullptr;
    }

    JobPtr waiting(std::uint64_t id) const {
        for (const Worker& worker : workers)
            for (const JobPtr& job : worker.waiting)
                if (job->id == id) return job;
        return nullptr;
    }

    void serve(Worker& worker) {
        Worker& queue = workers[static_cast<std::size_t>(worker.lane)];
        // Threads that the pool, or LibTorch, starts here have the priority of this one.
        lower_priority(GiveWay::priority(worker.lane));
        std::optional<ThreadPool> pool;
        try {
            pool.emplace(pool_threads(worker.lane, options.threads));
        } catch (...) {
            pool.emplace(1); // slower, not less
        }
        for (;;) {
            JobPtr job;
            Device wanted_device;
            {
                std::unique_lock lock(mutex);
                queue.submitted.wait(lock, [&] { return closing || !queue.waiting.empty(); });
                if (closing) return;
                job = std::move(queue.waiting.front());
                queue.waiting.pop_front();
                job->started = Clock::now();
                worker.running = job;
                wanted_device = device;
            }
            JobContext::Options context_options;
            context_options.device = wanted_device;
            context_options.seed = job->task.seed;
            context_options.stop = job->stop.get_token();
            context_options.yield = give_way.of(worker.lane);
            context_options.on_progress = [this, job = job.get()](const Progress& progress) {
                {
                    const std::lock_guard lock(job->progress_mutex);
                    job->progress = progress;
                }
                wake();
            };
            if (job->task.snapshot) {
                context_options.on_snapshot = [this, job = job.get()](std::shared_ptr<const void> snapshot) {
                    job->task.snapshot(std::move(snapshot));
                    wake();
                };
            }
            {
                JobContext context(*pool, std::move(context_options));
                run_task(job->task, context);
            }
            give_way.ended(worker.lane);
            {
                const std::lock_guard lock(mutex);
                worker.running = nullptr;
            }
            if (job->task.ended) job->task.ended();
            wake();
        }
    }

    /// Stops running jobs when the age they were given is reached.
    void watch_deadlines() {
        std::unique_lock lock(mutex);
        while (!closing) {
            auto next = Clock::time_point::max();
            for (Worker& worker : workers) {
                if (!worker.running) continue;
                if (worker.running->cancel_at <= Clock::now()) {
                    worker.running->stop.request_stop();
                    worker.running->cancel_at = Clock::time_point::max();
                }
                next = std::min(next, worker.running->cancel_at);
            }
            if (next == Clock::time_point::max()) {
                deadline_changed.wait(lock);
            } else {
                deadline_changed.wait_until(lock, next);
            }
        }
    }
};

JobSystem::JobSystem(Options options) : impl_(std::make_unique<Impl>()) {
    impl_->options = std::move(options);
    for (std::size_t lane = 0; lane < impl_->workers.size(); ++lane) {
        Impl::Worker& worker = impl_->workers[lane];
        worker.lane = lane < lanes ? static_cast<Lane>(lane) : Lane::batch;
        worker.thread = start_thread([this, &worker] { impl_->serve(worker); });
    }
    const auto& workers = impl_->workers;
    if (std::none_of(workers.begin(), workers.end(), [](const auto& worker) { return worker.thread.joinable(); })) {
        throw Error(ErrorKind::resource, "threads", "one for computations", "none that starts");
    }
    // Without it, a run that is superseded comes to its end.
    impl_->watch = start_thread([this] { impl_->watch_deadlines(); });
}

JobSystem::~JobSystem() {
    std::vector<Impl::JobPtr> dropped;
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->closing = true;
        for (Impl::Worker& worker : impl_->workers) {
            dropped.insert(dropped.end(), worker.waiting.begin(), worker.waiting.end());
            worker.waiting.clear();
            if (worker.running) worker.running->stop.request_stop();
            worker.submitted.notify_all();
        }
        impl_->deadline_changed.notify_all();
    }
    for (Impl::Worker& worker : impl_->workers) {
        if (worker.thread.joinable()) worker.thread.join();
    }
    if (impl_->watch.joinable()) impl_->watch.join();
    for (const Impl::JobPtr& job : dropped) {
        if (job->task.ended) job->task.ended();
    }
}

std::uint64_t JobSystem::submit(Task task) {
    ATTNSCOPE_ASSERT(task.run);
    auto job = std::make_shared<Impl::Job>();
    job->task = std::move(task);
    const std::lock_guard lock(impl_->mutex);
    if (impl_->closing) return 0;
    job->id = ++impl_->last_id;
    Impl::Worker& worker = impl_->worker(job->task.lane);
    worker.waiting.push_back(job);
    impl_->give_way.submitted(worker.lane);
    worker.submitted.notify_one();
    return job->id;
}

void JobSystem::cancel(std::uint64_t id) {
    Impl::JobPtr job;
    {
        const std::lock_guard lock(impl_->mutex);
        job = impl_->running(id);
        if (!job) job = impl_->waiting(id);
    }
    if (!job) return;
    // First, lest its end be taken for one that calls for another run.
    if (job->task.cancelled) job->task.cancelled();
    withdraw(id);
}

void JobSystem::withdraw(std::uint64_t id) {
    Impl::JobPtr dropped;
    {
        const std::lock_guard lock(impl_->mutex);
        if (const Impl::JobPtr job = impl_->running(id)) job->stop.request_stop();
        dropped = impl_->waiting(id);
        if (dropped) {
            Impl::Worker& worker = impl_->worker(dropped->task.lane);
            std::erase(worker.waiting, dropped);
            impl_->give_way.ended(worker.lane);
        }
    }
    if (dropped && dropped->task.ended) dropped->task.ended();
}

void JobSystem::cancel_after(std::uint64_t id, double seconds) {
    const std::lock_guard lock(impl_->mutex);
    const Impl::JobPtr job = impl_->running(id);
    if (!job) return;
    constexpr double never = 1e8; // seconds; also keeps the sum below inside the clock's range
    job->cancel_at =
        seconds < never
            ? job->started + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))
            : Clock::time_point::max();
    if (job->cancel_at <= Clock::now()) {
        job->stop.request_stop();
    } else {
        impl_->deadline_changed.notify_one();
    }
}

std::vector<JobStatus> JobSystem::jobs() const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<JobStatus> list;
    const auto now = Clock::now();
    const auto add = [&](Impl::Job& job, bool running) {
        JobStatus status;
        status.id = job.id;
        status.name = job.task.name;
        status.lane = job.task.lane;
        status.running = running;
        status.loses_work = job.task.loses_work;
        if (running) {
            status.running_seconds = std::chrono::duration<double>(now - job.started).count();
            const std::lock_guard progress_lock(job.progress_mutex);
            status.progress = job.progress;
        }
        list.push_back(std::move(status));
    };
    for (const Impl::Worker& worker : impl_->workers) {
        if (worker.running) add(*worker.running, true);
    }
    for (const Impl::Worker& worker : impl_->workers) {
        for (const Impl::JobPtr& job : worker.waiting) add(*job, false);
    }
    return list;
}

Progress JobSystem::progress(std::uint64_t id) const {
    const std::lock_guard lock(impl_->mutex);
    const Impl::JobPtr job = impl_->running(id);
    if (!job) return {};
    const std::lock_guard progress_lock(job->progress_mutex);
    return job->progress;
}

void JobSystem::retry_cancelled() {
    ++impl_->retries;
    impl_->wake();
}

std::uint64_t JobSystem::retries() const {
    return impl_->retries;
}

bool JobSystem::idle() const {
    const std::lock_guard lock(impl_->mutex);
    return std::all_of(impl_->workers.begin(), impl_->workers.end(),
                       [](const Impl::Worker& worker) { return !worker.running && worker.waiting.empty(); });
}

void JobSystem::set_device(Device device) {
    const std::lock_guard lock(impl_->mutex);
    impl_->device = device;
}

Device JobSystem::device() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->device;
}

void JobSystem::wake() const {
    impl_->wake();
}

} // namespace attnscope
