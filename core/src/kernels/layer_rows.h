// What a decoder's layer does between its products, one row at a time, in float32. Rows need no alignment.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

/// result = weight · row / √(mean of row² + epsilon), `width` numbers each; `result` may be `row`.
/// Zhang and Sennrich 2019, Root Mean Square Layer Normalization.
void rms_norm_row(const float* row, const float* weight, std::size_t width, double epsilon, float* result);

/// Where the two numbers of a pair are.
enum class PairLayout {
    halves,     ///< row[i] and row[pairs + i]
    neighbours, ///< row[2i] and row[2i + 1]
};
/// Turns pairs of a row by their angles in place. Su et al. 2021, RoFormer.
void rotate_row(float* row, const float* cosines, const float* sines, std::size_t pairs, PairLayout layout);

/// values = silu(values) · by with silu(x) = x / (1 + e^−x). Shazeer 2020, GLU Variants Improve Transformer.
void silu_gate(float* values, const float* by, std::size_t count);

/// The same in float64, plain loops; for tests.
void rms_norm_row_reference(const float* row, const float* weight, std::size_t width, double epsilon, double* result);
void rotate_row_reference(double* row, const float* cosines, const float* sines, std::size_t pairs, PairLayout layout);
void silu_gate_reference(double* values, const float* by, std::size_t count);

} // namespace attnscope::kernels
