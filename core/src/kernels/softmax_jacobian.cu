// A warp a row: Σ A g over the row, then everything else while the row is in the cache. A block sums a part of the rows
// of one map, each warp every so many of them, and its warps are added in order: results do not depend on the device's
// load.
#include "kernels/softmax_jacobian_cuda.h"

#include <algorithm>

namespace attnscope::kernels {

namespace {

constexpr int warp_threads = 32, block_warps = 8;
constexpr std::size_t rows_per_part = 64;
constexpr unsigned all_lanes = 0xffffffffu;

__device__ double warp_sum(double value) {
#pragma unroll
    for (int lane = warp_threads / 2; lane > 0; lane /= 2) value += __shfl_xor_sync(all_lanes, value, lane);
    return value;
}

/// Entries of a row, in float64.
struct RowSums {
    double positive, mass, entropy, full, diagonal, lateral, cross, straight, gradient;

    __device__ void add(double p, double g, double inner) {
        const double product = p * g, whole = p * (g - inner), own = product - p * product,
                     others = p * (product - inner);
        positive += p > 0 ? 1 : 0;
        mass += p;
        entropy -= p > 0 ? p * log(p) : 0;
        full += whole * whole;
        diagonal += own * own;
        lateral += others * others;
        cross += own * others;
        straight += g * whole;
        gradient += g * g;
    }
};

__global__ void __launch_bounds__(warp_threads* block_warps) sums_of(CudaJacobian jacobian) {
    const std::size_t map = blockIdx.x / jacobian.parts, part = blockIdx.x % jacobian.parts;
    const std::size_t length = jacobian.length, first = part * rows_per_part;
    const std::size_t end = first + rows_per_part < length ? first + rows_per_part : length;
    const unsigned lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    RowSums seen{}, unseen{};
    double masked = 0;
    for (std::size_t row = first + warp; row < end; row += block_warps) {
        const float* const a = jacobian.probabilities + (map * length + row) * length;
        const float* const g = jacobian.gradients + (map * length + row) * length;
        const std::size_t visible = row + 1, attended = jacobian.causal ? visible : length;
        double inner = 0;
        for (std::size_t key = lane; key < attended; key += warp_threads)
            inner += static_cast<double>(a[key]) * static_cast<double>(g[key]);
        inner = warp_sum(inner);
        for (std::size_t key = lane; key < visible; key += warp_threads) seen.add(a[key], g[key], inner);
        for (std::size_t key = visible + lane; key < attended; key += warp_threads) unseen.add(a[key], g[key], inner);
        for (std::size_t key = attended + lane; key < length; key += warp_threads)
            masked += static_cast<double>(g[key]) * static_cast<double>(g[key]);
    }

    JacobianSums sums;
    sums.rows = static_cast<double>(end - first);
    sums.positive = warp_sum(seen.positive + unseen.positive);
    sums.future_mass = warp_sum(unseen.mass);
    sums.mass = warp_sum(seen.mass) + sums.future_mass;
    sums.entropy = warp_sum(seen.entropy + unseen.entropy);
    sums.full = warp_sum(seen.full + unseen.full);
    sums.diagonal = warp_sum(seen.diagonal + unseen.diagonal);
    sums.lateral = warp_sum(seen.lateral + unseen.lateral);
    sums.cross = warp_sum(seen.cross + unseen.cross);
    sums.visible_straight = warp_sum(seen.straight);
    sums.straight = sums.visible_straight + warp_sum(unseen.straight);
    sums.visible_gradient = warp_sum(seen.gradient);
    sums.gradient = sums.visible_gradient + warp_sum(unseen.gradient + masked);

    // JacobianSums is thirteen numbers side by side; its rows are counted once.
    constexpr int fields = sizeof(JacobianSums) / sizeof(double);
    __shared__ double warps[block_warps][fields];
    if (lane == 0)
        for (int field = 0; field < fields; ++field) warps[warp][field] = reinterpret_cast<const double*>(&sums)[field];
    __syncthreads();
    if (threadIdx.x >= fields) return;
    double total = warps[0][threadIdx.x];
    for (int other = 1; threadIdx.x > 0 && other < block_warps; ++other) total += warps[other][threadIdx.x];
    reinterpret_cast<double*>(jacobian.sums + blockIdx.x)[threadIdx.x] = total;
}

} // namespace

static_assert(sizeof(JacobianSums) == 13 * sizeof(double));

std::size_t cuda_jacobian_parts(std::size_t length) noexcept {
    return (length + rows_per_part - 1) / rows_per_part;
}

cudaError_t launch_softmax_jacobian(const CudaJacobian& jacobian, cudaStream_t stream) {
    const auto blocks = static_cast<unsigned>(jacobian.maps * jacobian.parts);
    if (blocks > 0) sums_of<<<blocks, warp_threads * block_warps, 0, stream>>>(jacobian);
    return cudaGetLastError();
}

} // namespace attnscope::kernels
