// What a panel gets back from a slot that it asked.
#pragma once

#include <attnscope/error.h>
#include <attnscope/job.h>
#include <attnscope/slot.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace attnscope::ui {

/// The state of one asked value as a panel needs it.
template <class Result>
struct Asked {
    std::shared_ptr<const Result> result; ///< null before the first
    bool stale = false;                   ///< result answers an earlier wish: draw it dimmed
    bool cancelled = false;               ///< by a person: nothing is computed until that is asked for again
    std::optional<Error> error;
    Progress progress;
    double seconds = 0;
    std::uint64_t generation = 0;
};

/// As the slot has it, whatever it was asked before.
template <class Request, class Result>
Asked<Result> asked_of(const Slot<Request, Result>& slot) {
    // The generation first: a result that comes between the two is then asked for once more, not missed.
    const std::uint64_t generation = slot.generation();
    return {slot.result(), slot.stale(), slot.cancelled(), slot.error(), slot.progress(), slot.seconds(), generation};
}

} // namespace attnscope::ui
