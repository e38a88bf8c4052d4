// Linear maps on the CPU in float32, by packed weights. As many threads as LibTorch takes on the calling one; the parts
// of a product are handed out one by one, with a look at each whether the job is still wanted.
#pragma once

#include "kernels/packed_matrix.h"

#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace attnscope::models {

/// Whether a product of such activations goes by packed weights.
inline bool takes_packed_weights(const at::Tensor& input) {
    return input.is_cpu() && input.scalar_type() == at::kFloat;
}

/// Packs (outputs, inputs) or, `turned`, (inputs, outputs); contiguous float32. Throws Cancelled once `stop` is
/// requested.
std::shared_ptr<const kernels::PackedMatrix> pack_matrix(const at::Tensor& matrix, bool turned,
                                                         const std::stop_token& stop = {});

/// x · Wᵀ + bias.
struct LinearMap {
    std::shared_ptr<const kernels::PackedMatrix> weights;
    at::Tensor bias; ///< (outputs), or undefined
};

/// The map of input (…, inputs) as (…, outputs). Throws Cancelled.
at::Tensor linear(const at::Tensor& input, const LinearMap& map, JobContext& context);
/// Several maps of one input; threads wait for each other once.
std::vector<at::Tensor> linears(const at::Tensor& input, std::span<const LinearMap> maps, JobContext& context);
/// The map, added to what stands in `result` (…, outputs), contiguous.
void add_linear(at::Tensor& result, const at::Tensor& input, const LinearMap& map, JobContext& context);

/// −ln softmax(rows · Wᵀ)[target] of rows (rows, inputs) and `targets` (rows), int64 on the CPU: (rows) in float64, the
/// same with any number of threads. The logits are never held. `progress` is told the share that is done, from any
/// thread. Throws Cancelled.
at::Tensor softmax_losses(const at::Tensor& rows, const kernels::PackedMatrix& weights, const at::Tensor& targets,
                          JobContext& context, const std::function<void(double share)>& progress);

} // namespace attnscope::models
