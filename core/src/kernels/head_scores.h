// Scores of one attention head from its queries and keys: products in, rows ready for attention_rows.h out.
//
// Row t sees the keys begin_t … end_t − 1; its scores are ⟨q_t, k_j⟩ up to a number that all of a row share, which no
// softmax sees. A head's keys are packed once and centred on their mean, so that float32 products are of numbers no
// larger than they need be. Where a factor would still blow their rounding up until it moves weights, the scores near
// the row's maximum are computed again in float64.
#pragma once

#include <attnscope/error.h>

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <span>
#include <vector>

namespace attnscope::kernels {

/// Keys that lie together in a panel: whole vectors of every instruction set.
inline constexpr std::size_t panel_keys = 16;

/// Keys of one head, for the products. `rows` must outlive it.
struct HeadKeys {
    const float* rows = nullptr; ///< (count, head_dim)
    std::size_t count = 0, head_dim = 0;
    std::vector<float> mean;                   ///< (head_dim)
    double longest = 0;                        ///< norm of the longest centred key
    hwy::AlignedFreeUniquePtr<float[]> panels; ///< (⌈count/16⌉, head_dim, 16) centred, zeros beyond the last key
};
HeadKeys pack_keys(const float* rows, std::size_t count, std::size_t head_dim);

/// A row of scores, and the keys it sees.
struct HeadRow {
    std::size_t begin = 0, end = 0; ///< half-open, not empty
    float* scores = nullptr;        ///< (end − begin), in the block's scratch
    std::size_t keys() const { return end - begin; }
};

/// Rows worth computing together when there are `keys` of them: their scores stay in the cache.
std::size_t block_rows(std::size_t keys) noexcept;
/// Floats of scratch for a block of `rows` rows.
std::size_t block_scratch_floats(std::size_t rows, std::size_t keys) noexcept;

/// Scores of a block of rows. queries (rows.size(), head_dim); begin and end of every row are set, the rest is filled
/// in. The scores are exact enough for every softmax with a factor up to `largest_factor` (infinity: for top-1).
void head_scores(const HeadKeys& keys, const float* queries, double largest_factor, std::span<HeadRow> rows,
                 float* scratch);

/// Position of the largest of `count` ≥ 1 scores, the first of equals.
std::size_t largest_score(const float* scores, std::size_t count);

/// ⟨q, k_j⟩ in float64 for the keys begin … end − 1, a plain loop; for tests.
std::vector<double> head_scores_reference(const HeadKeys& keys, const float* query, std::size_t begin, std::size_t end);

// ------------------------------------------------------------------ what a block is, for the SIMD side
/// out[r·pitch + (p − first)·16 + j] = ⟨query_r, key 16p + j⟩ for the panels first … end − 1.
void panel_products(const HeadKeys& keys, std::size_t first, std::size_t end, const float* queries, std::size_t rows,
                    float* out, std::size_t pitch);

} // namespace attnscope::kernels
