// Directions of residuals: their second moments in float64, the eigenvectors of these, and how many there are.
#pragma once

#include <attnscope/job.h>
#include <attnscope/residual.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::compute {

/// Sums over the residuals of a layer's heads, on the device they come from: on the CPU in one order, whatever the
/// number of threads.
class ResidualMoments {
public:
    /// Of the rows to sample, at most `most_samples` of `expected_samples` are kept, evenly apart; 0: none.
    ResidualMoments(std::int64_t expected_samples, std::int64_t most_samples);
    /// rows (heads, N, head_dim) float32; `sampled` are those of the N to sample from, increasing. A checkpoint before
    /// some thousand rows of a head.
    void add(const at::Tensor& rows, std::span<const std::int64_t> sampled, JobContext& context);

    std::int64_t rows() const noexcept { return rows_; }
    /// The first head whose sums are not finite, as they are once one of its rows is not; −1: none. Of float32 rows
    /// that are finite the sums are.
    std::int64_t head_without_finite_sums() const;
    /// (heads, head_dim, head_dim) float64 on the CPU: Σ ε εᵀ / rows, about the mean if asked.
    at::Tensor matrix(bool centred) const;
    at::Tensor samples() const; ///< (heads, N, head_dim) float32 on the CPU

private:
    void add_on_cpu(const at::Tensor& rows, JobContext& context);

    std::int64_t rows_ = 0, stride_ = 0, sampled_ = 0;
    at::Tensor second_, first_;
    std::vector<at::Tensor> samples_;
};

/// Of all heads of a layer: Q_r = (first r columns of encoder) (first r columns of decoder)ᵀ maps a row ε to its part
/// in r directions, and all of them give ε back.
struct LayerBasis {
    at::Tensor encoder, decoder; ///< (heads, head_dim, head_dim) float32; equal unless weighted by the output
    std::vector<residual::HeadSpectrum> spectra; ///< of every head; layer not set
};

/// `output` (hidden, heads · head_dim) float32 on the CPU, what weighs directions; undefined: nothing does. A
/// checkpoint before every head.
LayerBasis fit_basis(const ResidualMoments& moments, bool centred, const at::Tensor& output, JobContext& context);

/// Eigenvectors of a symmetric matrix (d, d) float64 in columns, and its eigenvalues (d), both largest first; values
/// not below 0.
struct Directions {
    at::Tensor values, vectors;
};
Directions leading_directions(const at::Tensor& matrix);

struct IntrinsicDimension {
    double value;            ///< NaN with fewer than 20 points
    std::int64_t points = 0; ///< that differ
};
/// Of points (N, d), equal ones counted once: the slope of −ln(1 − F(μ)) over ln μ, μ the ratio of the distances to the
/// second and the first neighbour, of the nine tenths with the smallest μ. Source: Facco, d'Errico, Rodriguez, Laio
/// 2017, "Estimating the intrinsic dimension of datasets by a minimal neighborhood information".
IntrinsicDimension two_nn_dimension(const float* points, std::int64_t count, std::int64_t width, JobContext& context);

} // namespace attnscope::compute
