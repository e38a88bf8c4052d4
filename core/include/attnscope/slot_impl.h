// The inside of Slot; see slot.h, which includes this.
#pragma once

#include <attnscope/slot.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <list>
#include <utility>

namespace attnscope {

/// Shared by the slot, on its owner's thread, and by the one job it has at a time, on a worker.
template <class Request, class Result>
struct Slot<Request, Result>::State : std::enable_shared_from_this<State> {
    using ResultPtr = std::shared_ptr<const Result>;
    /// A request with what else decides its numbers. Results are matched and cached by all of it.
    struct Asked {
        Request request;
        Device device;
        std::uint64_t seed = 0;
        bool operator==(const Asked&) const = default;
    };
    struct Cached {
        Asked request;
        ResultPtr result;
        double seconds = 0;
        std::size_t bytes = 0;
    };
    static constexpr std::size_t cache_entries = 256;

    State(JobSystem& jobs_, Options options_, Compute compute_)
        : jobs(jobs_), options(std::move(options_)), compute(std::move(compute_)) {}

    JobSystem& jobs;
    const Options options;
    const Compute compute;

    // Taken before the job system's own mutex, never while one of its functions calls back.
    mutable std::mutex mutex;
    bool closed = false;

    std::uint64_t seed = 0; // of what is wanted from now on
    std::optional<Asked> wanted;
    std::uint64_t wish = 0;    // number of the wanted request; runs are matched by it, so no value can run for ever
    std::uint64_t settled = 0; // last wish that needs no run (any more)

    ResultPtr result;
    std::optional<Asked> result_request;
    bool complete = false; // else `result` is a snapshot
    double seconds = 0;
    std::uint64_t generation = 0;

    std::optional<Error> error;
    std::optional<Asked> failed_request;

    std::uint64_t cancelled_wish = 0; // last wish whose run a person cancelled
    std::uint64_t retries_then = 0;   // of the job system

    std::uint64_t job = 0; // 0: none
    std::optional<Asked> running_request;
    std::uint64_t running_wish = 0;

    std::list<Cached> cache; // newest first
    std::size_t cached_bytes = 0;

    /// `shown` is what was shown before, afterwards: large results are freed when the lock is open.
    void show(const Asked& request, ResultPtr& shown, bool is_complete, double took) {
        result.swap(shown);
        result_request = request;
        complete = is_complete;
        seconds = took;
        ++generation;
    }

    bool show_cached(const Asked& request) {
        for (auto entry = cache.begin(); entry != cache.end(); ++entry) {
            if (!(entry->request == request)) continue;
            cache.splice(cache.begin(), cache, entry);
            ResultPtr shown = entry->result;
            show(request, shown, true, entry->seconds);
            return true;
        }
        return false;
    }

    /// What it has no more room for: freed when the lock is open.
    std::list<Cached> keep(const Asked& request, const ResultPtr& computed, double took) {
        std::list<Cached> dropped;
        const std::size_t bytes = options.bytes ? options.bytes(*computed) : sizeof(Result);
        if (bytes > options.cache_bytes) return dropped;
        cache.push_front({request, computed, took, bytes});
        cached_bytes += bytes;
        while (cached_bytes > options.cache_bytes || cache.size() > cache_entries) {
            cached_bytes -= cache.back().bytes;
            dropped.splice(dropped.end(), cache, std::prev(cache.end()));
        }
        return dropped;
    }

    /// Whether a result for `request` may take the place of what is shown: always, unless that answers the wish.
    bool may_show(const Asked& request) const {
        if (!result || (wanted && *wanted == request)) return true;
        return !(wanted && result_request == wanted);
    }

    /// The wish needs no run: what runs for another one is let go once it has had its grace.
    void supersede() {
        if (job != 0 && running_request) jobs.cancel_after(job, options.grace_seconds);
    }

    void forget_wish() {
        wanted.reset();
        settled = ++wish;
    }

    bool cancelled() const { return wanted && cancelled_wish == wish; }

