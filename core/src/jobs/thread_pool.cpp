#include <attnscope/job.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace attnscope {
namespace {

/// How long a thread looks for work before it sleeps. Longer than the pause between two steps of an analysis, shorter
/// than anything a person or a battery would notice.
constexpr auto spin_time = std::chrono::microseconds(40);

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

template <class Predicate>
bool spin_until(const Predicate& reached) {
    const auto end = std::chrono::steady_clock::now() + spin_time;
    do {
        for (int i = 0; i < 32; ++i) {
            if (reached()) return true;
            relax();
        }
    } while (std::chrono::steady_clock::now() < end);
    return false;
}

} // namespace

/// One loop at a time. Threads join an open loop and leave it when no task is left; the caller closes it and waits for
/// those who joined only, so a loop that is over before a sleeping thread wakes does not wait for it.
struct ThreadPool::Shared {
    std::mutex mutex;
    std::condition_variable opened, left;
    std::atomic<std::uint64_t> generation{0}; // written under the mutex
    std::atomic<int> joined{0};               // written under the mutex
    bool open = false;
    std::atomic<bool> quit{false};
    int sleeping = 0;

    // of the open loop
    const std::function<void(std::size_t, int)>* body = nullptr;
    std::size_t tasks = 0;
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;

    std::vector<std::thread> threads;

    void work(int thread) {
        for (;;) {
            const std::size_t task = next.fetch_add(1, std::memory_order_relaxed);
            if (task >= tasks) return;
            try {
                (*body)(task, thread);
            } catch (...) {
                next.store(tasks, std::memory_order_relaxed);
                const std::lock_guard lock(mutex);
                if (!failure) failure = std::current_exception();
            }
        }
    }

    void serve(int thread) {
        std::uint64_t seen = 0;
        for (;;) {
            const auto called = [&] { return generation.load() != seen || quit.load(); };
            const bool awake = spin_until(called);
            std::unique_lock lock(mutex);
            if (!awake) {
                ++sleeping;
                opened.wait(lock, called);
                --sleeping;
            }
            if (quit.load()) return;
            seen = generation.load();
            if (!open) continue;
            joined.fetch_add(1);
            lock.unlock();
            work(thread);
            lock.lock();
            if (joined.fetch_sub(1) == 1 && !open) left.notify_one();
        }
    }
};

ThreadPool::ThreadPool(int threads)
    : threads_(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
      shared_(std::make_unique<Shared>()) {
    shared_->threads.reserve(static_cast<std::size_t>(threads_ - 1));
    for (int thread = 1; thread < threads_; ++thread) {
        try {
            shared_->threads.emplace_back([shared = shared_.get(), thread] { shared->serve(thread); });
        } catch (const std::exception&) {
            // No more threads, or no memory for another: those that run share the work, with the same results.
            threads_ = thread;
        }
    }
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->quit = true;
    }
    shared_->opened.notify_all();
    for (std::thread& thread : shared_->threads) thread.join();
}

void ThreadPool::run(std::size_t tasks, const std::function<void(std::size_t task, int thread)>& body) {
    if (tasks == 0) return;
    if (threads_ == 1 || tasks == 1) {
        for (std::size_t task = 0; task < tasks; ++task) body(task, 0);
        return;
    }
    Shared& shared = *shared_;
    bool wake = false;
    {
        const std::lock_guard lock(shared.mutex);
        ATTNSCOPE_ASSERT(!shared.open);
        shared.body = &body;
        shared.tasks = tasks;
        shared.next.store(0, std::memory_order_relaxed);
        shared.failure = nullptr;
        shared.open = true;
        shared.generation.fetch_add(1);
        wake = shared.sleeping > 0;
    }
    if (wake) shared.opened.notify_all();
    shared.work(0);

    std::unique_lock lock(shared.mutex);
    shared.open = false;
    if (shared.joined.load() > 0) {
        lock.unlock();
        spin_until([&] { return shared.joined.load() == 0; });
        lock.lock();
        shared.left.wait(lock, [&] { return shared.joined.load() == 0; });
    }
    if (shared.failure) std::rethrow_exception(std::exchange(shared.failure, nullptr));
}

} // namespace attnscope
