// Work in parts, handed out one by one to the threads that LibTorch takes on the calling one. How the work is cut is up
// to whoever asks, and never to the number of threads, so that neither is any rounding. Whoever includes this is
// compiled with OpenMP (cmake/Compute.cmake).
#pragma once

#include "module/compute/thread_guard.h"

#include <attnscope/job.h>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace attnscope::models {

inline std::size_t parallel_threads() {
    return static_cast<std::size_t>(at::in_parallel_region() ? 1 : at::get_num_threads());
}

/// What parts of own loops need around them.
struct OwnLoops {};

/// What parts that call LibTorch need around them: it takes one thread, because how it cuts a product or a sum, and
/// with it the rounding, depends on how many it may take.
struct LibTorchCalls {
    c10::InferenceMode no_gradients;
    ThreadGuard one{1};
};

/// work(part) for every part once, on any thread. Parts are left undone once the job is not wanted, and nothing is
/// thrown.
template <typename Surroundings, typename Work>
void hand_out_parts(std::size_t parts, const JobContext& context, const Work& work) {
    std::atomic<std::size_t> next{0};
    at::parallel_for(0, static_cast<std::int64_t>(parallel_threads()), 1, [&](std::int64_t, std::int64_t) {
        [[maybe_unused]] const Surroundings surroundings;
        for (std::size_t part; (part = next++) < parts && !context.stopping();) work(part);
    });
}

/// The same. Throws Cancelled, before or behind a part.
template <typename Surroundings = OwnLoops, typename Work>
void parallel_parts(std::size_t parts, const JobContext& context, const Work& work) {
    context.checkpoint();
    hand_out_parts<Surroundings>(parts, context, work);
    context.checkpoint();
}

} // namespace attnscope::models
