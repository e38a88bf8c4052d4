// Sums of products of columns: what directions of residuals are made of.
//
// Numbers are widened to float64 before they are multiplied, a slab of rows at a time that stays in the first-level
// cache. Of the symmetric matrix the upper triangle is summed, in blocks that stay in registers.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

/// second (d, d) = Σ_r x_r x_rᵀ and first (d) = Σ_r x_r over rows (count, d) of float32 that lie `stride` numbers
/// apart, in float64. Throws std::bad_alloc.
void second_moments(const float* rows, std::size_t stride, std::size_t count, std::size_t d, double* second,
                    double* first);
/// The same in plain loops; for tests.
void second_moments_reference(const float* rows, std::size_t stride, std::size_t count, std::size_t d, double* second,
                              double* first);

} // namespace attnscope::kernels
