// Compiled once per instruction set and chosen when the program runs.
#include "kernels/resampled_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resampled_sums_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sixteen doubles are whole vectors of every instruction set.
using Tag = hn::CappedTag<double, resample_block>;

void resampled_sums(const std::uint8_t* times, const double* values, std::size_t groups, std::size_t blocks,
                    double* out) {
    const Tag tag;
    const hn::Rebind<std::uint8_t, Tag> narrow;
    const hn::Rebind<std::int32_t, Tag> whole;
    const std::size_t lanes = hn::Lanes(tag), resamples = blocks * resample_block;
    for (std::size_t first = 0; first < resamples; first += lanes) {
        const std::uint8_t* from = times + first / resample_block * groups * resample_block + first % resample_block;
        auto sum0 = hn::Zero(tag), sum1 = hn::Zero(tag), sum2 = hn::Zero(tag);
        for (std::size_t g = 0; g < groups; ++g, from += resample_block) {
            const auto taken = hn::PromoteTo(tag, hn::PromoteTo(whole, hn::LoadU(narrow, from)));
            sum0 = hn::MulAdd(taken, hn::Set(tag, values[3 * g]), sum0);
            sum1 = hn::MulAdd(taken, hn::Set(tag, values[3 * g + 1]), sum1);
            sum2 = hn::MulAdd(taken, hn::Set(tag, values[3 * g + 2]), sum2);
        }
        hn::StoreU(sum0, tag, out + first);
        hn::StoreU(sum1, tag, out + resamples + first);
        hn::StoreU(sum2, tag, out + 2 * resamples + first);
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(resampled_sums);

void resampled_sums(const std::uint8_t* times, const double* values, std::size_t groups, std::size_t blocks,
                    double* out) {
    HWY_DYNAMIC_DISPATCH(resampled_sums)(times, values, groups, blocks, out);
}
} // namespace attnscope::kernels
#endif
