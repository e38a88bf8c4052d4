// Tiles of a product with packed weights; included once per instruction set.
#if defined(ATTNSCOPE_KERNELS_PACKED_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#undef ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#else
#define ATTNSCOPE_KERNELS_PACKED_TILE_INL_H
#endif

#include "kernels/packed_matrix_simd.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
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

/// Where the sums of a tile go.
struct TileTarget {
    float* result;
    std::size_t stride, columns; ///< columns at most a panel's
    const float* bias;           ///< or null
    bool add;
};

/// rows × panel sums over `depth` inputs. `input` (depth, tile_rows), `weights` (depth, panel).
template <std::size_t rows>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT input, const float* HWY_RESTRICT weights, std::size_t depth,
                              const TileTarget& target) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    Vector low[rows], high[rows];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
        low[r] = hn::Zero(tag);
        high[r] = hn::Zero(tag);
    }
    for (std::size_t k = 0; k < depth; ++k) {
        const Vector left = hn::Load(tag, weights), right = hn::Load(tag, weights + lanes);
    #pragma GCC unroll 16
        for (std::size_t r = 0; r < rows; ++r) {
            const Vector number = hn::Set(tag, input[r]);
            low[r] = hn::MulAdd(number, left, low[r]);
            high[r] = hn::MulAdd(number, right, high[r]);
        }
        weights += 2 * lanes;
        input += tile_rows;
    }

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

using TileFunction = void (*)(const float*, const float*, std::size_t, const TileTarget&);

template <std::size_t rows>
void tile_of(const float* input, const float* weights, std::size_t depth, const TileTarget& target) {
    multiply_tile<rows>(input, weights, depth, target);
}

template <std::size_t... smaller>
TileFunction tile_function(std::size_t rows, std::index_sequence<smaller...>) {
    static constexpr TileFunction functions[] = {tile_of<smaller + 1>...};
    return functions[rows - 1];
}

/// Strips of tile_rows rows, input after input: (strips, depth, tile_rows).
inline void pack_rows(const float* HWY_RESTRICT input, std::size_t stride, std::size_t rows, std::size_t depth,
               float* HWY_RESTRICT packed) {
    for (std::size_t first = 0; first < rows; first += tile_rows, packed += depth * tile_rows) {
        const std::size_t taken = std::min(tile_rows, rows - first);
        const float* const strip = input + first * stride;
        if (taken < tile_rows) {
            for (std::size_t k = 0; k < depth; ++k) {
                for (std::size_t r = 0; r < taken; ++r)
                    packed[k * tile_rows + r] = strip[r * stride + k];
            }
            continue;
        }
        for (std::size_t k = 0; k < depth; ++k) {
        #pragma GCC unroll 16
            for (std::size_t r = 0; r < tile_rows; ++r)
                packed[k * tile_rows + r] = strip[r * stride + k];
        }
    }
}

/// All rows of one panel over `depth` inputs: `packed` as pack_rows() leaves it.
HWY_INLINE void multiply_strips(const float* packed, std::size_t rows, const float* weights, std::size_t depth,
                                TileTarget target) {
    for (std::size_t first = 0; first < rows; first += tile_rows, packed += depth * tile_rows) {
        const std::size_t taken = std::min(tile_rows, rows - first);
        if (taken == tile_rows)
            multiply_tile<tile_rows>(packed, weights, depth, target);
        else
            tile_function(taken, std::make_index_sequence<tile_rows>())(packed, weights, depth, target);
        target.result += tile_rows * target.stride;
    }
}

/// Inputs in blocks of about one length, none longer than `longest_depth`.
struct DepthBlocks {
    explicit DepthBlocks(std::size_t inputs)
        : inputs(inputs), count(std::max<std::size_t>(1, (inputs + longest_depth - 1) / longest_depth)) {}
    std::size_t begin(std::size_t block) const { return inputs * block / count; }
    std::size_t longest() const { return (inputs + count - 1) / count; }

    std::size_t inputs, count;
};

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
