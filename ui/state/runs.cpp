#include "state/runs.h"

#include <attnscope/cv_experiment.h>
#include <attnscope/jacobian_experiment.h>
#include <attnscope/residual.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

namespace attnscope::ui {

namespace {

// What a kind of run is: its name and lane, how many results are kept, when one is complete, and what it is taken up
// from.

/// A sweep over other ranks, or one that was stopped, goes on from whatever has most of the ranks.
struct Sweep {
    static constexpr const char* name = "Sweeping ranks";
    static constexpr Lane lane = Lane::sweep; // what the panels in sight wait for
    static constexpr bool loses_work = false;
    static constexpr std::size_t kept = 12;
    static void check(const residual::Request&) {}
    static bool complete(const residual::Result& result) { return result.finished(); }
    static bool takes_up(const residual::Request& earlier, const residual::Request& wanted) {
        return residual::same_but_ranks(earlier, wanted);
    }
    static std::size_t has(const residual::Result& result) { return result.curve.size(); }
    /// Equal requests are mostly one and the same; else they differ in their parameters, and the tokens are many.
    static bool same(const residual::Request& a, const residual::Request& b) {
        return a.parameters == b.parameters && a == b;
    }
    static residual::Result compute(const residual::Request& request, JobContext& context) {
        return residual::compute(request, context);
    }
};

/// What is kept of a trained run are its curves, and its parameters where they can be exported: megabytes a run.
template <class Request, class Experiment, std::size_t experiments_kept>
struct Training {
    static constexpr const char* name = "Training the experiment";
    static constexpr Lane lane = Lane::batch;
    static constexpr bool loses_work = true;
    static constexpr std::size_t kept = experiments_kept;
    static void check(const Request& request) { check_experiment(request); }
    static bool complete(const Experiment& experiment) {
        if constexpr (requires { experiment.configs; })
            return experiment.finished() == experiment.configs.size();
        else
            return experiment.finished() == experiment.runs.size();
    }
    static bool takes_up(const Request& earlier, const Request& wanted) { return earlier == wanted; }
    static std::size_t has(const Experiment& experiment) { return experiment.finished(); }
    static bool same(const Request& a, const Request& b) { return a == b; }
    static Experiment compute(const Request& request, JobContext& context) {
        return compute_experiment(request, context);
    }
};

template <class Request>
struct KindOf;
template <>
struct KindOf<residual::Request> : Sweep {};
template <>
struct KindOf<cv::ExperimentRequest> : Training<cv::ExperimentRequest, cv::Experiment, 8> {};
template <>
struct KindOf<jacobian::ExperimentRequest> : Training<jacobian::ExperimentRequest, jacobian::Experiment, 3> {};

} // namespace

/// Shared with the job, which may outlive the window's part.
template <class Request, class Result>
struct Runs<Request, Result>::Shared {
    using Kind = KindOf<Request>;
    struct Kept {
        RequestPtr request;
        TextOrigin origin;
        ResultPtr result; // null when it failed at once
        std::optional<Error> error;
        bool stopped = false;
    };
    struct Asked {
        RequestPtr request; // null: nothing
        TextOrigin origin;
    };
    mutable std::mutex mutex;
    std::list<Kept> kept; // newest first
    Asked wanted, running;
    std::uint64_t job = 0;       // 0: none, or its id is not known yet
    std::uint64_t number = 0;    // of the newest run: an older one that still ends does not end it
    std::uint64_t forgotten = 0; // of the last run that was forgotten: what it still brings is dropped
    std::uint64_t generation = 0;

    static bool same(const RequestPtr& a, const RequestPtr& b) { return a == b || (a && b && Kind::same(*a, *b)); }
    const Kept* find(const Request& request) const {
        const auto found =
            std::ranges::find_if(kept, [&](const Kept& known) { return Kind::same(*known.request, request); });
        return found == kept.end() ? nullptr : &*found;
    }
    const Kept* find(const RequestPtr& request) const {
        const auto found = std::ranges::find(kept, request, &Kept::request);
        return found != kept.end() ? &*found : request ? find(*request) : nullptr;
    }
    Kept& entry(const RequestPtr& request, const TextOrigin& origin) {
        auto found = std::ranges::find_if(kept, [&](const Kept& known) { return same(known.request, request); });
        if (found == kept.end()) found = kept.insert(kept.begin(), {request, origin, nullptr, {}, false});
        kept.splice(kept.begin(), kept, found);
        while (kept.size() > Kind::kept) kept.pop_back();
        ++generation;
        return kept.front();
    }
    /// Whether nothing is to be run for it.
    bool settled(const RequestPtr& request) const {
        const Kept* const known = find(request);
        return known && (known->stopped || known->error || (known->result && Kind::complete(*known->result)));
    }
    ResultPtr best_start(const Request& request) const {
        ResultPtr best;
        for (const Kept& known : kept)
            if (known.result && Kind::takes_up(*known.request, request) &&
                (!best || Kind::has(*known.result) > Kind::has(*best)))
                best = known.result;
        return best;
    }
};

template <class Request, class Result>
Runs<Request, Result>::Runs(JobSystem& jobs) : jobs_(jobs), shared_(std::make_shared<Shared>()) {}
template <class Request, class Result>
Runs<Request, Result>::~Runs() {
    cancel_job();
}

template <class Request, class Result>
void Runs<Request, Result>::want(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->wanted = {request, origin};
    }
    serve(request, origin);
}

template <class Request, class Result>
void Runs<Request, Result>::want_pinned(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        const bool first = shared_->wanted.request && !shared_->settled(shared_->wanted.request);
        if (shared_->running.request || first || shared_->settled(request)) return;
    }
    begin(request, origin);
}

