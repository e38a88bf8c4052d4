// Determinants of many simplices side by side, and distances; compiled once per instruction set and chosen when the
// program runs.
#include "kernels/cayley_menger.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cayley_menger_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;

constexpr double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}
constexpr int pair(int i, int j) {
    return i * (i - 1) / 2 + j;
} // of corners i > j

/// LDLᵀ of 2G in place, row by row of the lower triangle; the product of the pivots.
template <int K>
HWY_INLINE Vector determinant(Vector (&g)[K][K]) {
    Vector product = g[0][0];
    HWY_UNROLL(8)
    for (int c = 0; c + 1 < K; ++c) {
        const Vector inverse = hn::Div(hn::Set(Tag(), 1.0), g[c][c]);
        HWY_UNROLL(8)
        for (int i = c + 1; i < K; ++i) {
            const Vector factor = hn::Mul(g[i][c], inverse);
            HWY_UNROLL(8)
            for (int j = c + 1; j <= i; ++j) g[i][j] = hn::NegMulAdd(factor, g[j][c], g[i][j]);
        }
        product = hn::Mul(product, g[c + 1][c + 1]);
    }
    return product;
}

template <int Corners>
HWY_INLINE void volumes_of_block(const double* HWY_RESTRICT distances, double* HWY_RESTRICT volumes) {
    constexpr int k = Corners - 1;
    constexpr double pairs = Corners * k / 2;
    const Tag tag;
    const double unit = 1 / (factorial(k) * factorial(k) * (1 << k)); // V² = det(2G) · unit
    for (std::size_t s = 0; s < volume_block; s += hn::Lanes(tag)) {
        const auto distance = [&](int i, int j) HWY_ATTR {
            return hn::Load(tag, distances + static_cast<std::size_t>(pair(i, j)) * volume_block + s);
        };
        // Edges from corner 0: 2 g_ij = d_0i + d_0j − d_ij.
        Vector g[k][k], sum = hn::Zero(tag);
        HWY_UNROLL(8)
        for (int i = 0; i < k; ++i) {
            const Vector side = distance(i + 1, 0);
            sum = hn::Add(sum, side);
            g[i][i] = hn::Add(side, side);
        }
        HWY_UNROLL(8)
        for (int i = 1; i < k; ++i) {
            HWY_UNROLL(8)
            for (int j = 0; j < i; ++j) {
                const Vector across = distance(i + 1, j + 1);
                sum = hn::Add(sum, across);
                g[i][j] = hn::Sub(hn::Add(distance(i + 1, 0), distance(j + 1, 0)), across);
            }
        }
        const Vector twice_mean = hn::Mul(sum, hn::Set(tag, 2 / pairs));
        Vector cut = hn::Set(tag, degenerate_cut);
        HWY_UNROLL(8)
        for (int i = 0; i < k; ++i) cut = hn::Mul(cut, twice_mean);
        const Vector det = determinant<k>(g);
        const Vector volume = hn::Sqrt(hn::Mul(det, hn::Set(tag, unit)));
        hn::Store(hn::IfThenElseZero(hn::Gt(det, cut), volume), tag, volumes + s);
    }
}

void block_volumes(const double* distances, int corners, double* volumes) {
    switch (corners) {
    case 3: return volumes_of_block<3>(distances, volumes);
    case 4: return volumes_of_block<4>(distances, volumes);
    case 5: return volumes_of_block<5>(distances, volumes);
    case 6: return volumes_of_block<6>(distances, volumes);
    case 7: return volumes_of_block<7>(distances, volumes);
    default: return volumes_of_block<8>(distances, volumes);
    }
}

double squared_distance(const float* a, const float* b, std::size_t count) {
    const Tag tag;
    const hn::Rebind<float, Tag> narrow;
    const std::size_t lanes = hn::Lanes(tag);
    Vector sum0 = hn::Zero(tag), sum1 = hn::Zero(tag);
    const auto difference = [&](std::size_t k) HWY_ATTR {
        return hn::Sub(hn::PromoteTo(tag, hn::LoadU(narrow, a + k)), hn::PromoteTo(tag, hn::LoadU(narrow, b + k)));
    };
    std::size_t k = 0;
    for (; k + 2 * lanes <= count; k += 2 * lanes) {
        const Vector first = difference(k), second = difference(k + lanes);
        sum0 = hn::MulAdd(first, first, sum0);
        sum1 = hn::MulAdd(second, second, sum1);
    }
    double sum = hn::GetLane(hn::SumOfLanes(tag, hn::Add(sum0, sum1)));
    for (; k < count; ++k) {
        const double rest = static_cast<double>(a[k]) - static_cast<double>(b[k]);
        sum += rest * rest;
    }
    return sum;
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(block_volumes);
HWY_EXPORT(squared_distance);

void block_volumes(const double* distances, int corners, double* volumes) {
    HWY_DYNAMIC_DISPATCH(block_volumes)(distances, corners, volumes);
}

double squared_distance(const float* a, const float* b, std::size_t count) {
    return HWY_DYNAMIC_DISPATCH(squared_distance)(a, b, count);
}
} // namespace attnscope::kernels
#endif
