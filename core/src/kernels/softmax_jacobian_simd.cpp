// One sweep over rows of A and g; compiled once per instruction set and chosen when the program runs.
#include "kernels/softmax_jacobian.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax_jacobian_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Narrow = hn::ScalableTag<float>;
using Wide = hn::ScalableTag<double>; // half as many lanes, except where a vector is one number
using NarrowVector = hn::Vec<Narrow>;
using WideVector = hn::Vec<Wide>;

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE WideVector lower(NarrowVector values) {
    return hn::PromoteTo(Wide(), values);
}
HWY_INLINE WideVector upper(NarrowVector) {
    return hn::Zero(Wide());
}
#else
HWY_INLINE WideVector lower(NarrowVector values) {
    return hn::PromoteTo(Wide(), hn::LowerHalf(values));
}
HWY_INLINE WideVector upper(NarrowVector values) {
    return hn::PromoteTo(Wide(), hn::UpperHalf(hn::Half<Narrow>(), values));
}
#endif

/// Calls step(A, g) for vectors of keys first … end; lanes behind the end are 0 in both.
template <class Step>
HWY_INLINE void for_keys(const float* HWY_RESTRICT a, const float* HWY_RESTRICT g, std::size_t first, std::size_t end,
                         const Step& step) {
    const Narrow tag;
    const std::size_t lanes = hn::Lanes(tag);
    std::size_t key = first;
    for (; key + lanes <= end; key += lanes)
        step(hn::LoadU(tag, a + key), hn::LoadU(tag, g + key));
    if (key < end) {
        HWY_ALIGN float rest_a[hn::MaxLanes(tag)] = {}, rest_g[hn::MaxLanes(tag)] = {};
        std::copy(a + key, a + end, rest_a);
        std::copy(g + key, g + end, rest_g);
        step(hn::Load(tag, rest_a), hn::Load(tag, rest_g));
    }
}

HWY_INLINE double total(WideVector values) {
    return hn::GetLane(hn::SumOfLanes(Wide(), values));
}

struct Accumulators {
    WideVector mass, full, diagonal, lateral, cross, straight, gradient, information;

    HWY_INLINE void add(WideVector p, WideVector g, WideVector inner) {
        const WideVector product = hn::Mul(p, g);
        const WideVector whole = hn::Mul(p, hn::Sub(g, inner));
        const WideVector own = hn::NegMulAdd(p, product, product);
        const WideVector others = hn::Mul(p, hn::Sub(product, inner));
        mass = hn::Add(mass, p);
        full = hn::MulAdd(whole, whole, full);
        diagonal = hn::MulAdd(own, own, diagonal);
        lateral = hn::MulAdd(others, others, lateral);
        cross = hn::MulAdd(own, others, cross);
        straight = hn::MulAdd(g, whole, straight);
        gradient = hn::MulAdd(g, g, gradient);
    }
};

HWY_INLINE Accumulators nothing() {
    const WideVector zero = hn::Zero(Wide());
    return {zero, zero, zero, zero, zero, zero, zero, zero};
}

JacobianSums softmax_jacobian(const JacobianRows& rows) {
    const Narrow narrow;
    const NarrowVector zero = hn::Zero(narrow), one = hn::Set(narrow, 1.0f);
    Accumulators seen = nothing(), unseen = nothing();
    WideVector masked_gradient = hn::Zero(Wide());
    std::size_t positive = 0;
    for (std::size_t r = 0; r < rows.rows; ++r) {
        const float* const a = rows.probabilities + r * rows.stride;
        const float* const g = rows.gradients + r * rows.stride;
        const std::size_t visible = std::min(rows.first_row + r + 1, rows.keys);
        const std::size_t attended = rows.causal ? visible : rows.keys;

        WideVector even = hn::Zero(Wide()), odd = hn::Zero(Wide());
        for_keys(a, g, 0, attended, [&](NarrowVector p, NarrowVector gradient) HWY_ATTR {
            even = hn::MulAdd(lower(p), lower(gradient), even);
            odd = hn::MulAdd(upper(p), upper(gradient), odd);
        });
        const WideVector inner = hn::SumOfLanes(Wide(), hn::Add(even, odd));

        const auto sweep = [&](std::size_t first, std::size_t end, Accumulators& sums) HWY_ATTR {
            for_keys(a, g, first, end, [&](NarrowVector p, NarrowVector gradient) HWY_ATTR {
                sums.add(lower(p), lower(gradient), inner);
                sums.add(upper(p), upper(gradient), inner);
                const auto weighted = hn::Gt(p, zero);
                positive += hn::CountTrue(narrow, weighted);
                const NarrowVector information =
                    hn::Mul(p, hn::Log(narrow, hn::IfThenElse(weighted, p, one)));
                sums.information = hn::Add(sums.information, hn::Add(lower(information), upper(information)));
            });
        };
        sweep(0, visible, seen);
        if (visible < attended)
            sweep(visible, attended, unseen);
        for_keys(g, g, attended, rows.keys, [&](NarrowVector gradient, NarrowVector) HWY_ATTR {
            masked_gradient = hn::MulAdd(lower(gradient), lower(gradient), masked_gradient);
            masked_gradient = hn::MulAdd(upper(gradient), upper(gradient), masked_gradient);
        });
    }
    JacobianSums sums;
    sums.rows = static_cast<double>(rows.rows);
    sums.positive = static_cast<double>(positive);
    sums.future_mass = total(unseen.mass);
    sums.mass = total(seen.mass) + sums.future_mass;
    sums.entropy = -total(hn::Add(seen.information, unseen.information));
    sums.full = total(hn::Add(seen.full, unseen.full));
    sums.diagonal = total(hn::Add(seen.diagonal, unseen.diagonal));
    sums.lateral = total(hn::Add(seen.lateral, unseen.lateral));
    sums.cross = total(hn::Add(seen.cross, unseen.cross));
    sums.visible_straight = total(seen.straight);
    sums.straight = sums.visible_straight + total(unseen.straight);
    sums.visible_gradient = total(seen.gradient);
    sums.gradient = sums.visible_gradient + total(unseen.gradient) + total(masked_gradient);
    return sums;
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(softmax_jacobian);

JacobianSums softmax_jacobian(const JacobianRows& rows) {
    return HWY_DYNAMIC_DISPATCH(softmax_jacobian)(rows);
}
} // namespace attnscope::kernels
#endif
