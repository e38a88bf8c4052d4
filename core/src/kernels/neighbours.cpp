#include "kernels/neighbours.h"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <limits>

namespace attnscope::kernels {

namespace {
constexpr std::size_t group_size = 192; ///< memories looked up in one walk over the bank
constexpr Neighbour nobody{0, -std::numeric_limits<float>::max(), 0};
} // namespace

std::vector<Neighbour> nearest_neighbours(const KeyBank& bank, std::span<const std::uint32_t> memories,
                                          JobContext& context) {
    const std::size_t d = bank.d, padded = padded_dimension(d);
    // A third of the pass's rows: there are more states here, and a chunk still ends within 50 ms.
    const std::size_t rows = std::min<std::size_t>(chunk_rows(bank.n), 4096), chunks = (bank.n + rows - 1) / rows;
    const auto mean = hwy::AllocateAligned<float>(padded);
    const auto queries = hwy::AllocateAligned<float>(group_size * padded);
    std::fill_n(mean.get(), padded, 0.0f);
    for (std::size_t k = 0; k < d; ++k)
        mean[k] = static_cast<float>(bank.mean[k]);

    std::vector<Neighbour> out;
    std::vector<hwy::AlignedFreeUniquePtr<float[]>> scratch(static_cast<std::size_t>(context.threads()));
    for (std::size_t start = 0; start < memories.size(); start += group_size) {
        context.progress(static_cast<double>(start), static_cast<double>(memories.size()), "separation");
        const auto group = memories.subspan(start, std::min(group_size, memories.size() - start));
        std::fill_n(queries.get(), group.size() * padded, 0.0f);
        for (std::size_t s = 0; s < group.size(); ++s)
            for (std::size_t k = 0; k < d; ++k)
                queries[s * padded + k] = bank.keys[group[s] * d + k] - mean[k];
        std::vector<Neighbour> found(chunks * group.size(), nobody);
        context.parallel_for(chunks, [&](std::size_t chunk, int thread) {
            auto& own = scratch[static_cast<std::size_t>(thread)];
            if (!own)
                own = hwy::AllocateAligned<float>(chunk_scratch_floats(group_size, padded));
            ChunkInput input;
            input.first = chunk * rows;
            input.count = std::min(rows, bank.n - input.first);
            input.rows = bank.keys + input.first * d;
            input.d = d;
            input.padded = padded;
            input.states = group.size();
            input.mean = mean.get();
            input.queries = queries.get();
            nearest_chunk(input, group.data(), &found[chunk * group.size()], own.get());
        });
        for (std::size_t s = 0; s < group.size(); ++s) {
            Neighbour best = nobody;
            for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
                const Neighbour& part = found[chunk * group.size() + s];
                if (part.own != 0)
                    best.own = part.own;
                if (part.nearest <= best.nearest)
                    continue;
                best.nearest = part.nearest;
                best.index = part.index;
            }
            out.push_back(best);
        }
    }
    return out;
}

std::vector<Neighbour> nearest_neighbours_reference(const KeyBank& bank, std::span<const std::uint32_t> memories) {
    const auto product = [&](std::size_t i, std::size_t j) {
        double sum = 0;
        for (std::size_t k = 0; k < bank.d; ++k)
            sum += (bank.keys[i * bank.d + k] - bank.mean[k]) * (bank.keys[j * bank.d + k] - bank.mean[k]);
        return sum;
    };
    std::vector<Neighbour> out;
    for (const std::uint32_t memory : memories) {
        double best = -std::numeric_limits<double>::infinity();
        Neighbour neighbour;
        for (std::uint32_t j = 0; j < bank.n; ++j) {
            const double value = product(memory, j);
            if (j == memory) {
                neighbour.own = static_cast<float>(value);
            } else if (value > best) {
                best = value;
                neighbour.index = j;
            }
        }
        neighbour.nearest = static_cast<float>(best);
        out.push_back(neighbour);
    }
    return out;
}

} // namespace attnscope::kernels
