// How far each memory stands out from its nearest other: Δ_i = ⟨m_i, m_i⟩ − max_{j≠i} ⟨m_i, m_j⟩, in the keys' space.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/dynamics.h"
#include "kernels/neighbours.h"

#include <algorithm>
#include <numeric>

namespace attnscope::compute {

namespace {
constexpr std::uint64_t sample_stream = 0x5e9a; ///< of the random numbers that choose the memories
}

retrieval::Separation separation(const retrieval::SeparationRequest& request, const retrieval::Spectrum& spectrum,
                                 JobContext& context) {
    check_bank(request.bank, spectrum);
    retrieval::Separation out;
    out.total = request.bank->n;
    out.sampled = request.samples == 0 ? out.total : std::min(request.samples, out.total);
    out.exact = out.sampled == out.total;
    out.centered = request.centered;
    for (const std::size_t i : random_subset(context.seed(), sample_stream, out.total, out.sampled))
        out.index.push_back(static_cast<std::uint32_t>(i));

    kernels::KeyBank bank = key_bank(request.bank, spectrum);
    const std::vector<double> origin(bank.d, 0.0);
    if (!request.centered) {
        bank.mean = origin;
        bank.max_centered_norm = spectrum.max_raw_norm;
    }
    for (const kernels::Neighbour& neighbour : kernels::nearest_neighbours(bank, out.index, context)) {
        out.nearest.push_back(neighbour.index);
        out.delta.push_back(static_cast<float>(neighbour.gap));
    }
    std::vector<float> sorted = out.delta;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t count = sorted.size();
    out.minimum = sorted.front();
    out.median = 0.5 * (static_cast<double>(sorted[(count - 1) / 2]) + static_cast<double>(sorted[count / 2]));
    out.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(count);
    out.negative = static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), 0.0f) - sorted.begin());
    return out;
}

} // namespace attnscope::compute
