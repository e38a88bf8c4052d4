// Second moments of rows, compiled once per instruction set and chosen when the program runs.
#include "kernels/aligned.h"
#include "kernels/second_moments.h"

#include <algorithm>
#include <new>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/second_moments_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<double>;
using Narrow = hn::Rebind<float, Wide>; // as many floats as a vector of doubles

// A block of sums: some rows of the matrix by two vectors of its columns.
inline constexpr std::size_t block_rows = 4;

/// A row as doubles; the columns from d to `padded` are zero and stay so. Adds it to `first`.
HWY_INLINE void widen(const float* HWY_RESTRICT row, std::size_t d, double* HWY_RESTRICT to,
                      double* HWY_RESTRICT first) {
    const Wide wide;
    const Narrow narrow;
    const std::size_t lanes = hn::Lanes(wide);
    std::size_t k = 0;
    for (; k + lanes <= d; k += lanes) {
        const auto values = hn::PromoteTo(wide, hn::LoadU(narrow, row + k));
        hn::Store(values, wide, to + k);
        hn::Store(hn::Add(hn::Load(wide, first + k), values), wide, first + k);
    }
    for (; k < d; ++k) {
        to[k] = static_cast<double>(row[k]);
        first[k] += to[k];
    }
}

/// sums (block_rows, two vectors) += Σ_r left[r, 0 …] right[r, 0 …]ᵀ, everything `pitch` apart.
HWY_INLINE void add_block(const double* HWY_RESTRICT left, const double* HWY_RESTRICT right, std::size_t count,
                          std::size_t pitch, double* HWY_RESTRICT sums) {
    const Wide tag;
    const std::size_t lanes = hn::Lanes(tag);
    hn::Vec<Wide> low[block_rows], high[block_rows];
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < block_rows; ++i) {
        low[i] = hn::Load(tag, sums + i * pitch);
        high[i] = hn::Load(tag, sums + i * pitch + lanes);
    }
    for (std::size_t r = 0; r < count; ++r, left += pitch, right += pitch) {
        const auto a = hn::Load(tag, right), b = hn::Load(tag, right + lanes);
        HWY_UNROLL(8)
        for (std::size_t i = 0; i < block_rows; ++i) {
            const auto factor = hn::Set(tag, left[i]);
            low[i] = hn::MulAdd(factor, a, low[i]);
            high[i] = hn::MulAdd(factor, b, high[i]);
        }
    }
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < block_rows; ++i) {
        hn::Store(low[i], tag, sums + i * pitch);
        hn::Store(high[i], tag, sums + i * pitch + lanes);
    }
}

void second_moments(const float* rows, std::size_t stride, std::size_t count, std::size_t d, double* second,
                    double* first) {
    constexpr std::size_t slab_numbers = 2048, fewest_slab_rows = 16; // 16 kB of a 32 kB first-level cache
    const std::size_t columns = 2 * hn::Lanes(Wide()), step = std::max(columns, block_rows);
    const std::size_t padded = (d + step - 1) / step * step;
    const std::size_t slab_rows = std::max(fewest_slab_rows, slab_numbers / std::max<std::size_t>(1, padded));
    const auto memory = allocate_aligned<double>((slab_rows + padded + 1) * padded);
    if (!memory) throw std::bad_alloc();
    double *const slab = memory.get(), *const sums = slab + slab_rows * padded, *const totals = sums + padded * padded;
    std::fill_n(memory.get(), (slab_rows + padded + 1) * padded, 0.0);
    for (std::size_t begin = 0; begin < count; begin += slab_rows) {
        const std::size_t taken = std::min(slab_rows, count - begin);
        for (std::size_t r = 0; r < taken; ++r) widen(rows + (begin + r) * stride, d, slab + r * padded, totals);
        for (std::size_t j = 0; j < padded; j += columns) {
            for (std::size_t i = 0; i < std::min(j + columns, d); i += block_rows)
                add_block(slab + i, slab + j, taken, padded, sums + i * padded + j);
        }
    }
    for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t j = i; j < d; ++j) second[i * d + j] = second[j * d + i] = sums[i * padded + j];
        first[i] = totals[i];
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(second_moments);

void second_moments(const float* rows, std::size_t stride, std::size_t count, std::size_t d, double* second,
                    double* first) {
    HWY_DYNAMIC_DISPATCH(second_moments)(rows, stride, count, d, second, first);
}

void second_moments_reference(const float* rows, std::size_t stride, std::size_t count, std::size_t d, double* second,
                              double* first) {
    std::fill_n(second, d * d, 0.0);
    std::fill_n(first, d, 0.0);
    for (std::size_t r = 0; r < count; ++r) {
        const float* const row = rows + r * stride;
        for (std::size_t i = 0; i < d; ++i) {
            first[i] += static_cast<double>(row[i]);
            for (std::size_t j = 0; j < d; ++j)
                second[i * d + j] += static_cast<double>(row[i]) * static_cast<double>(row[j]);
        }
    }
}
} // namespace attnscope::kernels
#endif
