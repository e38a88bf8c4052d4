// Tiles of centred rows and the logits of several states on them; included once per instruction set.
#if defined(ATTNSCOPE_KERNELS_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTNSCOPE_KERNELS_TILE_INL_H
#undef ATTNSCOPE_KERNELS_TILE_INL_H
#else
#define ATTNSCOPE_KERNELS_TILE_INL_H
#endif

#include "kernels/retrieval_pass.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

// Register blocks: accumulators of a block plus its operands fill the register file.
#if HWY_TARGET <= HWY_AVX3
inline constexpr int logit_block_rows = 8, logit_block_states = 3;
#else
inline constexpr int logit_block_rows = 4, logit_block_states = 3;
#endif

/// Rows a tile has. Few states: what fits beside a few queries in a 32 kB first-level cache. More states: four times
/// that, so that their sums, which no longer fit, are fetched a quarter as often.
HWY_INLINE std::size_t tile_rows_for(std::size_t padded, std::size_t states) {
    const std::size_t floats = states < 4 ? 6144 : 24576;
    return std::clamp<std::size_t>(floats / padded / 8 * 8, 8, most_tile_rows);
}
/// Floats from one row of a tile to the next: an odd number of cache lines, so rows do not compete for the same sets.
HWY_INLINE std::size_t tile_pitch(std::size_t padded) {
    return padded / 16 % 2 ? padded : padded + 16;
}

/// Largest of the first `count` ≥ 1 values, 64-byte aligned.
HWY_INLINE float largest(const float* HWY_RESTRICT logits, std::size_t count) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    float best = logits[0];
    std::size_t r = 0;
    if (count >= lanes) {
        auto top = hn::Load(tag, logits);
        for (r = lanes; r + lanes <= count; r += lanes) top = hn::Max(top, hn::Load(tag, logits + r));
        best = hn::GetLane(hn::MaxOfLanes(tag, top));
    }
    for (; r < count; ++r) best = logits[r] > best ? logits[r] : best;
    return best;
}

/// Asks for the cache lines of `floats` numbers from `next` on, and moves it behind them. Past the bank's end this does
/// nothing.
HWY_INLINE void fetch_lines(const float*& next, std::size_t floats) {
    constexpr std::size_t line_floats = 16;
    for (std::size_t k = 0; k < floats; k += line_floats) __builtin_prefetch(next + k, 0, 2);
    next += floats;
}

/// tile (8, pitch) = rows − mean for up to 8 rows; rows beyond `count` and columns beyond d are zero. mean is padded
/// with zeros.
HWY_INLINE void centre_rows(const float* HWY_RESTRICT rows, std::size_t count, std::size_t d,
                            const float* HWY_RESTRICT mean, std::size_t padded, float* HWY_RESTRICT tile,
                            std::size_t pitch) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const std::size_t whole = d / lanes * lanes;
    for (std::size_t r = 0; r < count; ++r) {
        const float* HWY_RESTRICT row = rows + r * d;
        float* HWY_RESTRICT out = tile + r * pitch;
        for (std::size_t k = 0; k < whole; k += lanes)
            hn::Store(hn::Sub(hn::LoadU(tag, row + k), hn::Load(tag, mean + k)), tag, out + k);
        for (std::size_t k = whole; k < d; ++k) out[k] = row[k] - mean[k];
        for (std::size_t k = d; k < padded; ++k) out[k] = 0;
    }
    for (std::size_t r = count; r < 8; ++r)
        for (std::size_t k = 0; k < padded; ++k) tile[r * pitch + k] = 0;
}

#if HWY_TARGET != HWY_SCALAR
/// Sum of a vector's 128-bit blocks.
template <class Tag>
HWY_INLINE hn::Vec<hn::FixedTag<float, 4>> add_blocks(Tag tag, hn::Vec<Tag> vector) {
    if constexpr (hn::MaxLanes(tag) > 4) {
        const hn::Half<Tag> half;
        return add_blocks(half, hn::Add(hn::LowerHalf(half, vector), hn::UpperHalf(half, vector)));
    } else {
        return vector;
    }
}
#endif

