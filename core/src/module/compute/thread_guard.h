// How many threads LibTorch takes on the calling thread, for as long as the guard lives.
#pragma once

#include <ATen/Parallel.h>

namespace attnscope::models {

/// How many of `wanted` threads, the calling one among them, the system lets run. OpenMP ends the process where a
/// thread that it was asked for does not start, so it is asked for no more than have been seen to; one is left to
/// spare.
int startable_threads(int wanted);

class ThreadGuard {
public:
    explicit ThreadGuard(int threads) : before_(at::get_num_threads()) {
        at::set_num_threads(threads > 1 ? startable_threads(threads) : threads);
    }
    ~ThreadGuard() { at::set_num_threads(before_); }
    ThreadGuard(const ThreadGuard&) = delete;
    ThreadGuard& operator=(const ThreadGuard&) = delete;

private:
    int before_;
};

} // namespace attnscope::models
