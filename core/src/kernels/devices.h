// Which devices there are, and the CUDA kernels of a device that is one.
//
// The CUDA kernels are a module of their own, loaded from this library's folder when a device is first asked for; a
// machine without it, or without a GPU, computes on the CPU.
#pragma once

#include <attnscope/job.h>

#include <string>
#include <vector>

namespace attnscope::kernels {
struct CudaTable;
}

namespace attnscope::compute {

/// "cpu", then "cuda:0 · NAME" … for every device the CUDA module finds. Never throws.
std::vector<std::string> devices();

/// The device a job runs on: never `automatic`. `automatic` is the first CUDA device, or the CPU without one. Throws
/// Error{resource} for an explicit CUDA device that is not there.
Device resolve_device(const Device& device);

/// The CUDA kernels when `device` (resolved) is a CUDA device, else null.
const kernels::CudaTable* cuda_table(const Device& device);

} // namespace attnscope::compute
