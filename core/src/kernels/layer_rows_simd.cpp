// Norms, rotations and gates of rows, compiled once per instruction set and chosen when the program runs.
#include "kernels/layer_rows.h"

#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layer_rows_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using LayerTag = hn::ScalableTag<float>;
using LayerVector = hn::Vec<LayerTag>;

void rms_norm_row_simd(const float* row, const float* weight, std::size_t width, double epsilon, float* result) {
    const LayerTag tag;
    const std::size_t lanes = hn::Lanes(tag), whole = width / lanes * lanes;
    LayerVector sums = hn::Zero(tag);
    for (std::size_t i = 0; i < whole; i += lanes) {
        const LayerVector some = hn::LoadU(tag, row + i);
        sums = hn::MulAdd(some, some, sums);
    }
    float squares = hn::GetLane(hn::SumOfLanes(tag, sums));
    for (std::size_t i = whole; i < width; ++i) squares += row[i] * row[i];
    const auto factor =
        static_cast<float>(1 / std::sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
    const LayerVector scale = hn::Set(tag, factor);
    for (std::size_t i = 0; i < whole; i += lanes)
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(tag, row + i), scale), hn::LoadU(tag, weight + i)), tag, result + i);
    for (std::size_t i = whole; i < width; ++i) result[i] = row[i] * factor * weight[i];
}

void rotate_row_simd(float* row, const float* cosines, const float* sines, std::size_t pairs, PairLayout layout) {
    const LayerTag tag;
    const std::size_t lanes = hn::Lanes(tag), whole = pairs / lanes * lanes;
    const bool halves = layout == PairLayout::halves;
    for (std::size_t i = 0; i < whole; i += lanes) {
        LayerVector x, y;
        if (halves) {
            x = hn::LoadU(tag, row + i);
            y = hn::LoadU(tag, row + pairs + i);
        } else {
            hn::LoadInterleaved2(tag, row + 2 * i, x, y);
        }
        const LayerVector cosine = hn::LoadU(tag, cosines + i), sine = hn::LoadU(tag, sines + i);
        const LayerVector first = hn::MulSub(x, cosine, hn::Mul(y, sine));
        const LayerVector second = hn::MulAdd(y, cosine, hn::Mul(x, sine));
        if (halves) {
            hn::StoreU(first, tag, row + i);
            hn::StoreU(second, tag, row + pairs + i);
        } else {
            hn::StoreInterleaved2(first, second, tag, row + 2 * i);
        }
    }
    for (std::size_t i = whole; i < pairs; ++i) {
        float& first = row[halves ? i : 2 * i];
        float& second = row[halves ? pairs + i : 2 * i + 1];
        const float x = first, y = second;
        first = x * cosines[i] - y * sines[i];
        second = y * cosines[i] + x * sines[i];
    }
}

HWY_INLINE LayerVector gated(LayerVector value, LayerVector by) {
    const LayerTag tag;
    // Beyond this the exponential of float32 would overflow, and the quotient is nothing either way.
    const LayerVector power = hn::Exp(tag, hn::Min(hn::Neg(value), hn::Set(tag, 88.0f)));
    return hn::Mul(hn::Div(value, hn::Add(hn::Set(tag, 1.0f), power)), by);
}

void silu_gate_simd(float* values, const float* by, std::size_t count) {
    const LayerTag tag;
    const std::size_t lanes = hn::Lanes(tag), whole = count / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes)
        hn::StoreU(gated(hn::LoadU(tag, values + i), hn::LoadU(tag, by + i)), tag, values + i);
    if (whole == count) return;
    // What lies behind the last number may be another thread's.
    HWY_ALIGN float value[hn::MaxLanes(tag)] = {}, factor[hn::MaxLanes(tag)] = {};
    const std::size_t bytes = (count - whole) * sizeof(float);
    std::memcpy(value, values + whole, bytes);
    std::memcpy(factor, by + whole, bytes);
    hn::Store(gated(hn::Load(tag, value), hn::Load(tag, factor)), tag, value);
    std::memcpy(values + whole, value, bytes);
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(rms_norm_row_simd);
HWY_EXPORT(rotate_row_simd);
HWY_EXPORT(silu_gate_simd);

void rms_norm_row(const float* row, const float* weight, std::size_t width, double epsilon, float* result) {
    HWY_DYNAMIC_DISPATCH(rms_norm_row_simd)(row, weight, width, epsilon, result);
}

void rotate_row(float* row, const float* cosines, const float* sines, std::size_t pairs, PairLayout layout) {
    HWY_DYNAMIC_DISPATCH(rotate_row_simd)(row, cosines, sines, pairs, layout);
}

void silu_gate(float* values, const float* by, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(silu_gate_simd)(values, by, count);
}
} // namespace attnscope::kernels
#endif