/// Stores the sums over the lanes of four vectors.
HWY_INLINE void store_four_sums(FloatVector a, FloatVector b, FloatVector c, FloatVector e, float* HWY_RESTRICT out) {
    const FloatTag tag;
#if HWY_TARGET == HWY_SCALAR
    out[0] = hn::GetLane(a);
    out[1] = hn::GetLane(b);
    out[2] = hn::GetLane(c);
    out[3] = hn::GetLane(e);
    (void)tag;
#else
    // Within each 128-bit block: transpose and add; then add the blocks.
    const hn::Repartition<std::uint64_t, FloatTag> pair_tag;
    const auto ab = hn::BitCast(pair_tag, hn::Add(hn::InterleaveLower(tag, a, b), hn::InterleaveUpper(tag, a, b)));
    const auto ce = hn::BitCast(pair_tag, hn::Add(hn::InterleaveLower(tag, c, e), hn::InterleaveUpper(tag, c, e)));
    const auto sums = hn::Add(hn::BitCast(tag, hn::InterleaveLower(pair_tag, ab, ce)),
                              hn::BitCast(tag, hn::InterleaveUpper(pair_tag, ab, ce)));
    const hn::FixedTag<float, 4> block_tag;
    hn::StoreU(add_blocks(tag, sums), block_tag, out);
#endif
}

/// logits[s·stride + r] = ⟨tile_r, query_s⟩ for a block of rows and states. One accumulator a pair, whatever the
/// block, so a logit does not depend on which states or rows it is computed with.
template <int Rows, int States>
HWY_INLINE void logit_block(const float* HWY_RESTRICT tile, std::size_t pitch, const float* HWY_RESTRICT queries,
                            std::size_t padded, float* HWY_RESTRICT logits, std::size_t stride) {
    static_assert(Rows % 4 == 0);
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    FloatVector sums[States][Rows];
    HWY_UNROLL(8)
    for (int s = 0; s < States; ++s) {
        HWY_UNROLL(8)
        for (int r = 0; r < Rows; ++r) sums[s][r] = hn::Zero(tag);
    }
    for (std::size_t k = 0; k < padded; k += lanes) {
        FloatVector query[States];
        HWY_UNROLL(8)
        for (int s = 0; s < States; ++s) query[s] = hn::Load(tag, queries + s * padded + k);
        HWY_UNROLL(8)
        for (int r = 0; r < Rows; ++r) {
            const auto row = hn::Load(tag, tile + r * pitch + k);
            HWY_UNROLL(8)
            for (int s = 0; s < States; ++s) sums[s][r] = hn::MulAdd(row, query[s], sums[s][r]);
        }
    }
    HWY_UNROLL(8)
    for (int s = 0; s < States; ++s) {
        HWY_UNROLL(8)
        for (int r = 0; r < Rows; r += 4)
            store_four_sums(sums[s][r], sums[s][r + 1], sums[s][r + 2], sums[s][r + 3], logits + s * stride + r);
    }
}

/// Centres `count` rows into a tile and writes their logits (states, stride), eight rows at a time: the first use of a
/// row finds it in the first-level cache. Rows up to a multiple of 8 are written. The eight rows that come next are
/// asked for meanwhile, some before every block of states, so that the memory is busy while the products are made.
HWY_INLINE void fill_tile(const float* HWY_RESTRICT rows, std::size_t count, std::size_t d,
                          const float* HWY_RESTRICT mean, const float* HWY_RESTRICT queries, std::size_t states,
                          std::size_t padded, float* HWY_RESTRICT tile, std::size_t pitch, float* HWY_RESTRICT logits,
                          std::size_t stride) {
    constexpr int block_rows = logit_block_rows, block = logit_block_states;
    const std::size_t fetched_a_state = (8 * d + states - 1) / states;
    for (std::size_t first = 0; first < count; first += 8) {
        float* eight = tile + first * pitch;
        centre_rows(rows + first * d, std::min<std::size_t>(8, count - first), d, mean, padded, eight, pitch);
        const float* next = rows + (first + 8) * d;
        std::size_t s = 0;
        for (; s + block <= states; s += block) {
            fetch_lines(next, block * fetched_a_state);
            for (std::size_t r = 0; r < 8; r += block_rows)
                logit_block<block_rows, block>(eight + r * pitch, pitch, queries + s * padded, padded,
                                               logits + s * stride + first + r, stride);
        }
        for (; s < states; ++s) {
            fetch_lines(next, fetched_a_state);
            logit_block<8, 1>(eight, pitch, queries + s * padded, padded, logits + s * stride + first, stride);
        }
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
