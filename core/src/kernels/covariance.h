// Mean, norms and covariance of a bank: what the spectrum is made of.
//
// The covariance is summed over slabs of centred rows, in float32 within 256 rows and in float64 beyond. A slab is laid
// out in panels of 48 columns; the lower block triangle of panels is multiplied, each block by one thread, so the sums
// do not depend on the thread count.
#pragma once

#include <attnscope/job.h>

#include <cstddef>
#include <span>
#include <vector>

namespace attnscope::kernels {

/// μ (d) of rows (n, d), float64. Progress under the stage "mean".
std::vector<double> column_means(const float* rows, std::size_t n, std::size_t d, JobContext& context);

struct Covariance {
    std::vector<double> matrix;                    ///< C (d, d) = Σ (m_i − μ)(m_i − μ)ᵀ / n, symmetric
    std::vector<double> raw_norms, centered_norms; ///< (n) ‖m_i‖, ‖m_i − μ‖
    std::vector<float> mean_products;              ///< (n) ⟨m_i − μ, μ⟩
    std::vector<double> centered_mean;             ///< (d) Σ (m_i − μ) / n: zero but for rounding
};
Covariance covariance(const float* rows, std::size_t n, std::size_t d, std::span<const double> mean,
                      JobContext& context);
/// The same in float64 throughout, three plain loops; for tests.
Covariance covariance_reference(const float* rows, std::size_t n, std::size_t d, std::span<const double> mean);

// ------------------------------------------------------------------ the SIMD side
inline constexpr std::size_t panel_columns = 48;

/// sums[k] += Σ rows[r][k].
void add_columns(const float* rows, std::size_t count, std::size_t d, double* sums);
/// raw[r] = ‖row‖², centered[r] = ‖row − mean‖², along[r] = ⟨row − mean, mean⟩, residual[k] += Σ (row − mean)[k].
void row_norms(const float* rows, std::size_t count, std::size_t d, const double* mean, double* raw, double* centered,
               float* along, double* residual);
/// Writes rows − mean (float32) into panels: value (r, k) at panels[(k / 48) · pitch + r · 48 + k % 48], columns beyond
/// d zero. mean (d) is μ in float32.
void centre_into_panels(const float* rows, std::size_t count, std::size_t d, const float* mean, std::size_t pitch,
                        float* panels);
/// out (48, 48) += leftᵀ right over `count` rows of two panels, 64-byte aligned.
void multiply_panels(const float* left, const float* right, std::size_t count, double* out);

} // namespace attnscope::kernels
