// The pass over a bank as CUDA kernels: raw device pointers in, raw device pointers out.
#pragma once

#include "kernels/retrieval_pass.h"

#include <cuda_runtime.h>

namespace attnscope::kernels {

/// Everything a launch reads and writes, all of it on the device.
struct CudaPass {
    const float* keys; ///< (n, d)
    std::size_t n, d, padded, rows_per_chunk, chunks, states;
    const float* mean;           ///< (padded)
    const float* queries;        ///< (states, padded) βq
    const double* exact_queries; ///< (states, d) βq
    const double* shifts;        ///< (states)
    const Regime* regimes;       ///< (states)
    const std::uint8_t* update;  ///< (states)
    float* logits;               ///< (states, n), or null when no state wants them
    ChunkSums* sums;             ///< (chunks, states)
    double* updates;             ///< (chunks, states, padded)
};
cudaError_t launch_retrieval_pass(const CudaPass& pass, cudaStream_t stream);

} // namespace attnscope::kernels
