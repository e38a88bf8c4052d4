// Volumes of simplices from the squared distances of their corners.
//
// A simplex of k + 1 rows has V² = det(G)/(k!)², G the Gram matrix of its edges from one corner, and the law of cosines
// gives G from distances alone: 2 g_ij = d_0i + d_0j − d_ij. Distances come from a table of all pairs, or are computed
// from the rows where a table would cost more than it saves. All arithmetic is in float64.
//
// det(2G) is the product of the pivots of an LDLᵀ factorisation without pivoting, which is stable for Gram matrices.
// Where a pivot is zero or rounding, so is the determinant; what does not exceed the cut is degenerate, NaN included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnscope::kernels {

inline constexpr int fewest_corners = 3, most_corners = 8;
/// A simplex is degenerate unless V² exceeds this times (mean squared edge)ᵏ/(k!)².
inline constexpr double degenerate_cut = 1e-10;

/// Squared distances of all pairs of rows: that of rows i > j at values[i(i − 1)/2 + j].
struct DistanceTable {
    std::size_t rows = 0;
    std::vector<double> values; ///< (rows·(rows − 1)/2)
};

/// Rows as float32, for simplices without a table.
struct RowView {
    const float* values = nullptr;
    std::size_t rows = 0, cols = 0, stride = 0; ///< row i begins at values + i·stride
    const float* row(std::size_t i) const { return values + i * stride; }
};

/// Σ (a_k − b_k)² in float64.
double squared_distance(const float* a, const float* b, std::size_t count);

/// V of each simplex, 0 for a degenerate one. tuples (count, corners): rows in increasing order; corners 3 to 8.
void simplex_volumes(const DistanceTable& table, const std::uint32_t* tuples, int corners, std::size_t count,
                     double* volumes);
/// The same of rows whose squared distances are multiplied by `scale`, a power of two that keeps products of
/// 2·corners − 2 of them within float64.
void simplex_volumes(const RowView& rows, double scale, const std::uint32_t* tuples, int corners, std::size_t count,
                     double* volumes);

// ------------------------------------------------------------------ references: plain loops, for tests
/// Squared volume by Gaussian elimination with row exchanges on the Gram matrix of the edges.
double squared_volume_gram(const RowView& rows, const std::uint32_t* tuple, int corners);
/// Squared volume as (−1)^(k+1) det(CM)/(2ᵏ (k!)²), CM the matrix of squared distances bordered by ones.
double squared_volume_bordered(const RowView& rows, const std::uint32_t* tuple, int corners);
/// Mean of the squared edges.
double mean_squared_edge(const RowView& rows, const std::uint32_t* tuple, int corners);

// ------------------------------------------------------------------ what the SIMD side does
inline constexpr std::size_t volume_block = 64; ///< simplices whose distances are put side by side
/// distances (pairs, volume_block): pair (i, j < i) of the corners at row i(i − 1)/2 + j. Writes volume_block volumes.
void block_volumes(const double* distances, int corners, double* volumes);

} // namespace attnscope::kernels
