// Products of queries with packed keys, compiled once per instruction set and chosen when the program runs.
#include "kernels/head_scores.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/head_scores_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;

// Rows that share the loads of a panel: as many as their sums leave registers for.
#if HWY_TARGET <= HWY_AVX2
inline constexpr std::size_t product_rows = 6;
#elif HWY_TARGET == HWY_SCALAR
inline constexpr std::size_t product_rows = 1;
#else
inline constexpr std::size_t product_rows = 2;
#endif
inline constexpr std::size_t panel_vectors = panel_keys / hn::MaxLanes(Tag());

/// One sum a product, over the head's dimensions in order: a score does not depend on the rows or keys beside it.
template <std::size_t Rows>
HWY_INLINE void one_panel(const float* HWY_RESTRICT panel, std::size_t head_dim, const float* HWY_RESTRICT queries,
                          float* HWY_RESTRICT out, std::size_t pitch) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    hn::Vec<Tag> sums[Rows][panel_vectors];
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < Rows; ++r) {
        HWY_UNROLL(16)
        for (std::size_t v = 0; v < panel_vectors; ++v) sums[r][v] = hn::Zero(tag);
    }
    for (std::size_t k = 0; k < head_dim; ++k) {
        hn::Vec<Tag> keys[panel_vectors];
        HWY_UNROLL(16)
        for (std::size_t v = 0; v < panel_vectors; ++v) keys[v] = hn::Load(tag, panel + k * panel_keys + v * lanes);
        HWY_UNROLL(8)
        for (std::size_t r = 0; r < Rows; ++r) {
            const auto query = hn::Set(tag, queries[r * head_dim + k]);
            HWY_UNROLL(16)
            for (std::size_t v = 0; v < panel_vectors; ++v) sums[r][v] = hn::MulAdd(query, keys[v], sums[r][v]);
        }
    }
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < Rows; ++r) {
        HWY_UNROLL(16)
        for (std::size_t v = 0; v < panel_vectors; ++v) hn::Store(sums[r][v], tag, out + r * pitch + v * lanes);
    }
}

void panel_products(const HeadKeys& keys, std::size_t first, std::size_t end, const float* queries, std::size_t rows,
                    float* out, std::size_t pitch) {
    const std::size_t d = keys.head_dim;
    // A panel stays in the first-level cache for all rows of the block.
    for (std::size_t p = first; p < end; ++p) {
        const float* panel = keys.panels.get() + p * d * panel_keys;
        float* column = out + (p - first) * panel_keys;
        std::size_t r = 0;
        for (; r + product_rows <= rows; r += product_rows)
            one_panel<product_rows>(panel, d, queries + r * d, column + r * pitch, pitch);
        for (; r < rows; ++r) one_panel<1>(panel, d, queries + r * d, column + r * pitch, pitch);
    }
}

std::size_t largest_score(const float* scores, std::size_t count) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    float best = scores[0];
    std::size_t j = 0;
    if (count >= lanes) {
        auto top = hn::LoadU(tag, scores);
        for (j = lanes; j + lanes <= count; j += lanes) top = hn::Max(top, hn::LoadU(tag, scores + j));
        best = hn::GetLane(hn::MaxOfLanes(tag, top));
    }
    for (; j < count; ++j) best = scores[j] > best ? scores[j] : best;
    const auto wanted = hn::Set(tag, best);
    for (j = 0; j + lanes <= count; j += lanes)
        if (const auto found = hn::FindFirstTrue(tag, hn::Eq(hn::LoadU(tag, scores + j), wanted)); found >= 0)
            return j + static_cast<std::size_t>(found);
    for (; j < count; ++j)
        if (scores[j] == best) return j;
    return 0; // not a number among them
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(panel_products);
HWY_EXPORT(largest_score);

void panel_products(const HeadKeys& keys, std::size_t first, std::size_t end, const float* queries, std::size_t rows,
                    float* out, std::size_t pitch) {
    HWY_DYNAMIC_DISPATCH(panel_products)(keys, first, end, queries, rows, out, pitch);
}

std::size_t largest_score(const float* scores, std::size_t count) {
    return HWY_DYNAMIC_DISPATCH(largest_score)(scores, count);
}
} // namespace attnscope::kernels
#endif
