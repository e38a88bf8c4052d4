#include "kernels/cayley_menger.h"

#include <attnscope/error.h>

#include <algorithm>

namespace attnscope::kernels {

namespace {

constexpr std::size_t most_pairs = most_corners * (most_corners - 1) / 2;

/// Distances of the pairs of one simplex, `volume_block` apart.
template <int Corners>
void gather(const double* table, const std::uint32_t* tuple, double* out) {
    for (int i = 1; i < Corners; ++i) {
        const std::size_t row = tuple[i];
        const double* const to = table + row * (row - 1) / 2;
        for (int j = 0; j < i; ++j, out += volume_block) *out = to[tuple[j]];
    }
}

template <int Corners>
void volumes_from_table(const DistanceTable& table, const std::uint32_t* tuples, std::size_t count, double* volumes) {
    alignas(64) double distances[Corners * (Corners - 1) / 2 * volume_block] = {};
    alignas(64) double block[volume_block];
    for (std::size_t first = 0; first < count; first += volume_block) {
        const std::size_t length = std::min(volume_block, count - first);
        for (std::size_t s = 0; s < length; ++s)
            gather<Corners>(table.values.data(), tuples + (first + s) * Corners, distances + s);
        block_volumes(distances, Corners, block);
        std::copy_n(block, length, volumes + first);
    }
}

} // namespace

void simplex_volumes(const DistanceTable& table, const std::uint32_t* tuples, int corners, std::size_t count,
                     double* volumes) {
    switch (corners) {
    case 3: return volumes_from_table<3>(table, tuples, count, volumes);
    case 4: return volumes_from_table<4>(table, tuples, count, volumes);
    case 5: return volumes_from_table<5>(table, tuples, count, volumes);
    case 6: return volumes_from_table<6>(table, tuples, count, volumes);
    case 7: return volumes_from_table<7>(table, tuples, count, volumes);
    case 8: return volumes_from_table<8>(table, tuples, count, volumes);
    default: ATTNSCOPE_ASSERT(corners >= fewest_corners && corners <= most_corners);
    }
}

void simplex_volumes(const RowView& rows, double scale, const std::uint32_t* tuples, int corners, std::size_t count,
                     double* volumes) {
    ATTNSCOPE_ASSERT(corners >= fewest_corners && corners <= most_corners);
    alignas(64) double distances[most_pairs * volume_block] = {};
    alignas(64) double block[volume_block];
    for (std::size_t first = 0; first < count; first += volume_block) {
        const std::size_t length = std::min(volume_block, count - first);
        for (std::size_t s = 0; s < length; ++s) {
            const std::uint32_t* const tuple = tuples + (first + s) * static_cast<std::size_t>(corners);
            double* out = distances + s;
            for (int i = 1; i < corners; ++i)
                for (int j = 0; j < i; ++j, out += volume_block)
                    *out = scale * squared_distance(rows.row(tuple[i]), rows.row(tuple[j]), rows.cols);
        }
        block_volumes(distances, corners, block);
        std::copy_n(block, length, volumes + first);
    }
}

} // namespace attnscope::kernels
