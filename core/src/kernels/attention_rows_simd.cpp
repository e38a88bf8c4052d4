// The softmax of one row, compiled once per instruction set and chosen when the program runs. A row stays in the
// first-level cache while it is read for its maximum, for its exponentials and to be normalised.
#include "kernels/attention_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_rows_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using RowTag = hn::ScalableTag<float>;
using RowVector = hn::Vec<RowTag>;

/// Below this distance from the maximum a weight is nothing in float32; keeps a logit finite.
inline constexpr float negligible_logit = -200.0f;

HWY_INLINE float largest_score(const float* HWY_RESTRICT scores, std::size_t count) {
    const RowTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    float best = scores[0];
    std::size_t j = 0;
    if (count >= lanes) {
        RowVector top = hn::LoadU(tag, scores);
        for (j = lanes; j + lanes <= count; j += lanes) top = hn::Max(top, hn::LoadU(tag, scores + j));
        best = hn::GetLane(hn::MaxOfLanes(tag, top));
    }
    for (; j < count; ++j) best = scores[j] > best ? scores[j] : best;
    return best;
}

/// Σe^l and Σe^l·l over a row.
struct RowSums {
    float sum, sum_logit;
};

/// `weights` takes e^l, or is null.
template <bool write>
HWY_INLINE RowSums exponentials(const float* scores, float* weights, std::size_t count, float largest, float factor) {
    const RowTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const RowVector top = hn::Set(tag, largest), scale = hn::Set(tag, factor), floor = hn::Set(tag, negligible_logit);
    RowVector sum = hn::Zero(tag), sum_logit = hn::Zero(tag);
    const auto logit_of = [&](RowVector score) { return hn::Max(hn::Mul(hn::Sub(score, top), scale), floor); };
    std::size_t j = 0;
    for (; j + lanes <= count; j += lanes) {
        const RowVector logit = logit_of(hn::LoadU(tag, scores + j));
        const RowVector weight = hn::Exp(tag, logit);
        sum = hn::Add(sum, weight);
        sum_logit = hn::MulAdd(weight, logit, sum_logit);
        if constexpr (write) hn::StoreU(weight, tag, weights + j);
    }
    if (j < count) {
        // The neighbouring row begins right behind this one and may be another thread's: nothing there is touched.
        HWY_ALIGN float rest[hn::MaxLanes(tag)];
        for (std::size_t k = 0; k < lanes; ++k) rest[k] = j + k < count ? scores[j + k] : largest;
        const auto live = hn::FirstN(tag, count - j);
        const RowVector logit = logit_of(hn::Load(tag, rest));
        const RowVector weight = hn::IfThenElseZero(live, hn::Exp(tag, logit));
        sum = hn::Add(sum, weight);
        sum_logit = hn::MulAdd(weight, logit, sum_logit);
        if constexpr (write) {
            hn::Store(weight, tag, rest);
            std::copy_n(rest, count - j, weights + j);
        }
    }
    return {hn::GetLane(hn::SumOfLanes(tag, sum)), hn::GetLane(hn::SumOfLanes(tag, sum_logit))};
}

HWY_INLINE void multiply(float* HWY_RESTRICT values, std::size_t count, float by) {
    const RowTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const RowVector factor = hn::Set(tag, by);
    std::size_t j = 0;
    for (; j + lanes <= count; j += lanes) hn::StoreU(hn::Mul(hn::LoadU(tag, values + j), factor), tag, values + j);
    for (; j < count; ++j) values[j] *= by;
}

template <bool write>
HWY_INLINE AttentionRow top_row(const float* scores, float* weights, std::size_t count, float largest) {
    const auto equals = static_cast<float>(std::count(scores, scores + count, largest));
    if constexpr (write)
        std::transform(scores, scores + count, weights,
                       [&](float score) { return score == largest ? 1 / equals : 0.0f; });
    return {std::log(equals), 1 / equals};
}

template <bool write>
HWY_INLINE AttentionRow softmax_row(const float* scores, float* weights, std::size_t count, double factor) {
    const float largest = largest_score(scores, count);
    if (factor > std::numeric_limits<float>::max()) return top_row<write>(scores, weights, count, largest);
    const RowSums sums = exponentials<write>(scores, weights, count, largest, static_cast<float>(factor));
    const float inverse = 1 / sums.sum;
    if constexpr (write) multiply(weights, count, inverse);
    // A row that is all but one weight can round to a little less than nothing.
    return {std::max(0.0f, std::log(sums.sum) - sums.sum_logit * inverse), inverse};
}

AttentionRow attention_row(float* scores, std::size_t count, double factor) {
    return softmax_row<true>(scores, scores, count, factor);
}

AttentionRow attention_row_statistics(const float* scores, std::size_t count, double factor) {
    return softmax_row<false>(scores, nullptr, count, factor);
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(attention_row);
HWY_EXPORT(attention_row_statistics);

AttentionRow attention_row(float* scores, std::size_t count, double factor) {
    return HWY_DYNAMIC_DISPATCH(attention_row)(scores, count, factor);
}

AttentionRow attention_row_statistics(const float* scores, std::size_t count, double factor) {
    return HWY_DYNAMIC_DISPATCH(attention_row_statistics)(scores, count, factor);
}
} // namespace attnscope::kernels
#endif
