// Which sources are open, for those who keep results: what belongs to a closed one is let go, and with it the file that
// is mapped.
#pragma once

#include "state/app_state.h"

#include <memory>
#include <string>
#include <vector>

namespace attnscope::ui {

/// The prompt or the set of prompts that a text is of.
struct TextOrigin {
    std::shared_ptr<const std::string> prompt; ///< null of a set
    std::shared_ptr<const std::vector<std::string>> set;

    /// Becomes that of the selected source, empty without one. A prompt that stays is not copied again: it may be long.
    void follow(const AppState& state);
    /// The text with that number of a set, or the nearest there is.
    const std::string& text(int which) const;
    /// No open source has it any more. Compares all open prompts.
    bool closed(const AppState& state) const;
    bool operator==(const TextOrigin& other) const;
};

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
    std::vector<const void*> open_, before_;   // in the order of addresses
    std::vector<SourceId> rows_, rows_before_; // increasing
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
