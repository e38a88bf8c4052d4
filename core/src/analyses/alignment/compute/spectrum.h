// Eigenvectors and singular vectors of one head's operator, without forming it.
#pragma once

#include <attnscope/alignment.h>

#include <ATen/core/Tensor.h>

namespace attnscope::compute {

/// A factor in float64 with its own Gram matrix, which heads that share the factor share.
struct WideFactor {
    at::Tensor rows; ///< (head_dim, hidden)
    at::Tensor gram; ///< (head_dim, head_dim) rows rowsᵀ
};
WideFactor widen(const at::Tensor& rows);

struct HeadSpectrum {
    at::Tensor values;     ///< (values) float64, largest magnitude first
    at::Tensor directions; ///< (topk, hidden) float64, unit vectors whose largest component is positive
    double fro_sq = 0;     ///< ‖left rightᵀ‖²
};
/// Of g = leftᵀ right. The small problem comes from a QR of the stacked factors: the triangle is a Cholesky factor of
/// their Gram matrix where that is conditioned well enough to lose nothing that counts, else Householder's.
HeadSpectrum head_spectrum(const WideFactor& left, const WideFactor& right, alignment::Basis basis, std::int64_t topk);

} // namespace attnscope::compute
