// For chosen memories, the other memory with the largest dot product: what separation is made of.
#pragma once

#include "kernels/retrieval_pass.h"

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::kernels {

struct Neighbour {
    float own = 0;           ///< ⟨m_i, m_i⟩
    float nearest = 0;       ///< max over j ≠ i of ⟨m_i, m_j⟩
    std::uint32_t index = 0; ///< that j, the lowest of equals
};
/// Products of the rows less `bank.mean` (zeros for raw products). n ≥ 2. Progress under the stage "separation".
std::vector<Neighbour> nearest_neighbours(const KeyBank& bank, std::span<const std::uint32_t> memories,
                                          JobContext& context);
/// The same in float64 throughout; for tests.
std::vector<Neighbour> nearest_neighbours_reference(const KeyBank& bank, std::span<const std::uint32_t> memories);

/// Chunk of `count` rows from `first`; best (states) is updated. `memories` are the rows the queries are.
void nearest_chunk(const ChunkInput& input, const std::uint32_t* memories, Neighbour* best, float* scratch);

} // namespace attnscope::kernels
