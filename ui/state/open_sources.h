// Which sources are open, for those who keep results: what belongs to a closed one is let go, and with it the file that
// is mapped.
#pragma once

#include "state/app_state.h"

#include <memory>
#include <vector>

namespace attnscope::ui {

class OpenSources {
public:
    /// Takes in the sources of this frame; true when something that was open in the last one is not any more.
    bool follow(const AppState& state);
    /// Of a bank, an encoder, a model, a file of queries, captures, grams or texts. Null is never closed.
    template <class Held>
    bool closed(const std::shared_ptr<Held>& held) const {
        return held && !has(held.get());
    }

private:
    bool has(const void* held) const;
    std::vector<const void*> open_, before_; // in the order of addresses
};

/// One workspace's slots: whether it was in sight in the last frame and is not any more.
class InSight {
public:
    bool left(bool in_sight_now) {
        const bool gone = before_ && !in_sight_now;
        before_ = in_sight_now;
        return gone;
    }

private:
    bool before_ = false;
};

} // namespace attnscope::ui
