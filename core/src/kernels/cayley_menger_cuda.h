// Simplex volumes as a CUDA kernel: raw device pointers in, raw device pointers out.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace attnscope::kernels {

/// Everything on the device; shapes are those of simplex_volumes() with a table.
struct CudaSimplices {
    const double* table;
    const std::uint32_t* tuples;
    int corners;
    std::size_t count;
    double* volumes;
};
cudaError_t launch_simplex_volumes(const CudaSimplices& simplices, cudaStream_t stream);

} // namespace attnscope::kernels
