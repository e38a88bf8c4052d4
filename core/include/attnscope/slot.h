// How a view asks for a computation without waiting for it.
//
// A panel sets the Request it wants each frame (`want`). The slot runs it on the worker of its lane, latest wins, keeps
// the last good Result, holds the Error of the last run if it failed, and wakes the window when something changed.
// Results are cached by Request, so going back is instant.
#pragma once

#include <attnscope/error.h>
#include <attnscope/job.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// What waits for a job, and with that its worker. Where the cores are wanted by an earlier lane, the later ones wait
/// at their checkpoints: a sweep for interactive work, a batch job for all others.
enum class Lane {
    interactive, ///< answers a gesture
    files,       ///< opens, hashes or writes a file; nothing waits for the cores, and it waits for nobody
    sweep,       ///< what a panel shows after seconds: sweeps, planes, all heads
    batch,       ///< minutes: training, sweeps of ranks, embedding
};
inline constexpr int lanes = 4;

/// A job as shown in the jobs area. `id` is unique for the life of the JobSystem.
struct JobStatus {
    std::uint64_t id = 0;
    std::string name;
    Lane lane = Lane::interactive;
    bool running = false; ///< else waiting
    Progress progress;
    double running_seconds = 0;
    bool loses_work = false; ///< closing the window now would lose something the user waits for
};

/// A worker thread for each lane, with its own ThreadPool. Created once by the program; no global state.
///
/// A job of a later lane waits at a checkpoint while a job of a lane it yields to is waiting or running, and for
/// `yield_linger` after it, so that a drag is not interrupted between two of its frames. It never waits for longer than
/// `yield_longest` without then working for `yield_slice`: it cannot starve, nor wait for ever for a job that waits for
/// it. Workers of the later lanes have a lower priority with the operating system too, where that has one for threads.
class JobSystem {
public:
    static constexpr std::chrono::milliseconds yield_linger{60}, yield_longest{2000}, yield_slice{50};

    struct Options {
        int threads = 0;                 ///< of each worker's pool, fewer for files; 0 = cores
        std::function<void()> wake = {}; ///< called from a worker when a result, an error or progress arrived
    };
    explicit JobSystem(Options options);
    ~JobSystem(); ///< cancels what runs and joins

    /// Work for a lane. `run` receives a context with the device, seed and stop token of the job. Exceptions of type
    /// Error reach `failed`, Cancelled reaches neither.
    struct Task {
        std::string name;
        Lane lane = Lane::interactive;
        bool loses_work = false;
        std::uint64_t seed = 0;
        std::function<void(JobContext&)> run = {};
        std::function<void(const Error&)> failed = {};
        std::function<void()> cancelled = {}; ///< called by cancel(), on its thread, before the job is stopped
        std::function<void()> ended = {};     ///< after run, failed or cancel, always
        std::function<void(std::shared_ptr<const void>)> snapshot = {};
    };
    std::uint64_t submit(Task task);
    /// On behalf of a person: a waiting job is dropped, a running one is asked to stop. Unknown ids are ignored.
    void cancel(std::uint64_t id);
    /// The same by whoever submitted the job and wants it no longer: `cancelled` is not called.
    void withdraw(std::uint64_t id);
    /// Cancels the running job `id` once it has run for `seconds`: at once when it already has, never when infinite.
    /// The last call counts.
    void cancel_after(std::uint64_t id, double seconds);
    std::vector<JobStatus> jobs() const;
    Progress progress(std::uint64_t id) const; ///< of a running job, else nothing known
    bool idle() const;

    /// Lets slots run again what a person cancelled, as far as it is still wanted.
    void retry_cancelled();
    std::uint64_t retries() const; ///< how often that was asked

    void set_device(Device device);
    Device device() const;
    void wake() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One asking place. Request: a value with ==. Result: movable; size for the cache through `bytes`.
/// All members are called from the thread that owns the slot (the UI thread, or a test).
template <class Request, class Result>
class Slot {
public:
    using Compute = std::function<Result(const Request&, JobContext&)>;
    struct Options {
        std::string name = {}; ///< of the job, as people read it
        Lane lane = Lane::interactive;
        std::function<std::size_t(const Result&)> bytes = {}; ///< default: sizeof(Result)
        std::size_t cache_bytes = 64u << 20;
        double grace_seconds = 0.2; ///< a superseded run that reaches this age is cancelled
    };
    Slot(JobSystem& jobs, Options options, Compute compute);
    ~Slot(); ///< cancels; does not wait

    /// States what is wanted now. Nothing happens when it is what the result, the running or the failed job is for.
    /// A run that is no longer wanted finishes within its grace, so that a drag over short runs shows each of them;
    /// then the newest wish is run, and the ones between never are.
    /// The device of the job system and the slot's seed belong to it: with others it is another request.
    void want(const Request& request);
    /// Of what is wanted from now on; 0 until it is set.
    void set_seed(std::uint64_t seed);
    /// Forgets the wish, cancels the running job and keeps the result.
    void cancel();
    /// As cancel() where a job runs or waits, e.g. because nothing in sight shows its result; else nothing.
    void give_up();
    /// Runs the same request again, e.g. after an error or a cancel.
    void retry();
    /// As cancel(), and forgets the result and the cache too, e.g. because their source was closed.
    void clear();
    /// Forgets whatever belongs to requests of which `closed(request)` is true: results, cached ones, the error, and
    /// the wish with its job. The rest stays.
    template <class Predicate>
    void forget(const Predicate& closed);

    std::shared_ptr<const Result> result() const;  ///< last good one or its newest snapshot; null before the first
    std::optional<Request> result_request() const; ///< what result() answers
    bool stale() const;                            ///< there is a wish and result() does not answer it (yet)
    bool busy() const;                             ///< a job is waiting or running
    /// A person cancelled the run of what is wanted (JobSystem::cancel): it is not run again until another request was
    /// wanted, or retry() or JobSystem::retry_cancelled() was called.
    bool cancelled() const;
    std::optional<Error> error() const; ///< of the wanted request, if its run failed
    Progress progress() const;
    double seconds() const;           ///< how long the shown result took to compute, without waiting
    std::uint64_t generation() const; ///< grows whenever result() changes

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace attnscope

#include <attnscope/slot_impl.h>
