#include "ui/analyses/residual/state/run.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

namespace attnscope::ui {

namespace {

constexpr std::size_t runs_kept = 12;

} // namespace

/// Shared with the job, which may outlive the window's part.
struct ResidualRun::Shared {
    struct Kept {
        RequestPtr request;
        TextOrigin origin;
        residual::ResultPtr result; // null when it failed at once
        std::optional<Error> error;
        bool stopped = false;
    };
    mutable std::mutex mutex;
    std::list<Kept> kept; // newest first
    struct Asked {
        RequestPtr request; // null: nothing
        TextOrigin origin;
    };
    Asked wanted, running;
    std::uint64_t job = 0;       // 0: none, or its id is not known yet
    std::uint64_t number = 0;    // of the newest run: an older one that still ends does not end it
    std::uint64_t forgotten = 0; // of the last run that was forgotten: what it still brings is dropped
    std::uint64_t generation = 0;

    /// Equal requests are mostly one and the same; else they differ in their parameters, and the tokens are many.
    static bool same(const RequestPtr& a, const RequestPtr& b) {
        return a == b || (a && b && a->parameters == b->parameters && *a == *b);
    }
    const Kept* find(const RequestPtr& request) const {
        auto found = std::ranges::find(kept, request, &Kept::request);
        if (found == kept.end())
            found = std::ranges::find_if(kept, [&](const Kept& known) { return same(known.request, request); });
        return found == kept.end() ? nullptr : &*found;
    }
    Kept& entry(const RequestPtr& request, const TextOrigin& origin) {
        auto found = std::ranges::find_if(kept, [&](const Kept& known) { return same(known.request, request); });
        if (found == kept.end()) found = kept.insert(kept.begin(), {request, origin, nullptr, {}, false});
        kept.splice(kept.begin(), kept, found);
        while (kept.size() > runs_kept) kept.pop_back();
        ++generation;
        return kept.front();
    }
    /// Whether nothing is to be run for it.
    bool settled(const RequestPtr& request) const {
        const Kept* const known = find(request);
        return known && (known->stopped || known->error || (known->result && known->result->finished()));
    }
    /// Whatever has most of the ranks of a request that differs in ranks at most.
    residual::ResultPtr best_start(const residual::Request& request) const {
        residual::ResultPtr best;
        for (const Kept& known : kept)
            if (known.result && residual::same_but_ranks(*known.request, request) &&
                (!best || known.result->curve.size() > best->curve.size()))
                best = known.result;
        return best;
    }
};

ResidualRun::ResidualRun(JobSystem& jobs) : jobs_(jobs), shared_(std::make_shared<Shared>()) {}
ResidualRun::~ResidualRun() {
    cancel_job();
}

void ResidualRun::want(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->wanted = {request, origin};
    }
    serve(request, origin);
}

void ResidualRun::want_pinned(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        const bool first = shared_->wanted.request && !shared_->settled(shared_->wanted.request);
        if (shared_->running.request || first || shared_->settled(request)) return;
    }
    start(request, origin);
}

void ResidualRun::serve(const RequestPtr& request, const TextOrigin& origin) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->settled(request) || Shared::same(shared_->running.request, request)) return;
    }
    cancel_job();
    start(request, origin);
}

void ResidualRun::start(const RequestPtr& key, const TextOrigin& origin) {
    residual::Request request = *key;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        request.from = shared_->best_start(*key);
        shared_->running = {key, origin};
        number = ++shared_->number;
    }
    JobSystem::Task task;
    task.name = "Sweeping ranks";
    task.lane = Lane::sweep; // what the panels in sight wait for
    task.run = [shared = shared_, request, key, origin, number](JobContext& context) {
        auto result = std::make_shared<const residual::Result>(residual::compute(request, context));
        const std::lock_guard lock(shared->mutex);
        if (number > shared->forgotten) shared->entry(key, origin).result = std::move(result);
    };
    task.snapshot = [shared = shared_, key, origin, number](std::shared_ptr<const void> snapshot) {
        const std::lock_guard lock(shared->mutex);
        if (number > shared->forgotten)
            shared->entry(key, origin).result = std::static_pointer_cast<const residual::Result>(std::move(snapshot));
    };
    task.failed = [shared = shared_, key, origin, number](const Error& error) {
        const std::lock_guard lock(shared->mutex);
        if (number > shared->forgotten) shared->entry(key, origin).error = error;
    };
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

void ResidualRun::cancel_job() {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = std::exchange(shared_->job, 0);
        shared_->running = {};
        ++shared_->number;
    }
    if (job != 0) jobs_.cancel(job);
}

void ResidualRun::stop() {
    RequestPtr running;
    {
        const std::lock_guard lock(shared_->mutex);
        running = shared_->running.request;
        if (running) shared_->entry(running, shared_->running.origin).stopped = true;
    }
    if (running) cancel_job();
}

void ResidualRun::go_on() {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->wanted.request || !shared_->find(shared_->wanted.request)) return;
    Shared::Kept& known = shared_->entry(shared_->wanted.request, shared_->wanted.origin);
    known.stopped = false;
    known.error.reset();
}

bool ResidualRun::running(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running.request && Shared::same(shared_->running.request, request);
}

bool ResidualRun::stopped(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known && known->stopped;
}

residual::ResultPtr ResidualRun::result(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->result : nullptr;
}

std::optional<Error> ResidualRun::error(const RequestPtr& request) const {
    const std::lock_guard lock(shared_->mutex);
    const auto* const known = shared_->find(request);
    return known ? known->error : std::nullopt;
}

Progress ResidualRun::progress() const {
    std::uint64_t job = 0;
    {
        const std::lock_guard lock(shared_->mutex);
        job = shared_->job;
    }
    return job == 0 ? Progress{} : jobs_.progress(job);
}

bool ResidualRun::busy() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running.request != nullptr;
}

std::uint64_t ResidualRun::generation() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->generation;
}

void ResidualRun::give_up() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->wanted = {};
        if (!shared_->running.request) return;
    }
    cancel_job();
}

void ResidualRun::forget(const std::function<bool(const residual::Request&, const TextOrigin&)>& closed) {
    const auto is_closed = [&](const Shared::Asked& asked) {
        return asked.request && closed(*asked.request, asked.origin);
    };
    bool running = false;
    {
        const std::lock_guard lock(shared_->mutex);
        running = is_closed(shared_->running);
        if (running) shared_->forgotten = shared_->number;
        std::erase_if(shared_->kept, [&](const Shared::Kept& known) { return closed(*known.request, known.origin); });
        if (is_closed(shared_->wanted)) shared_->wanted = {};
        ++shared_->generation;
    }
    if (running) cancel_job();
}

} // namespace attnscope::ui
