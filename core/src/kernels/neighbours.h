// For chosen memories, the other memory with the largest dot product: what separation is made of.
//
// float32 products choose the candidates, with a bound on their error; a candidate's ⟨m_i, m_i − m_j⟩ is then summed in
// float64 from the difference of the rows, so that nearly equal memories lose no digits and copies give exactly 0.
#pragma once

#include "kernels/retrieval_pass.h"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace attnscope::kernels {

struct Neighbour {
    double gap = std::numeric_limits<double>::infinity(); ///< min over j ≠ i of ⟨m_i, m_i − m_j⟩
    std::uint32_t index = 0;                              ///< that j, the lowest of equals
};
/// Products of the rows less `bank.mean`; for raw products the mean is zero and `max_centered_norm` the longest row's.
/// n ≥ 2. Progress under the stage "separation".
std::vector<Neighbour> nearest_neighbours(const KeyBank& bank, std::span<const std::uint32_t> memories,
                                          JobContext& context);
/// The same in float64 throughout; for tests.
std::vector<Neighbour> nearest_neighbours_reference(const KeyBank& bank, std::span<const std::uint32_t> memories);

/// ⟨centered, own − other⟩ in float64, d terms.
double exact_gap(const double* centered, const float* own, const float* other, std::size_t d) noexcept;

/// What a chunk has found so far for one memory.
struct NearestSoFar {
    float product = -std::numeric_limits<float>::max(); ///< largest float32 product
    Neighbour neighbour;
};
/// Chunk of `count` rows from `first`; best (states) is updated. `memories` are the rows the queries are, exact_queries
/// those rows centred in float64, and slack bounds the error of their float32 products, up to a constant a state.
void nearest_chunk(const ChunkInput& input, const std::uint32_t* memories, NearestSoFar* best, float* scratch);

} // namespace attnscope::kernels
