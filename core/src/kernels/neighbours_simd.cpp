// Largest products over one chunk of rows, compiled once per instruction set and chosen when the program runs.
#include "kernels/neighbours.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/neighbours_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include "kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {

void nearest_chunk(const ChunkInput& input, const std::uint32_t* memories, NearestSoFar* best, float* scratch) {
    const float* const keys = input.rows - input.first * input.d; // row 0 of the bank
    const std::size_t padded = input.padded, states = input.states;
    const std::size_t rows = tile_rows_for(padded, states), logit_rows = (rows + 15) / 16 * 16,
                      pitch = tile_pitch(padded);
    float* tile = scratch;
    float* products = tile + rows * pitch; // (states, logit_rows)
    for (std::size_t first = 0; first < input.count; first += rows) {
        const std::size_t count = std::min(rows, input.count - first), start = input.first + first;
        const float* const tile_source = input.rows + first * input.d;
        fill_tile(tile_source, count, input.d, input.mean, input.queries, states, padded, tile, pitch, products,
                  logit_rows);
        for (std::size_t s = 0; s < states; ++s) {
            float* row = products + s * logit_rows;
            const std::size_t memory = memories[s];
            if (memory >= start && memory < start + count) row[memory - start] = -std::numeric_limits<float>::max();
            const float top = largest(row, count);
            best[s].product = std::max(best[s].product, top);
            // The nearest memory's product is at most twice the error below the largest one.
            const double cut = static_cast<double>(best[s].product) - 2 * input.slack[s];
            if (static_cast<double>(top) < cut) continue;
            Neighbour& nearest = best[s].neighbour;
            for (std::size_t r = 0; r < count; ++r) {
                const std::size_t other = start + r;
                if (static_cast<double>(row[r]) < cut || other == memory) continue;
                const double gap = exact_gap(input.exact_queries + s * input.d, keys + memory * input.d,
                                             keys + other * input.d, input.d);
                if (gap < nearest.gap) nearest = {gap, static_cast<std::uint32_t>(other)};
            }
        }
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(nearest_chunk);

void nearest_chunk(const ChunkInput& input, const std::uint32_t* memories, NearestSoFar* best, float* scratch) {
    HWY_DYNAMIC_DISPATCH(nearest_chunk)(input, memories, best, scratch);
}
} // namespace attnscope::kernels
#endif
