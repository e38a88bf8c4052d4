#include "kernels/neighbours.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <limits>

namespace attnscope::kernels {

namespace {
constexpr std::size_t group_size = 192; ///< memories looked up in one walk over the bank
} // namespace

double exact_gap(const double* centered, const float* own, const float* other, std::size_t d) noexcept {
    double sums[8] = {};
    std::size_t k = 0;
    const auto term = [&](std::size_t i) {
        return centered[i] * (static_cast<double>(own[i]) - static_cast<double>(other[i]));
    };
    for (; k + 8 <= d; k += 8)
        for (std::size_t j = 0; j < 8; ++j) sums[j] += term(k + j);
    for (; k < d; ++k) sums[0] += term(k);
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

std::vector<Neighbour> nearest_neighbours(const KeyBank& bank, std::span<const std::uint32_t> memories,
                                          JobContext& context) {
    const std::size_t d = bank.d, padded = padded_dimension(d);
    // A third of the pass's rows: there are more states here, and a chunk still ends within 50 ms.
    const std::size_t rows = std::min<std::size_t>(chunk_rows(bank.n), 4096), chunks = (bank.n + rows - 1) / rows;
    const auto mean = allocate_aligned<float>(padded);
    const auto queries = allocate_aligned<float>(group_size * padded);
    std::fill_n(mean.get(), padded, 0.0f);
    std::vector<double> mean_rounding(d);
    for (std::size_t k = 0; k < d; ++k) {
        mean[k] = static_cast<float>(bank.mean[k]);
        mean_rounding[k] = bank.mean[k] - static_cast<double>(mean[k]);
    }
    // Rounding of the rows less the mean and of a sum of d products in any order (Cauchy–Schwarz), and what the mean's
    // own rounding adds to products with different rows.
    const double shifted = norm(mean_rounding), longest = bank.max_centered_norm;
    const double rounding = (static_cast<double>(d) + 4) * std::numeric_limits<float>::epsilon() / 2;

    std::vector<Neighbour> out;
    std::vector<double> exact(group_size * d), slack(group_size);
    std::vector<hwy::AlignedFreeUniquePtr<float[]>> scratch(static_cast<std::size_t>(context.threads()));
    for (std::size_t start = 0; start < memories.size(); start += group_size) {
        context.progress(static_cast<double>(start), static_cast<double>(memories.size()), "separation");
        const auto group = memories.subspan(start, std::min(group_size, memories.size() - start));
        std::fill_n(queries.get(), group.size() * padded, 0.0f);
        for (std::size_t s = 0; s < group.size(); ++s) {
            for (std::size_t k = 0; k < d; ++k) {
                const float value = bank.keys[group[s] * d + k];
                queries[s * padded + k] = value - mean[k];
                exact[s * d + k] = static_cast<double>(value) - bank.mean[k];
            }
            const double length = norm(std::span(exact).subspan(s * d, d));
            slack[s] = rounding * (length + shifted) * (longest + shifted) + shifted * longest;
        }
        std::vector<NearestSoFar> found(chunks * group.size());
        context.parallel_for(chunks, [&](std::size_t chunk, int thread) {
            auto& own = scratch[static_cast<std::size_t>(thread)];
            if (!own) own = allocate_aligned<float>(chunk_scratch_floats(group_size, padded));
            ChunkInput input;
            input.first = chunk * rows;
            input.count = std::min(rows, bank.n - input.first);
            input.rows = bank.keys + input.first * d;
            input.d = d;
            input.padded = padded;
            input.states = group.size();
            input.mean = mean.get();
            input.queries = queries.get();
            input.exact_queries = exact.data();
            input.slack = slack.data();
            nearest_chunk(input, group.data(), &found[chunk * group.size()], own.get());
        });
        for (std::size_t s = 0; s < group.size(); ++s) {
            Neighbour best;
            for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
                const Neighbour& part = found[chunk * group.size() + s].neighbour;
                if (part.gap < best.gap) best = part;
            }
            out.push_back(best);
        }
    }
    return out;
}

std::vector<Neighbour> nearest_neighbours_reference(const KeyBank& bank, std::span<const std::uint32_t> memories) {
    std::vector<Neighbour> out;
    for (const std::uint32_t i : memories) {
        Neighbour neighbour;
        for (std::uint32_t j = 0; j < bank.n; ++j) {
            double gap = 0;
            for (std::size_t k = 0; k < bank.d; ++k) {
                const double own = bank.keys[i * bank.d + k], other = bank.keys[j * bank.d + k];
                gap += (own - bank.mean[k]) * (own - other);
            }
            if (j != i && gap < neighbour.gap) neighbour = {gap, j};
        }
        out.push_back(neighbour);
    }
    return out;
}

} // namespace attnscope::kernels
