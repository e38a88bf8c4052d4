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
    for (; key + lanes <= end; key += lanes) step(hn::LoadU(tag, a + key), hn::LoadU(tag, g + key));
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

/// What needs no Σ A g, and that sum itself. Two loops over a row keep all their sums in registers; one would not.
struct PlainSums {
    WideVector inner, mass, gradient, information;
    hn::Vec<hn::RebindToSigned<Narrow>> positive;
};

/// What does: ‖full‖², ‖diagonal‖², ‖lateral‖², ⟨diagonal, lateral⟩, ⟨g, full⟩.
struct ProductSums {
    WideVector full, diagonal, lateral, cross, straight;

    HWY_INLINE void add(WideVector p, WideVector g, WideVector inner) {
        const WideVector product = hn::Mul(p, g);
        const WideVector whole = hn::Mul(p, hn::Sub(g, inner));
        const WideVector own = hn::NegMulAdd(p, product, product);
        const WideVector others = hn::Mul(p, hn::Sub(product, inner));
        full = hn::MulAdd(whole, whole, full);
        diagonal = hn::MulAdd(own, own, diagonal);
        lateral = hn::MulAdd(others, others, lateral);
        cross = hn::MulAdd(own, others, cross);
        straight = hn::MulAdd(g, whole, straight);
    }
};

HWY_INLINE PlainSums plain_sums(const float* a, const float* g, std::size_t first, std::size_t end) {
    const Narrow tag;
    const hn::RebindToSigned<Narrow> counts;
    const NarrowVector zero = hn::Zero(tag), one = hn::Set(tag, 1.0f);
    const WideVector none = hn::Zero(Wide());
    PlainSums sums{none, none, none, none, hn::Zero(counts)};
    for_keys(a, g, first, end, [&](NarrowVector p, NarrowVector gradient) HWY_ATTR {
        const auto weighted = hn::Gt(p, zero);
        sums.positive = hn::Sub(sums.positive, hn::BitCast(counts, hn::VecFromMask(tag, weighted)));
        const NarrowVector information = hn::Mul(p, hn::Log(tag, hn::IfThenElse(weighted, p, one)));
        sums.information = hn::Add(sums.information, hn::Add(lower(information), upper(information)));
        const WideVector low = lower(p), high = upper(p), left = lower(gradient), right = upper(gradient);
        sums.inner = hn::MulAdd(high, right, hn::MulAdd(low, left, sums.inner));
        sums.mass = hn::Add(sums.mass, hn::Add(low, high));
        sums.gradient = hn::MulAdd(right, right, hn::MulAdd(left, left, sums.gradient));
    });
    return sums;
}

HWY_INLINE ProductSums product_sums(const float* a, const float* g, std::size_t first, std::size_t end,
                                    WideVector inner) {
    const WideVector none = hn::Zero(Wide());
    ProductSums sums{none, none, none, none, none};
    for_keys(a, g, first, end, [&](NarrowVector p, NarrowVector gradient) HWY_ATTR {
        sums.add(lower(p), lower(gradient), inner);
        sums.add(upper(p), upper(gradient), inner);
    });
    return sums;
}

/// Of some keys of all rows.
struct Totals {
    WideVector mass, gradient, information, full, diagonal, lateral, cross, straight;
    std::size_t positive;

    HWY_INLINE void add(const PlainSums& sums) {
        mass = hn::Add(mass, sums.mass);
        gradient = hn::Add(gradient, sums.gradient);
        information = hn::Add(information, sums.information);
        const hn::RebindToSigned<Narrow> counts;
        positive += static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(counts, sums.positive)));
    }
    HWY_INLINE void add(const ProductSums& sums) {
        full = hn::Add(full, sums.full);
        diagonal = hn::Add(diagonal, sums.diagonal);
        lateral = hn::Add(lateral, sums.lateral);
        cross = hn::Add(cross, sums.cross);
        straight = hn::Add(straight, sums.straight);
    }
};

JacobianSums softmax_jacobian(const JacobianRows& rows) {
    const WideVector none = hn::Zero(Wide());
    Totals seen{none, none, none, none, none, none, none, none, 0}, unseen = seen;
    WideVector masked_gradient = none;
    for (std::size_t r = 0; r < rows.rows; ++r) {
        const float* const a = rows.probabilities + r * rows.stride;
        const float* const g = rows.gradients + r * rows.stride;
        const std::size_t visible = std::min(rows.first_row + r + 1, rows.keys);
        const std::size_t attended = rows.causal ? visible : rows.keys;

        const PlainSums before = plain_sums(a, g, 0, visible);
        seen.add(before);
        WideVector inner = before.inner;
        if (visible < attended) {
            const PlainSums after = plain_sums(a, g, visible, attended);
            unseen.add(after);
            inner = hn::Add(inner, after.inner);
        }
        inner = hn::SumOfLanes(Wide(), inner);
        seen.add(product_sums(a, g, 0, visible, inner));
        if (visible < attended) unseen.add(product_sums(a, g, visible, attended, inner));
        for_keys(g, g, attended, rows.keys, [&](NarrowVector gradient, NarrowVector) HWY_ATTR {
            masked_gradient = hn::MulAdd(lower(gradient), lower(gradient), masked_gradient);
            masked_gradient = hn::MulAdd(upper(gradient), upper(gradient), masked_gradient);
        });
    }
    JacobianSums sums;
    sums.rows = static_cast<double>(rows.rows);
    sums.positive = static_cast<double>(seen.positive + unseen.positive);
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
