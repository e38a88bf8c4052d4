// Products by LibTorch on the CPU, cut into blocks that depend on the sizes alone. Each block is made by one thread, so
// a product has the same bits however many threads there are; LibTorch itself cuts by their number.
#pragma once

#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

namespace attnscope::models {

/// out (N, m) = rows (N, k) · matrix (k, m) + bias (m), which may be undefined; of one type, in any strides but `out`,
/// whose rows lie in one piece each. Nothing is thrown when the job is not wanted any more: blocks are left undone
/// then.
void multiply_in_blocks(const at::Tensor& out, const at::Tensor& rows, const at::Tensor& matrix, const at::Tensor& bias,
                        const JobContext& context);

/// left (texts, heads, N, k) · right (heads, k, m) or (texts, heads, k, m): (texts, heads, N, m), of one type.
/// Elsewhere than on the CPU by LibTorch at once. Throws Cancelled.
at::Tensor multiply_by_head(const at::Tensor& left, const at::Tensor& right, const JobContext& context);

} // namespace attnscope::models
