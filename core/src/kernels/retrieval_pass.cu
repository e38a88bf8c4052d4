// The pass over a bank on a GPU. A block takes one chunk of rows and up to four states, and does with tiles of rows
// what a thread does on the CPU: logits, online softmax, weighted rows. Warps share the dot products, threads the
// columns.
#include "kernels/retrieval_pass_cuda.h"

#include <cfloat>

namespace attnscope::kernels {
namespace {

constexpr int block_threads = 256, warp = 32, warps = block_threads / warp;
constexpr int tile = 64; ///< rows between two rescalings
constexpr int block_states = 4;
constexpr double negligible = -60;
constexpr double lowest = -DBL_MAX;

/// Sum over the lanes of a warp, the same in each, in a fixed order.
template <class Number>
__device__ Number warp_sum(Number value) {
    for (int step = warp / 2; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}

__device__ double warp_max(double value) {
    for (int step = warp / 2; step > 0; step /= 2) value = fmax(value, __shfl_xor_sync(0xffffffffu, value, step));
    return value;
}

struct Shared {
    double logits[block_states][tile];
    float weights[block_states][tile];
    double factor[block_states]; ///< what the sums so far are scaled by
    ChunkSums sums[block_states];
    bool live[block_states]; ///< the tile's rows matter to the state
};

/// Logits of the tile's rows: a warp a row.
__device__ void tile_logits(const CudaPass& pass, Shared& shared, std::size_t first, int count, std::size_t state,
                            int states) {
    const int lane = threadIdx.x % warp;
    for (int r = threadIdx.x / warp; r < count; r += warps) {
        const float* row = pass.keys + (first + r) * pass.d;
        for (int s = 0; s < states; ++s) {
            double logit;
            if (pass.regimes[state + s] == Regime::refined) {
                const double* query = pass.exact_queries + (state + s) * pass.d;
                double sum = 0;
                for (std::size_t k = lane; k < pass.d; k += warp) sum += static_cast<double>(row[k]) * query[k];
                logit = warp_sum(sum) - pass.shifts[state + s];
            } else {
                const float* query = pass.queries + (state + s) * pass.padded;
                float sum = 0;
                for (std::size_t k = lane; k < pass.d; k += warp) sum = fmaf(row[k] - pass.mean[k], query[k], sum);
                logit = static_cast<double>(warp_sum(sum));
            }
            if (lane != 0) continue;
            shared.logits[s][r] = logit;
            if (pass.logits) pass.logits[(state + s) * pass.n + first + r] = static_cast<float>(logit);
        }
    }
}

/// Weights and moments of one state: done by the warp of that number.
__device__ void weigh(const CudaPass& pass, Shared& shared, int count, std::size_t state, int s) {
    const int lane = threadIdx.x % warp;
    const bool linear = pass.regimes[state + s] == Regime::linear;
    double top = lowest;
    for (int r = lane; r < count; r += warp) top = fmax(top, shared.logits[s][r]);
    top = warp_max(top);
    const ChunkSums before = shared.sums[s];
    const double reference = linear ? 0 : fmax(before.reference, top), step = before.reference - reference;
    const bool live = linear || top - reference >= negligible;
    double sum = 0, sum_logit = 0;
    for (int r = lane; live && r < count; r += warp) {
        const double logit = shared.logits[s][r] - reference;
        const double weight = linear ? expm1(logit) : exp(logit);
        shared.weights[s][r] = static_cast<float>(weight);
        sum += weight;
        sum_logit += linear ? (weight + 1) * logit : weight * logit;
    }
    sum = warp_sum(sum);
    sum_logit = warp_sum(sum_logit);
    if (lane != 0) return;
    const double factor = linear ? 1 : before.sum > 0 ? exp(step) : 0;
    ChunkSums after;
    after.reference = reference;
    after.max_logit = fmax(before.max_logit, top);
    after.sum = factor * before.sum + sum;
    after.sum_logit = (factor > 0 ? factor * (before.sum_logit + (linear ? 0 : step * before.sum)) : 0) + sum_logit;
    shared.sums[s] = after;
    shared.factor[s] = factor;
    shared.live[s] = live;
}

__global__ void __launch_bounds__(block_threads) pass_chunks(CudaPass pass) {
    __shared__ Shared shared;
    const std::size_t chunk = blockIdx.x, state = static_cast<std::size_t>(blockIdx.y) * block_states;
    const int states = static_cast<int>(min(static_cast<std::size_t>(block_states), pass.states - state));
    const std::size_t begin = chunk * pass.rows_per_chunk, end = min(begin + pass.rows_per_chunk, pass.n);
    double* updates = pass.updates + (chunk * pass.states + state) * pass.padded;
    if (threadIdx.x < states) {
        const bool linear = pass.regimes[state + threadIdx.x] == Regime::linear;
        shared.sums[threadIdx.x] = {linear ? 0 : lowest, lowest, 0, 0};
    }
    for (std::size_t k = threadIdx.x; k < states * pass.padded; k += block_threads) updates[k] = 0;
    __syncthreads();

    for (std::size_t first = begin; first < end; first += tile) {
        const int count = static_cast<int>(min(static_cast<std::size_t>(tile), end - first));
        tile_logits(pass, shared, first, count, state, states);
        __syncthreads();
        const int own = threadIdx.x / warp;
        if (own < states) weigh(pass, shared, count, state, own);
        __syncthreads();
        for (std::size_t k = threadIdx.x; k < pass.d; k += block_threads) {
            float partial[block_states] = {};
            const float* column = pass.keys + first * pass.d + k;
            for (int r = 0; r < count; ++r) {
                const float value = column[r * pass.d] - pass.mean[k];
                for (int s = 0; s < states; ++s) partial[s] = fmaf(shared.weights[s][r], value, partial[s]);
            }
            for (int s = 0; s < states; ++s) {
                if (!pass.update[state + s]) continue;
                double& total = updates[s * pass.padded + k];
                total = total * shared.factor[s] + (shared.live[s] ? static_cast<double>(partial[s]) : 0);
            }
        }
        __syncthreads();
    }
    if (threadIdx.x < states) pass.sums[chunk * pass.states + state + threadIdx.x] = shared.sums[threadIdx.x];
}

} // namespace

cudaError_t launch_retrieval_pass(const CudaPass& pass, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(pass.chunks),
                    static_cast<unsigned>((pass.states + block_states - 1) / block_states));
    pass_chunks<<<grid, block_threads, 0, stream>>>(pass);
    return cudaGetLastError();
}

} // namespace attnscope::kernels