    void forget_error() {
        error.reset();
        failed_request.reset();
    }

    void forget_result() {
        result_request.reset();
        complete = false;
        seconds = 0;
        if (result) ++generation;
        result.reset();
    }

    void submit() {
        JobSystem::Task task;
        task.name = options.name;
        task.lane = options.lane;
        const auto self = this->shared_from_this();
        task.run = [self](JobContext& context) { self->run(context); };
        task.failed = [self](const Error& failure) { self->fail(failure); };
        task.cancelled = [self] { self->refuse(); };
        task.ended = [self] { self->end(); };
        task.snapshot = [self](std::shared_ptr<const void> snapshot) {
            self->take_snapshot(std::static_pointer_cast<const Result>(std::move(snapshot)));
        };
        job = jobs.submit(std::move(task));
    }

    /// A person does not want what is wanted now to be run.
    void refuse() {
        const std::lock_guard lock(mutex);
        if (closed || !wanted || settled == wish) return;
        settled = cancelled_wish = wish;
        retries_then = jobs.retries();
    }

    // ---------------------------------------------------------------- on the worker

    void run(JobContext& context) {
        std::optional<Asked> request;
        {
            const std::lock_guard lock(mutex);
            if (closed || settled == wish) return;
            request = running_request = wanted;
            running_wish = wish;
        }
        // What is wanted may have changed since the job was submitted, its device and seed too.
        JobContext own = context.with(request->device, request->seed);
        const auto start = std::chrono::steady_clock::now();
        auto computed = std::make_shared<const Result>(compute(request->request, own));
        const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::list<Cached> dropped;
        const std::lock_guard lock(mutex);
        if (closed || !running_request) return;
        dropped = keep(*request, computed, took);
        settle();
        if (may_show(*request)) show(*request, computed, true, took);
    }

    void fail(const Error& failure) {
        const std::lock_guard lock(mutex);
        if (closed || !running_request) return;
        settle();
        error = failure;
        failed_request = running_request;
    }

    /// The run has answered, well or badly.
    void settle() {
        settled = std::max(settled, running_wish);
        if (cancelled_wish == running_wish) cancelled_wish = 0; // too late
        forget_error();
    }

    void take_snapshot(ResultPtr snapshot) {
        const std::lock_guard lock(mutex);
        if (closed || !running_request || !may_show(*running_request)) return;
        show(*running_request, snapshot, false, 0);
    }

    void end() {
        const std::lock_guard lock(mutex);
        job = 0;
        running_request.reset();
        if (!closed && wanted && settled != wish) submit();
    }
};

template <class Request, class Result>
Slot<Request, Result>::Slot(JobSystem& jobs, Options options, Compute compute)
    : state_(std::make_shared<State>(jobs, std::move(options), std::move(compute))) {}

template <class Request, class Result>
Slot<Request, Result>::~Slot() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(state_->mutex);
        state_->closed = true;
        job = state_->job;
    }
    if (job != 0) state_->jobs.withdraw(job);
}

template <class Request, class Result>
void Slot<Request, Result>::want(const Request& wanted) {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    const Device device = state.jobs.device();
    const bool same = state.wanted && state.wanted->seed == state.seed && state.wanted->device == device &&
                      state.wanted->request == wanted;
    if (same && !(state.cancelled() && state.retries_then != state.jobs.retries())) return;
    const typename State::Asked request{wanted, device, state.seed};
    state.wanted = request;
    ++state.wish;
    const bool answered = (state.complete && state.result_request == state.wanted) ||
                          (state.failed_request && *state.failed_request == request) || state.show_cached(request);
    if (answered) {
        state.settled = state.wish;
        state.supersede();
    } else if (state.job == 0) {
        state.submit();
    } else if (state.running_request && *state.running_request == request) {
        state.running_wish = state.wish;
        state.jobs.cancel_after(state.job, std::numeric_limits<double>::infinity());
    } else {
        state.supersede();
    }
}

