// Activation functions by LibTorch on the CPU, in pieces of fixed length on its threads. LibTorch computes the last few
// numbers of a call by other instructions than the rest, which can differ in the last bit, so every piece is a whole
// number of vectors and what is left over is padded: a number comes out the same wherever it lies and however many
// threads there are.
#pragma once

#include <attnscope/model.h>

#include <ATen/core/Tensor.h>

namespace attnscope::models {

/// In place, of a contiguous tensor; on any device. Has no gradient.
void activate_in_place(const at::Tensor& values, Activation activation);

/// activation(values), whose gradient can be asked for by autograd; on any device.
at::Tensor differentiable_activation(const at::Tensor& values, Activation activation);

} // namespace attnscope::models
