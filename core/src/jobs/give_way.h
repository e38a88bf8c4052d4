// Which lanes wait for which at their checkpoints; see JobSystem.
#pragma once

#include <attnscope/job.h>
#include <attnscope/slot.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

namespace attnscope {

/// Told of every job that is submitted and that ends, waiting or running. All members may be called from any thread.
class GiveWay {
public:
    GiveWay();
    ~GiveWay();
    GiveWay(const GiveWay&) = delete;
    GiveWay& operator=(const GiveWay&) = delete;

    void submitted(Lane lane);
    void ended(Lane lane);
    /// For the contexts of the jobs of a lane; null where it yields to none. Lives as long as this.
    Yield* of(Lane lane) noexcept;

    /// Whether jobs of `lane` wait for those of `other`.
    static bool yields(Lane lane, Lane other) noexcept;
    /// By how much the threads of a lane have less of the cores: a nice value.
    static int priority(Lane lane) noexcept;

private:
    class OfLane;
    void change(); // wakes those who wait; under the mutex

    std::mutex mutex_; // innermost
    std::condition_variable_any changed_;
    std::uint64_t changes_ = 0;
    std::array<int, lanes> jobs_{};                                       // waiting or running
    std::array<std::chrono::steady_clock::time_point, lanes> last_end_{}; // when the newest of them ended
    std::array<std::unique_ptr<OfLane>, lanes> yields_;
};

} // namespace attnscope