template <class Request, class Result>
void Runs<Request, Result>::start(const Request& wanted) {
    Shared::Kind::check(wanted);
    Request key = wanted;
    key.from.reset();
    const auto request = std::make_shared<const Request>(std::move(key));
    {
        const std::lock_guard lock(shared_->mutex);
        typename Shared::Kept& known = shared_->entry(request, {});
        known.stopped = false;
        known.error.reset();
    }
    want(request);
}

template <class Request, class Result>
void Runs<Request, Result>::serve(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->settled(request) || Shared::same(shared_->running.request, request)) return;
    }
    cancel_job();
    begin(request, origin);
}

template <class Request, class Result>
void Runs<Request, Result>::begin(const RequestPtr& key, const TextOrigin& origin) {
    using Kind = typename Shared::Kind;
    Request request = *key;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        request.from = shared_->best_start(*key);
        shared_->running = {key, origin};
        number = ++shared_->number;
    }
    const auto put = [shared = shared_, key, origin, number](const auto& change) {
        const std::lock_guard lock(shared->mutex);
        if (number > shared->forgotten) change(shared->entry(key, origin));
    };
    JobSystem::Task task;
    task.name = Kind::name;
    task.lane = Kind::lane;
    task.loses_work = Kind::loses_work;
    task.run = [put, request](JobContext& context) {
        auto result = std::make_shared<const Result>(Kind::compute(request, context));
        put([&](auto& entry) { entry.result = std::move(result); });
    };
    task.snapshot = [put](std::shared_ptr<const void> snapshot) {
        put([&](auto& entry) { entry.result = std::static_pointer_cast<const Result>(std::move(snapshot)); });
    };
    task.failed = [put](const Error& error) { put([&](auto& entry) { entry.error = error; }); };
    task.ended = [shared = shared_, key, origin, number] {
        const std::lock_guard lock(shared->mutex);
        if (shared->number != number) return;
        // Ended from outside, as from the list of jobs: it was stopped.
        if (shared->running.request && !shared->settled(key)) shared->entry(key, origin).stopped = true;
        shared->running = {};
        shared->job = 0;
        ++shared->generation;
    };
    const std::uint64_t job = jobs_.submit(std::move(task));
    const std::lock_guard lock(shared_->mutex);
    if (shared_->running.request && shared_->number == number) shared_->job = job;
}

template <class Request, class Result>
void Runs<Request, Result>::cancel_job() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = std::exchange(shared_->job, 0);
        shared_->running = {};
        ++shared_->number;
    }
    if (job != 0) jobs_.cancel(job);
}

template <class Request, class Result>
void Runs<Request, Result>::stop() {
    bool running = false;
    {
        const std::lock_guard lock(shared_->mutex);
        running = shared_->running.request != nullptr;
        if (running) shared_->entry(shared_->running.request, shared_->running.origin).stopped = true;
    }
    if (running) cancel_job();
}

template <class Request, class Result>
void Runs<Request, Result>::go_on() {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->wanted.request || !shared_->find(shared_->wanted.request)) return;
    typename Shared::Kept& known = shared_->entry(shared_->wanted.request, shared_->wanted.origin);
    known.stopped = false;
    known.error.reset();
}

template <class Request, class Result>
bool Runs<Request, Result>::running() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running.request != nullptr;
}

template <class Request, class Result>
bool Runs<Request, Result>::running(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running.request && Shared::same(shared_->running.request, request);
}

template <class Request, class Result>
bool Runs<Request, Result>::stopped(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known && known->stopped;
}

template <class Request, class Result>
bool Runs<Request, Result>::has_runs() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running.request || !shared_->kept.empty();
}

template <class Request, class Result>
auto Runs<Request, Result>::result(const RequestPtr& request) const -> ResultPtr {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->result : nullptr;
}

template <class Request, class Result>
auto Runs<Request, Result>::result(const Request& request) const -> ResultPtr {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->result : nullptr;
}

template <class Request, class Result>
void Runs<Request, Result>::keep(const Request& request, ResultPtr result) {
    Request key = request;
    key.from.reset();
    const std::lock_guard lock(shared_->mutex);
    shared_->entry(std::make_shared<const Request>(std::move(key)), {}).result = std::move(result);
}

template <class Request, class Result>
std::optional<Error> Runs<Request, Result>::error(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->error : std::nullopt;
}

template <class Request, class Result>
std::optional<Error> Runs<Request, Result>::error(const Request& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->error : std::nullopt;
}

template <class Request, class Result>
Progress Runs<Request, Result>::progress() const {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = shared_->job;
    }
    return job == 0 ? Progress{} : jobs_.progress(job);
}

template <class Request, class Result>
std::uint64_t Runs<Request, Result>::generation() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->generation;
}

template <class Request, class Result>
void Runs<Request, Result>::give_up() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->wanted = {};
        if (!shared_->running.request) return;
    }
    cancel_job();
}

template <class Request, class Result>
void Runs<Request, Result>::forget(const std::function<bool(const Request&, const TextOrigin&)>& closed) {
    const auto is_closed = [&](const auto& asked) { return asked.request && closed(*asked.request, asked.origin); };
    bool running = false;
    {
        const std::lock_guard lock(shared_->mutex);
        running = is_closed(shared_->running);
        if (running) shared_->forgotten = shared_->number;
        std::erase_if(shared_->kept, is_closed);
        if (is_closed(shared_->wanted)) shared_->wanted = {};
        ++shared_->generation;
    }
    if (running) cancel_job();
}

template class Runs<residual::Request, residual::Result>;
template class Runs<cv::ExperimentRequest, cv::Experiment>;
template class Runs<jacobian::ExperimentRequest, jacobian::Experiment>;

} // namespace attnscope::ui
