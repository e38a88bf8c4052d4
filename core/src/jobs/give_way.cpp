#include "jobs/give_way.h"

#include <algorithm>
#include <utility>

namespace attnscope {
namespace {

using WayClock = std::chrono::steady_clock;

constexpr std::size_t index_of(Lane lane) {
    return static_cast<std::size_t>(lane);
}

} // namespace

/// All threads of a job wait and go on together: the times are the lane's.
class GiveWay::OfLane final : public Yield {
public:
    OfLane(GiveWay& all, Lane lane) : all_(all), lane_(lane) {}

    void ask() noexcept { wanted_.store(true, std::memory_order_relaxed); }

    void wait(const std::stop_token& stop) override {
        std::unique_lock lock(all_.mutex_);
        const auto arrived = WayClock::now();
        // Not held up since the last wait: the next one may last as long as any.
        if (waiting_ == 0 && arrived >= slice_end_) hungry_since_ = arrived;
        ++waiting_;
        while (!stop.stop_requested()) {
            const auto now = WayClock::now();
            if (now < slice_end_) break;
            const auto free_at = cores_free_at(now);
            if (free_at <= now) {
                wanted_.store(false, std::memory_order_relaxed);
                break;
            }
            if (now >= hungry_since_ + JobSystem::yield_longest) {
                slice_end_ = now + JobSystem::yield_slice;
                all_.change();
                break;
            }
            all_.changed_.wait_until(lock, stop, std::min(free_at, hungry_since_ + JobSystem::yield_longest),
                                     [&, seen = all_.changes_] { return all_.changes_ != seen; });
        }
        --waiting_;
    }

private:
    /// When nobody needs the cores more, as far as that is known now.
    WayClock::time_point cores_free_at(WayClock::time_point now) const {
        auto free_at = now;
        for (std::size_t other = 0; other < all_.jobs_.size(); ++other) {
            if (!yields(lane_, static_cast<Lane>(other))) continue;
            if (all_.jobs_[other] > 0) return WayClock::time_point::max();
            free_at = std::max(free_at, all_.last_end_[other] + JobSystem::yield_linger);
        }
        return free_at;
    }

    GiveWay& all_;
    const Lane lane_;
    // under the mutex of all
    int waiting_ = 0; // threads
    WayClock::time_point hungry_since_{}, slice_end_{};
};

GiveWay::GiveWay() {
    for (std::size_t lane = 0; lane < yields_.size(); ++lane)
        yields_[lane] = std::make_unique<OfLane>(*this, static_cast<Lane>(lane));
}
GiveWay::~GiveWay() = default;

bool GiveWay::yields(Lane lane, Lane other) noexcept {
    switch (lane) {
    case Lane::interactive:
    case Lane::files: return false;
    case Lane::sweep: return other == Lane::interactive;
    case Lane::batch: return other != Lane::batch;
    }
    return false;
}

int GiveWay::priority(Lane lane) noexcept {
    switch (lane) {
    case Lane::interactive:
    case Lane::files: return 0;
    case Lane::sweep: return 5;
    case Lane::batch: return 10;
    }
    return 0;
}

Yield* GiveWay::of(Lane lane) noexcept {
    return lane == Lane::sweep || lane == Lane::batch ? yields_[index_of(lane)].get() : nullptr;
}

void GiveWay::submitted(Lane lane) {
    const std::lock_guard lock(mutex_);
    ++jobs_[index_of(lane)];
    for (std::size_t other = 0; other < yields_.size(); ++other)
        if (yields(static_cast<Lane>(other), lane)) yields_[other]->ask();
}

void GiveWay::ended(Lane lane) {
    const std::lock_guard lock(mutex_);
    ATTNSCOPE_ASSERT(jobs_[index_of(lane)] > 0);
    --jobs_[index_of(lane)];
    last_end_[index_of(lane)] = WayClock::now();
    change();
}

void GiveWay::change() {
    ++changes_;
    changed_.notify_all();
}

} // namespace attnscope
