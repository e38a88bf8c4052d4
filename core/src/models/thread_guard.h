// How many threads LibTorch takes on the calling thread, for as long as the guard lives.
#pragma once

#include <ATen/Parallel.h>

namespace attnscope::models {

class ThreadGuard {
public:
    explicit ThreadGuard(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
    ~ThreadGuard() { at::set_num_threads(before_); }
    ThreadGuard(const ThreadGuard&) = delete;
    ThreadGuard& operator=(const ThreadGuard&) = delete;

private:
    int before_;
};

} // namespace attnscope::models
