// Changes of the state that workers hand over to the thread that owns it.
#pragma once

#include "state/app_state.h"

#include <attnscope/failure.h>
#include <attnscope/slot.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace attnscope::ui {

/// Shared by the services and the jobs they started: a job may outlive the services.
class Inbox {
public:
    using Change = std::function<void(AppState&)>;

    void post(Change change) {
        const std::lock_guard lock(mutex_);
        changes_.push_back(std::move(change));
    }
    /// Runs what has come in; true when there was something. One that fails is said, and keeps no other from its turn.
    bool drain(AppState& state) {
        std::vector<Change> changes;
        {
            const std::lock_guard lock(mutex_);
            changes.swap(changes_);
        }
        for (auto& change : changes)
            if (const auto failure = failure_of("result", [&] { change(state); })) state.notify(failure->what(), true);
        return !changes.empty();
    }
    bool empty() const {
        const std::lock_guard lock(mutex_);
        return changes_.empty();
    }

private:
    mutable std::mutex mutex_;
    std::vector<Change> changes_;
};

} // namespace attnscope::ui
