// Row sums, norms and panel products, compiled once per instruction set and chosen when the program runs.
#include "kernels/covariance.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/covariance_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Float = hn::ScalableTag<float>;
using Double = hn::ScalableTag<double>;
using Narrow = hn::Rebind<float, Double>; // as many floats as a vector of doubles

#if HWY_TARGET == HWY_SCALAR
inline constexpr std::size_t block_rows = 4, block_vectors = 2;
#elif HWY_TARGET <= HWY_AVX3
inline constexpr std::size_t block_rows = 8, block_vectors = 3;
#else
inline constexpr std::size_t block_rows = 4, block_vectors = 3;
#endif
/// Rows of two panels that fit a 32 kB first-level cache together.
inline constexpr std::size_t cached_rows = 64;
/// Rows whose products are summed in float32; a multiple of cached_rows.
inline constexpr std::size_t flush_rows = 256;

void add_columns(const float* rows, std::size_t count, std::size_t d, double* sums) {
    const Double wide;
    const Narrow narrow;
    const std::size_t lanes = hn::Lanes(wide);
    std::size_t k = 0;
    for (; k + 4 * lanes <= d; k += 4 * lanes) {
        auto a = hn::LoadU(wide, sums + k), b = hn::LoadU(wide, sums + k + lanes);
        auto c = hn::LoadU(wide, sums + k + 2 * lanes), e = hn::LoadU(wide, sums + k + 3 * lanes);
        for (std::size_t r = 0; r < count; ++r) {
            const float* row = rows + r * d + k;
            a = hn::Add(a, hn::PromoteTo(wide, hn::LoadU(narrow, row)));
            b = hn::Add(b, hn::PromoteTo(wide, hn::LoadU(narrow, row + lanes)));
            c = hn::Add(c, hn::PromoteTo(wide, hn::LoadU(narrow, row + 2 * lanes)));
            e = hn::Add(e, hn::PromoteTo(wide, hn::LoadU(narrow, row + 3 * lanes)));
        }
        hn::StoreU(a, wide, sums + k);
        hn::StoreU(b, wide, sums + k + lanes);
        hn::StoreU(c, wide, sums + k + 2 * lanes);
        hn::StoreU(e, wide, sums + k + 3 * lanes);
    }
    for (; k < d; ++k)
        for (std::size_t r = 0; r < count; ++r) sums[k] += static_cast<double>(rows[r * d + k]);
}

void row_norms(const float* rows, std::size_t count, std::size_t d, const double* mean, double* raw, double* centered,
               float* along, double* residual) {
    const Double wide;
    const Narrow narrow;
    const std::size_t lanes = hn::Lanes(wide), whole = d / (2 * lanes) * (2 * lanes);
    for (std::size_t r = 0; r < count; ++r) {
        const float* row = rows + r * d;
        auto raw_a = hn::Zero(wide), raw_b = hn::Zero(wide), own_a = hn::Zero(wide), own_b = hn::Zero(wide);
        auto along_a = hn::Zero(wide), along_b = hn::Zero(wide);
        for (std::size_t k = 0; k < whole; k += 2 * lanes) {
            const auto a = hn::PromoteTo(wide, hn::LoadU(narrow, row + k));
            const auto b = hn::PromoteTo(wide, hn::LoadU(narrow, row + k + lanes));
            const auto mean_a = hn::LoadU(wide, mean + k), mean_b = hn::LoadU(wide, mean + k + lanes);
            const auto moved_a = hn::Sub(a, mean_a), moved_b = hn::Sub(b, mean_b);
            along_a = hn::MulAdd(moved_a, mean_a, along_a);
            along_b = hn::MulAdd(moved_b, mean_b, along_b);
            raw_a = hn::MulAdd(a, a, raw_a);
            raw_b = hn::MulAdd(b, b, raw_b);
            own_a = hn::MulAdd(moved_a, moved_a, own_a);
            own_b = hn::MulAdd(moved_b, moved_b, own_b);
            hn::StoreU(hn::Add(hn::LoadU(wide, residual + k), moved_a), wide, residual + k);
            hn::StoreU(hn::Add(hn::LoadU(wide, residual + k + lanes), moved_b), wide, residual + k + lanes);
        }
        double raw_sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(raw_a, raw_b)));
        double own_sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(own_a, own_b)));
        double along_sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(along_a, along_b)));
        for (std::size_t k = whole; k < d; ++k) {
            const double value = static_cast<double>(row[k]), moved = value - mean[k];
            raw_sum += value * value;
            own_sum += moved * moved;
            along_sum += moved * mean[k];
            residual[k] += moved;
        }
        raw[r] = raw_sum;
        centered[r] = own_sum;
        along[r] = static_cast<float>(along_sum);
    }
}

