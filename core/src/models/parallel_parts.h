// Work in parts, handed out one by one to the threads that LibTorch takes on the calling one. Whoever includes this is
// compiled with OpenMP (cmake/Compute.cmake).
#pragma once

#include <attnscope/job.h>

#include <ATen/Parallel.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace attnscope::models {

inline std::size_t parallel_threads() {
    return static_cast<std::size_t>(at::in_parallel_region() ? 1 : at::get_num_threads());
}

/// work(part) for every part once, on any thread. Throws Cancelled, before or behind a part.
template <typename Work>
void parallel_parts(std::size_t parts, JobContext& context, const Work& work) {
    context.checkpoint();
    std::atomic<std::size_t> next{0};
    at::parallel_for(0, static_cast<std::int64_t>(parallel_threads()), 1, [&](std::int64_t, std::int64_t) {
        for (std::size_t part; (part = next++) < parts && !context.stopping();)
            work(part);
    });
    context.checkpoint();
}

} // namespace attnscope::models
