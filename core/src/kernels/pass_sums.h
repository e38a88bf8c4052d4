// What stands before and after the sums of a pass: the probes laid out for the kernels, and sums merged into results.
#pragma once

#include "kernels/retrieval_pass.h"

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::kernels {

/// What the chunks of one pass read, laid out for them.
struct Prepared {
    std::size_t padded, states;
    hwy::AlignedFreeUniquePtr<float[]> mean, queries;
    std::vector<double> exact_queries, shifts, slack;
    std::vector<Regime> regimes;
    std::vector<float*> logits;
    std::vector<std::uint8_t> update;
};

Prepared prepare(const KeyBank& bank, std::span<const Probe> probes);

/// Merges the chunks of one state into its result: `sums` and `updates` point to the state's entry of the first chunk,
/// the others follow at a distance of all states.
PassResult merge(const KeyBank& bank, const Probe& probe, const Prepared& prepared, std::size_t state,
                 const ChunkSums* sums, const double* updates, std::size_t chunks);

} // namespace attnscope::kernels
