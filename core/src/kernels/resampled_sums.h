// Sums of groups taken some number of times each, for many resamples at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attnscope::kernels {

inline constexpr std::size_t resample_block = 16; ///< resamples whose numbers lie together

/// out[v·blocks·16 + r] = Σ_g times(g, r) · values[3g + v] for v = 0, 1, 2. times (blocks, groups, 16): that of group g
/// in resample r at [r / 16][g][r % 16]. Summed over g in order.
void resampled_sums(const std::uint8_t* times, const double* values, std::size_t groups, std::size_t blocks,
                    double* out);

} // namespace attnscope::kernels
