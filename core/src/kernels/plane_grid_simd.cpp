// Log-sum-exp of many memories at the points of a grid's row, compiled once per instruction set.
#include "kernels/plane_grid.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/plane_grid_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void plane_row(const float* base, const float* a, std::size_t padded_count, const float* slope, std::size_t columns,
               float* largest, float* sums) {
    const hn::ScalableTag<float> tag;
    const std::size_t lanes = hn::Lanes(tag);
    for (std::size_t i = 0; i < columns; ++i) {
        const auto factor = hn::Set(tag, slope[i]);
        auto top = hn::MulAdd(factor, hn::Load(tag, a), hn::Load(tag, base));
        for (std::size_t r = lanes; r < padded_count; r += lanes)
            top = hn::Max(top, hn::MulAdd(factor, hn::Load(tag, a + r), hn::Load(tag, base + r)));
        largest[i] = hn::GetLane(hn::MaxOfLanes(tag, top));
        const auto shift = hn::Set(tag, largest[i]);
        auto sum = hn::Zero(tag);
        for (std::size_t r = 0; r < padded_count; r += lanes) {
            const auto logit = hn::MulAdd(factor, hn::Load(tag, a + r), hn::Load(tag, base + r));
            sum = hn::Add(sum, hn::Exp(tag, hn::Sub(logit, shift)));
        }
        sums[i] = hn::GetLane(hn::SumOfLanes(tag, sum));
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(plane_row);

void plane_row(const float* base, const float* a, std::size_t padded_count, const float* slope, std::size_t columns,
               float* largest, float* sums) {
    HWY_DYNAMIC_DISPATCH(plane_row)(base, a, padded_count, slope, columns, largest, sums);
}
} // namespace attnscope::kernels
#endif