void centre_into_panels(const float* rows, std::size_t count, std::size_t d, const float* mean, std::size_t pitch,
                        float* panels) {
    const Float tag;
    const std::size_t lanes = hn::Lanes(tag);
    for (std::size_t r = 0; r < count; ++r) {
        const float* row = rows + r * d;
        for (std::size_t first = 0, panel = 0; first < d; first += panel_columns, ++panel) {
            float* out = panels + panel * pitch + r * panel_columns;
            const std::size_t columns = std::min(panel_columns, d - first);
            std::size_t k = 0;
            for (; k + lanes <= columns; k += lanes)
                hn::Store(hn::Sub(hn::LoadU(tag, row + first + k), hn::LoadU(tag, mean + first + k)), tag, out + k);
            for (; k < columns; ++k) out[k] = row[first + k] - mean[first + k];
            for (; k < panel_columns; ++k) out[k] = 0;
        }
    }
}

/// One register block: block_rows columns of the left panel against block_vectors vectors of the right, added to out
/// (48, 48).
HWY_INLINE void multiply_block(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right, std::size_t count,
                               float* HWY_RESTRICT out) {
    const Float tag;
    const std::size_t lanes = hn::Lanes(tag);
    hn::Vec<Float> sums[block_rows][block_vectors];
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < block_rows; ++i) {
        HWY_UNROLL(8)
        for (std::size_t j = 0; j < block_vectors; ++j) sums[i][j] = hn::Load(tag, out + i * panel_columns + j * lanes);
    }
    for (std::size_t r = 0; r < count; ++r) {
        const float* HWY_RESTRICT a = left + r * panel_columns;
        const float* HWY_RESTRICT b = right + r * panel_columns;
        hn::Vec<Float> values[block_vectors];
        HWY_UNROLL(8)
        for (std::size_t j = 0; j < block_vectors; ++j) values[j] = hn::Load(tag, b + j * lanes);
        HWY_UNROLL(8)
        for (std::size_t i = 0; i < block_rows; ++i) {
            const auto factor = hn::Set(tag, a[i]);
            HWY_UNROLL(8)
            for (std::size_t j = 0; j < block_vectors; ++j) sums[i][j] = hn::MulAdd(factor, values[j], sums[i][j]);
        }
    }
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < block_rows; ++i) {
        HWY_UNROLL(8)
        for (std::size_t j = 0; j < block_vectors; ++j) hn::Store(sums[i][j], tag, out + i * panel_columns + j * lanes);
    }
}

void multiply_panels(const float* left, const float* right, std::size_t count, double* out) {
    const std::size_t width = block_vectors * hn::Lanes(Float());
    constexpr std::size_t block = panel_columns * panel_columns;
    HWY_ALIGN float narrow[block] = {};
    for (std::size_t first = 0; first < count; first += cached_rows) {
        const std::size_t rows = std::min(cached_rows, count - first);
        const float* a = left + first * panel_columns;
        const float* b = right + first * panel_columns;
        for (std::size_t j = 0; j < panel_columns; j += width)
            for (std::size_t i = 0; i < panel_columns; i += block_rows)
                multiply_block(a + i, b + j, rows, narrow + i * panel_columns + j);
        const bool last = first + rows >= count;
        if ((first + rows) % flush_rows != 0 && !last) continue;
        for (std::size_t k = 0; k < block; ++k) {
            out[k] += static_cast<double>(narrow[k]);
            narrow[k] = 0;
        }
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(add_columns);
HWY_EXPORT(row_norms);
HWY_EXPORT(centre_into_panels);
HWY_EXPORT(multiply_panels);

void add_columns(const float* rows, std::size_t count, std::size_t d, double* sums) {
    HWY_DYNAMIC_DISPATCH(add_columns)(rows, count, d, sums);
}
void row_norms(const float* rows, std::size_t count, std::size_t d, const double* mean, double* raw, double* centered,
               float* along, double* residual) {
    HWY_DYNAMIC_DISPATCH(row_norms)(rows, count, d, mean, raw, centered, along, residual);
}
void centre_into_panels(const float* rows, std::size_t count, std::size_t d, const float* mean, std::size_t pitch,
                        float* panels) {
    HWY_DYNAMIC_DISPATCH(centre_into_panels)(rows, count, d, mean, pitch, panels);
}
void multiply_panels(const float* left, const float* right, std::size_t count, double* out) {
    HWY_DYNAMIC_DISPATCH(multiply_panels)(left, right, count, out);
}
} // namespace attnscope::kernels
#endif
