// How long results take from the wish to the answer.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace attnscope::ui {

/// From wish to result of the traces: when each was asked and when its computation ended.
class Latency {
public:
    /// Before the wish is handed on: a small bank answers before anything else could be noted. Asking for the same
    /// again is no new wish.
    void asked(double beta, int steps) {
        const std::lock_guard lock(mutex_);
        if (beta == newest_.beta && steps == newest_.steps) return;
        newest_ = {beta, steps, std::chrono::steady_clock::now()};
        waiting_.push_back(newest_);
        if (waiting_.size() > 64) waiting_.pop_front();
    }
    void answered(double beta, int steps) {
        const std::lock_guard lock(mutex_);
        // A result also answers the wishes that were given up for it, so that none is left out of the count.
        const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                        [&](const Wish& w) { return w.beta == beta && w.steps == steps; });
        if (found == waiting_.end()) return;
        const auto now = std::chrono::steady_clock::now();
        for (auto wish = waiting_.begin(); wish <= found; ++wish)
            seconds_.push_back(std::chrono::duration<double>(now - wish->since).count());
        last_ = seconds_.back();
        waiting_.erase(waiting_.begin(), found + 1);
        if (seconds_.size() > 4096) seconds_.erase(seconds_.begin(), seconds_.begin() + 2048);
    }
    double last() const {
        const std::lock_guard lock(mutex_);
        return last_;
    }
    std::vector<double> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(seconds_, {});
    }

private:
    struct Wish {
        double beta = 0;
        int steps = 0;
        std::chrono::steady_clock::time_point since;
    };
    Wish newest_;
    mutable std::mutex mutex_;
    std::deque<Wish> waiting_;
    std::vector<double> seconds_;
    double last_ = 0;
};

} // namespace attnscope::ui
