// The product of rows with packed weights, compiled once per instruction set and chosen when the program runs.
#include "kernels/packed_matrix.h"
#include "kernels/packed_matrix_simd.h"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <new>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/packed_matrix_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

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

std::size_t panel_width() {
    return 2 * hn::Lanes(Tag());
}

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
void pack_rows(const float* HWY_RESTRICT input, std::size_t stride, std::size_t rows, std::size_t depth,
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

void multiply_part(const PackedMatrix& matrix, const ProductPart& part) {
    const std::size_t width = matrix.panel_width(), inputs = matrix.inputs(), rows = part.end_row - part.first_row;
    const std::size_t strips = (rows + tile_rows - 1) / tile_rows;
    const std::size_t blocks = std::max<std::size_t>(1, (inputs + longest_depth - 1) / longest_depth);
    const std::size_t longest = (inputs + blocks - 1) / blocks;
    const auto packed = hwy::AllocateAligned<float>(strips * tile_rows * std::max<std::size_t>(1, longest));
    if (!packed)
        throw std::bad_alloc();

    for (std::size_t block = 0; block < blocks; ++block) {
        const std::size_t first = inputs * block / blocks, depth = inputs * (block + 1) / blocks - first;
        pack_rows(part.input + part.first_row * part.input_stride + first, part.input_stride, rows, depth,
                  packed.get());
        for (std::size_t panel = part.first_panel; panel < part.end_panel; ++panel) {
            const std::size_t column = panel * width;
            const float* const weights = matrix.panel(panel) + first * width;
            const std::size_t result_column = (panel - part.result_panel) * width;
            TileTarget target{.result = part.result + part.first_row * part.result_stride + result_column,
                              .stride = part.result_stride,
                              .columns = std::min(width, matrix.outputs() - column),
                              .bias = part.bias && block == 0 ? part.bias + column : nullptr,
                              .add = part.add || block > 0};
            for (std::size_t strip = 0; strip < strips; ++strip) {
                const float* const input = packed.get() + strip * depth * tile_rows;
                const std::size_t taken = std::min(tile_rows, rows - strip * tile_rows);
                if (taken == tile_rows)
                    multiply_tile<tile_rows>(input, weights, depth, target);
                else
                    tile_function(taken, std::make_index_sequence<tile_rows>())(input, weights, depth, target);
                target.result += tile_rows * target.stride;
            }
        }
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(panel_width);
HWY_EXPORT(multiply_part);

std::size_t packed_panel_width() {
    return HWY_DYNAMIC_DISPATCH(panel_width)();
}

void multiply(const PackedMatrix& matrix, const ProductPart& part) {
    HWY_DYNAMIC_DISPATCH(multiply_part)(matrix, part);
}
} // namespace attnscope::kernels
#endif
