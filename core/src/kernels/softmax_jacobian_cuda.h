// The softmax Jacobian as a CUDA kernel: raw device pointers in, raw device pointers out.
#pragma once

#include "kernels/softmax_jacobian.h"

#include <cuda_runtime.h>

#include <cstddef>

namespace attnscope::kernels {

/// Everything on the device.
struct CudaJacobian {
    const float* probabilities; ///< (maps, length, length)
    const float* gradients;     ///< the same
    std::size_t maps, length;
    bool causal;        ///< probabilities after a query are 0 and are not read
    std::size_t parts;  ///< of the rows of a map
    JacobianSums* sums; ///< (maps, parts): to be added in order
};
/// Parts that the rows of a map are summed in, whatever the device.
std::size_t cuda_jacobian_parts(std::size_t length) noexcept;
cudaError_t launch_softmax_jacobian(const CudaJacobian& jacobian, cudaStream_t stream);

} // namespace attnscope::kernels
