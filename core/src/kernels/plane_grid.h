// ln Σ_i e^{β(c_i + x a_i + y b_i)} on a grid of (x, y): the energy of a bank on a plane, where every memory is three
// numbers.
#pragma once

#include <attnscope/job.h>

#include <cstddef>
#include <span>
#include <vector>

namespace attnscope::kernels {

struct GridAxis {
    double low = 0, high = 0;
    std::size_t count = 0;
    double at(std::size_t i) const {
        return count < 2 ? low : low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1);
    }
};
/// Result (y.count, x.count). a, b, c (n). Progress under the stage "energy".
std::vector<double> plane_log_sums(std::span<const float> a, std::span<const float> b, std::span<const float> c,
                                   double beta, const GridAxis& x, const GridAxis& y, JobContext& context);
/// The same in float64, three plain loops; for tests.
std::vector<double> plane_log_sums_reference(std::span<const float> a, std::span<const float> b,
                                             std::span<const float> c, double beta, const GridAxis& x,
                                             const GridAxis& y);

/// One row of the grid over one chunk of memories: largest[i] = max_r l, sums[i] = Σ_r e^{l − largest[i]} for
/// l = base[r] + slope[i] · a[r]; base and a are 64-byte aligned and end in padding that never wins up to a multiple
/// of 16.
void plane_row(const float* base, const float* a, std::size_t padded_count, const float* slope, std::size_t columns,
               float* largest, float* sums);

} // namespace attnscope::kernels
