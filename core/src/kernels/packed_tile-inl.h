// Tiles of a product with packed weights; included once per instruction set.
#if defined(ATTNSCOPE_KERNELS_PACKED_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#undef ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#else
#define ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#endif

#include "kernels/packed_matrix_simd.h"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vector = hn::Vec<Tag>;

// Two vectors of sums a row, as many rows as leave registers for the weights and one number of the input.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
inline constexpr std::size_t tile_rows = 2;
#elif HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr std::size_t tile_rows = 12;
#else
inline constexpr std::size_t tile_rows = 6;
#endif

/// Inputs of a row that lie side by side in a packed strip.
inline constexpr std::size_t inputs_together = 8;

/// Numbers of a cache line.
inline constexpr std::size_t line_floats = 16;

/// Where the sums of a tile go.
struct TileTarget {
    float* result;
    std::size_t stride, columns; ///< columns at most a panel's
    const float* bias;           ///< or null
    bool add;
};

/// What a tile multiplies.
struct TileInput {
    const float* rows;    ///< a strip as pack_rows() leaves it
    const float* weights; ///< (depth, panel)
    std::size_t depth;
    const float* ahead; ///< weights that later tiles read; depth / inputs_together cache lines of them are fetched
};

/// Adds the products of one input of all rows with a panel's weights.
template <std::size_t rows>
HWY_INLINE void add_products(const float* HWY_RESTRICT input, const float* HWY_RESTRICT weights, Vector (&low)[rows],
                             Vector (&high)[rows]) {
    const Tag tag;
    const Vector left = hn::Load(tag, weights), right = hn::Load(tag, weights + hn::Lanes(tag));
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
        const Vector number = hn::Set(tag, input[r * inputs_together]);
        low[r] = hn::MulAdd(number, left, low[r]);
        high[r] = hn::MulAdd(number, right, high[r]);
    }
}

/// rows × panel sums over `depth` inputs.
template <std::size_t rows>
HWY_INLINE void multiply_tile(const TileInput& tile, const TileTarget& target) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const float* HWY_RESTRICT input = tile.rows;
    const float* HWY_RESTRICT weights = tile.weights;
    const float* ahead = tile.ahead;
    Vector low[rows], high[rows];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
        low[r] = hn::Zero(tag);
        high[r] = hn::Zero(tag);
        hwy::Prefetch(target.result + r * target.stride);
    }
    for (std::size_t block = tile.depth / inputs_together; block > 0; --block) {
        hwy::Prefetch(ahead);
        ahead += line_floats;
#pragma GCC unroll 8
        for (std::size_t k = 0; k < inputs_together; ++k) add_products(input + k, weights + k * 2 * lanes, low, high);
        input += tile_rows * inputs_together;
        weights += inputs_together * 2 * lanes;
    }
    for (std::size_t k = 0; k < tile.depth % inputs_together; ++k)
        add_products(input + k, weights + k * 2 * lanes, low, high);

    if (target.columns == 2 * lanes) {
        const Vector low_bias = target.bias ? hn::LoadU(tag, target.bias) : hn::Zero(tag);
        const Vector high_bias = target.bias ? hn::LoadU(tag, target.bias + lanes) : hn::Zero(tag);
        float* row = target.result;
#pragma GCC unroll 16
        for (std::size_t r = 0; r < rows; ++r, row += target.stride) {
            Vector left = hn::Add(low[r], low_bias), right = hn::Add(high[r], high_bias);
            if (target.add) {
                left = hn::Add(left, hn::LoadU(tag, row));
                right = hn::Add(right, hn::LoadU(tag, row + lanes));
            }
            hn::StoreU(left, tag, row);
            hn::StoreU(right, tag, row + lanes);
        }
        return;
    }
    HWY_ALIGN float sums[2 * hn::MaxLanes(tag)];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
        hn::Store(low[r], tag, sums);
        hn::Store(high[r], tag, sums + lanes);
        float* const row = target.result + r * target.stride;
        for (std::size_t c = 0; c < target.columns; ++c)
            row[c] = sums[c] + (target.bias ? target.bias[c] : 0.0f) + (target.add ? row[c] : 0.0f);
    }
}

