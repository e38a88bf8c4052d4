// What a computation knows of whoever asked for it: where to compute, with how many threads and which seed, how to
// report progress, and whether it is still wanted.
//
// Vocabulary: a *job* is one run of an analysis; its *stage* is the named part it is in; a *snapshot* is an immutable
// intermediate result published while it runs.
#pragma once

#include <attnscope/error.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// Where to compute: `cpu`, `cuda:N`, or `automatic` (the first CUDA device if there is one).
struct Device {
    enum class Kind { automatic, cpu, cuda } kind = Kind::automatic;
    int index = 0;
    bool operator==(const Device&) const = default;
    /// Parses auto | cpu | cuda | cuda:N; throws Error{usage} otherwise.
    static Device parse(std::string_view text);
    std::string name() const;
};

/// "cpu", then "cuda:0 · NAME" … for every CUDA device that can be used. Loads the compute module.
std::vector<std::string> available_devices();

/// A fixed set of threads that share the iterations of one loop. Not reentrant; one user at a time.
class ThreadPool {
public:
    /// threads ≥ 1 including the calling thread; 0 takes the number of cores.
    explicit ThreadPool(int threads = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const noexcept { return threads_; }
    /// Calls body(task, thread) for task in [0, tasks), thread in [0, threads()), tasks handed out in order. Returns
    /// when all are done; the first exception thrown by a body is rethrown here after the rest has been skipped.
    void run(std::size_t tasks, const std::function<void(std::size_t task, int thread)>& body);

private:
    struct Shared;
    int threads_;
    std::unique_ptr<Shared> shared_;
};

/// A report of progress. `fraction` in [0, 1], negative when unknown; `seconds_left` negative when unknown.
struct Progress {
    double fraction = -1, seconds_left = -1;
    std::string stage;
};

/// Whether jobs that people wait for need the cores now: a longer job then waits at its checkpoints. Given by whoever
/// runs jobs side by side (see JobSystem); all members may be called from any thread.
class Yield {
public:
    virtual ~Yield() = default;
    /// As cheap as a load; may be true a little longer than needed.
    bool wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }
    /// Waits while others need the cores, for a bounded time, and no longer than until `stop` is requested.
    virtual void wait(const std::stop_token& stop) = 0;

protected:
    std::atomic<bool> wanted_{false};
};

/// Handed to every computation. All members may be called from any thread.
class JobContext {
public:
    struct Options {
        Device device = {};
        std::uint64_t seed = 0;
        std::stop_token stop = {};
        Yield* yield = nullptr;                                            ///< outlives the context; null = never waits
        std::function<void(const Progress&)> on_progress = {};             ///< at most about 30 calls a second
        std::function<void(std::shared_ptr<const void>)> on_snapshot = {}; ///< streaming analyses only
    };
    /// `pool` outlives the context.
    JobContext(ThreadPool& pool, Options options);
    explicit JobContext(ThreadPool& pool) : JobContext(pool, Options{}) {}

    /// Throws Cancelled once the job is no longer wanted; waits while others need the cores more. Called at least every
    /// 50 ms of work, and never while a lock is held that another job may want.
    void checkpoint() const {
        if (options_.yield && options_.yield->wanted()) options_.yield->wait(options_.stop);
        if (options_.stop.stop_requested()) throw Cancelled{};
    }
    /// checkpoint() as a function that is told how many bytes of a file are done. The context outlives it.
    std::function<void(std::uint64_t)> between_reads() const {
        return [this](std::uint64_t) { checkpoint(); };
    }
    bool stopping() const noexcept { return options_.stop.stop_requested(); }
    const std::stop_token& stop() const noexcept { return options_.stop; }

    /// Says that `done` of `total` units of the stage are finished. Time left is extrapolated from the stage's speed.
    /// Also a checkpoint.
    void progress(double done, double total, std::string_view stage);
    template <class Snapshot>
    void publish(std::shared_ptr<const Snapshot> snapshot) {
        if (options_.on_snapshot) options_.on_snapshot(std::move(snapshot));
    }

    /// pool().run with a checkpoint before every task.
    void parallel_for(std::size_t tasks, const std::function<void(std::size_t task, int thread)>& body);

    /// For a part of the work: the same device, seed, stop and yield; its progress goes to `on_progress` alone.
    JobContext part(std::function<void(const Progress&)> on_progress = {}) const;

    /// The same job on another device and with another seed.
    JobContext with(Device device, std::uint64_t seed) const {
        JobContext other(*this);
        other.options_.device = device;
        other.options_.seed = seed;
        return other;
    }

    ThreadPool& pool() noexcept { return pool_; }
    int threads() const noexcept { return pool_.threads(); }
    const Device& device() const noexcept { return options_.device; }
    std::uint64_t seed() const noexcept { return options_.seed; }

private:
    struct Clock;
    ThreadPool& pool_;
    Options options_;
    std::shared_ptr<Clock> clock_;
};

/// Counter-based random bits (Philox 4×32-10, Salmon et al. 2011): the same (seed, stream, counter) gives the same
/// number on every thread.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept;
/// Uniform in [0, 1) with 53 bits.
double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept;
/// Standard normal (Box–Muller on the two halves of a block of random bits).
double random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept;
/// `count` distinct numbers of [0, n) in increasing order; all of them when count ≥ n.
std::vector<std::size_t> random_subset(std::uint64_t seed, std::uint64_t stream, std::size_t n, std::size_t count);

} // namespace attnscope
