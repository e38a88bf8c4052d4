// A simplex a thread: its distances from the table, which stays in the second-level cache, and the LDLᵀ factorisation
// of cayley_menger_simd.cpp in registers.
#include "kernels/cayley_menger_cuda.h"

#include "kernels/cayley_menger.h"

namespace attnscope::kernels {

namespace {

constexpr int block_threads = 128;

constexpr double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

template <int K>
constexpr double volume_unit = 1 / (factorial(K) * factorial(K) * (1 << K)); // V² = det(2G) · unit

template <int Corners>
__global__ void __launch_bounds__(block_threads) volumes_of(CudaSimplices simplices) {
    constexpr int k = Corners - 1;
    constexpr double pairs = Corners * k / 2, unit = volume_unit<k>;
    const std::size_t s = static_cast<std::size_t>(blockIdx.x) * block_threads + threadIdx.x;
    if (s >= simplices.count) return;
    double sides[k], g[k][k], sum = 0;
    std::size_t corners[Corners];
#pragma unroll
    for (int i = 0; i < Corners; ++i) corners[i] = simplices.tuples[s * Corners + i];
#pragma unroll
    for (int i = 0; i < k; ++i) {
        const double* const to = simplices.table + corners[i + 1] * (corners[i + 1] - 1) / 2;
        sides[i] = __ldg(to + corners[0]);
        sum += sides[i];
        g[i][i] = sides[i] + sides[i];
#pragma unroll
        for (int j = 0; j < i; ++j) {
            const double across = __ldg(to + corners[j + 1]);
            sum += across;
            g[i][j] = sides[i] + sides[j] - across;
        }
    }
    const double twice_mean = sum * (2 / pairs);
    double cut = degenerate_cut, det = g[0][0];
#pragma unroll
    for (int i = 0; i < k; ++i) cut *= twice_mean;
#pragma unroll
    for (int c = 0; c + 1 < k; ++c) {
        const double inverse = 1 / g[c][c];
#pragma unroll
        for (int i = c + 1; i < k; ++i) {
            const double factor = g[i][c] * inverse;
#pragma unroll
            for (int j = c + 1; j <= i; ++j) g[i][j] = fma(-factor, g[j][c], g[i][j]);
        }
        det *= g[c + 1][c + 1];
    }
    simplices.volumes[s] = det > cut ? sqrt(det * unit) : 0;
}

template <int Corners>
cudaError_t launch(const CudaSimplices& simplices, cudaStream_t stream) {
    const auto blocks = static_cast<unsigned>((simplices.count + block_threads - 1) / block_threads);
    volumes_of<Corners><<<blocks, block_threads, 0, stream>>>(simplices);
    return cudaGetLastError();
}

} // namespace

cudaError_t launch_simplex_volumes(const CudaSimplices& simplices, cudaStream_t stream) {
    switch (simplices.corners) {
    case 3: return launch<3>(simplices, stream);
    case 4: return launch<4>(simplices, stream);
    case 5: return launch<5>(simplices, stream);
    case 6: return launch<6>(simplices, stream);
    case 7: return launch<7>(simplices, stream);
    default: return launch<8>(simplices, stream);
    }
}

} // namespace attnscope::kernels