using TileFunction = void (*)(const TileInput&, const TileTarget&);

template <std::size_t rows>
void tile_of(const TileInput& tile, const TileTarget& target) {
    multiply_tile<rows>(tile, target);
}

template <std::size_t... smaller>
TileFunction tile_function(std::size_t rows, std::index_sequence<smaller...>) {
    static constexpr TileFunction functions[] = {tile_of<smaller + 1>...};
    return functions[rows - 1];
}

/// Rows of the next strip when `left` are left: tile_rows, or fewer where the last strip would have so few that their
/// sums wait for each other.
inline std::size_t strip_rows(std::size_t left) {
    constexpr std::size_t few = 3;
    const bool split = left > tile_rows && left <= tile_rows + few;
    return std::min(tile_rows, split ? (left + 1) / 2 : left);
}

/// Numbers that pack_rows() writes.
inline std::size_t packed_floats(std::size_t rows, std::size_t depth) {
    const auto whole = [](std::size_t count, std::size_t step) { return (count + step - 1) / step * step; };
    return whole(rows, tile_rows) * whole(depth, inputs_together);
}

/// Strips of strip_rows() rows: (strips, depth / inputs_together, tile_rows, inputs_together). Places behind a strip's
/// last row and the last input are left as they are, and never read.
inline void pack_rows(const float* HWY_RESTRICT input, std::size_t stride, std::size_t rows, std::size_t depth,
                      float* HWY_RESTRICT packed) {
    for (std::size_t first = 0, taken = 0; first < rows; first += taken) {
        taken = strip_rows(rows - first);
        const float* const strip = input + first * stride;
        for (std::size_t k = 0; k < depth; k += inputs_together, packed += tile_rows * inputs_together) {
            if (depth - k >= inputs_together) {
                for (std::size_t r = 0; r < taken; ++r)
                    std::memcpy(packed + r * inputs_together, strip + r * stride + k, inputs_together * sizeof(float));
            } else {
                for (std::size_t r = 0; r < taken; ++r)
                    std::copy_n(strip + r * stride + k, depth - k, packed + r * inputs_together);
            }
        }
    }
}

/// All rows of one panel over `depth` inputs: `packed` as pack_rows() leaves it. Meanwhile the weights at `next`, as
/// many, are fetched into the cache.
HWY_INLINE void multiply_strips(const float* packed, std::size_t rows, const float* weights, std::size_t depth,
                                const float* next, TileTarget target) {
    const std::size_t strip_floats = packed_floats(tile_rows, depth);
    const std::size_t panel_floats = depth * 2 * hn::Lanes(Tag());
    const std::size_t fetched = std::min(depth / inputs_together * line_floats, panel_floats);
    for (std::size_t first = 0, taken = 0; first < rows; first += taken, packed += strip_floats) {
        taken = strip_rows(rows - first);
        const TileInput tile{packed, weights, depth, next + (panel_floats - fetched) * first / rows};
        if (taken == tile_rows)
            multiply_tile<tile_rows>(tile, target);
        else
            tile_function(taken, std::make_index_sequence<tile_rows>())(tile, target);
        target.result += taken * target.stride;
    }
}

/// Inputs in blocks of about one length, none longer than `longest_depth`.
struct DepthBlocks {
    explicit DepthBlocks(std::size_t inputs)
        : inputs(inputs), count(std::max<std::size_t>(1, (inputs + longest_depth - 1) / longest_depth)) {}
    std::size_t begin(std::size_t block) const {
        return block == count ? inputs : inputs * block / count / inputs_together * inputs_together;
    }
    std::size_t longest() const { return (inputs + count - 1) / count + inputs_together; }

    std::size_t inputs, count;
};

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