template <class Request, class Result>
void Slot<Request, Result>::set_seed(std::uint64_t seed) {
    const std::lock_guard lock(state_->mutex);
    state_->seed = seed;
}

template <class Request, class Result>
void Slot<Request, Result>::cancel() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(state_->mutex);
        state_->forget_wish();
        job = state_->job;
    }
    if (job != 0) state_->jobs.withdraw(job);
}

template <class Request, class Result>
void Slot<Request, Result>::give_up() {
    if (busy()) cancel();
}

template <class Request, class Result>
void Slot<Request, Result>::retry() {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    if (!state.wanted) return;
    state.forget_error();
    ++state.wish;
    if (state.job == 0) {
        state.submit();
    } else if (state.running_request && *state.running_request == *state.wanted) {
        state.running_wish = state.wish;
    } else {
        state.supersede();
    }
}

template <class Request, class Result>
void Slot<Request, Result>::clear() {
    cancel();
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    state.running_request.reset(); // what still runs has nobody to answer
    state.forget_error();
    state.cache.clear();
    state.cached_bytes = 0;
    state.forget_result();
}

template <class Request, class Result>
template <class Predicate>
void Slot<Request, Result>::forget(const Predicate& closed) {
    State& state = *state_;
    std::list<typename State::Cached> dropped; // freed outside the lock: what they hold may be large
    typename State::ResultPtr dropped_result;
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(state.mutex);
        for (auto entry = state.cache.begin(); entry != state.cache.end();) {
            const auto next = std::next(entry);
            if (closed(entry->request.request)) {
                state.cached_bytes -= entry->bytes;
                dropped.splice(dropped.end(), state.cache, entry);
            }
            entry = next;
        }
        if (state.result_request && closed(state.result_request->request)) {
            dropped_result = state.result;
            state.forget_result();
        }
        if (state.failed_request && closed(state.failed_request->request)) state.forget_error();
        const bool runs = state.running_request && closed(state.running_request->request);
        if (state.wanted && closed(state.wanted->request)) {
            state.forget_wish();
            if (!state.running_request) job = state.job; // it waits for this wish
        }
        if (runs) {
            state.running_request.reset();
            job = state.job;
        }
    }
    if (job != 0) state.jobs.withdraw(job);
}

template <class Request, class Result>
std::shared_ptr<const Result> Slot<Request, Result>::result() const {
    const std::lock_guard lock(state_->mutex);
    return state_->result;
}

template <class Request, class Result>
std::optional<Request> Slot<Request, Result>::result_request() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->result_request) return std::nullopt;
    return state_->result_request->request;
}

template <class Request, class Result>
bool Slot<Request, Result>::stale() const {
    const std::lock_guard lock(state_->mutex);
    return state_->wanted && state_->result_request != state_->wanted;
}

template <class Request, class Result>
bool Slot<Request, Result>::busy() const {
    const std::lock_guard lock(state_->mutex);
    return state_->job != 0;
}

template <class Request, class Result>
bool Slot<Request, Result>::cancelled() const {
    const std::lock_guard lock(state_->mutex);
    return state_->cancelled();
}

template <class Request, class Result>
std::optional<Error> Slot<Request, Result>::error() const {
    const std::lock_guard lock(state_->mutex);
    if (!state_->wanted || state_->failed_request != state_->wanted) return std::nullopt;
    return state_->error;
}

template <class Request, class Result>
Progress Slot<Request, Result>::progress() const {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(state_->mutex);
        job = state_->job;
    }
    return job == 0 ? Progress{} : state_->jobs.progress(job);
}

template <class Request, class Result>
double Slot<Request, Result>::seconds() const {
    const std::lock_guard lock(state_->mutex);
    return state_->seconds;
}

template <class Request, class Result>
std::uint64_t Slot<Request, Result>::generation() const {
    const std::lock_guard lock(state_->mutex);
    return state_->generation;
}

} // namespace attnscope
