// What the CUDA module offers: plain functions behind one `extern "C"` entry, `attnscope_cuda_table`.
#pragma once

#include "kernels/cayley_menger.h"
#include "kernels/retrieval_pass.h"
#include "kernels/softmax_jacobian.h"

#include <string>

namespace attnscope::kernels {

/// Used only where the module's `attnscope_cuda_build_id` is that of the base: what lies in memory differs between
/// builds.
struct CudaTable {
    int (*device_count)(); ///< 0 when the driver finds none; never throws
    std::string (*device_name)(int device);
    /// Every chunk of a pass. `input` describes the states, with host pointers; its rows, first and count are unused.
    /// sums (chunks, states) and updates (chunks, states, padded) are what pass_chunk would have made of each chunk.
    /// The bank is copied to the device at its first pass and kept, least recently used leaving first. Throws
    /// Error{resource} when the device fails or its memory does not suffice.
    void (*pass)(int device, const KeyBank& bank, const ChunkInput& input, std::size_t rows_per_chunk,
                 std::size_t chunks, ChunkSums* sums, double* updates);
    /// As simplex_volumes() with a table, which is copied to the device; host pointers. Throws like pass().
    void (*simplex_volumes)(int device, const DistanceTable& table, const std::uint32_t* tuples, int corners,
                            std::size_t count, double* volumes);
    /// As softmax_jacobian_map() of each of the maps (maps, length, length); host pointers. Throws like pass().
    void (*softmax_jacobian)(int device, const float* probabilities, const float* gradients, std::size_t maps,
                             std::size_t length, bool causal, JacobianSums* sums);
};

} // namespace attnscope::kernels
