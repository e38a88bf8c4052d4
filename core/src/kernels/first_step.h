// The first step of one probe at any β, without reading the bank again.
//
// With p_i = ⟨m_i − μ, q⟩ the first step's weights are softmax(β p), whatever β. Memories whose products lie within h
// of a bin's middle p_b have e^{β p_i} = e^{β p_b} Σ_k (βh)^k u_i^k / k!,  u_i = (p_i − p_b)/h in [−1, 1]. So sums over
// a bin
//   M_k = Σ u_i^k (m_i − μ)   (d)        c_k = Σ u_i^k        k = 0 … 3
// give every sum of a pass at any β to a relative (βh)⁴/24, from bins that are a few MB where the bank is hundreds.
#pragma once

#include "kernels/retrieval_pass.h"

#include <attnscope/retrieval.h>

#include <optional>

namespace attnscope::kernels {

/// One read of the bank for the products, one for the sums; every few thousand rows are a checkpoint. `largest_beta`
/// decides how fine the bins are, as far as 64 MB of sums allow.
retrieval::FirstStep first_step_table(const KeyBank& bank, std::span<const double> query, double largest_beta,
                                      JobContext& context);

/// What a pass in float64 would give for the table's query at probe.beta: weights to a relative 10⁻⁶, the entropy to
/// 10⁻⁶ of itself or of a nat where it is below one. None where the bins are too coarse for this β or logits need
/// float64. Writes probe.logits like a pass.
std::optional<PassResult> first_step_pass(const retrieval::FirstStep& table, const KeyBank& bank, const Probe& probe,
                                          JobContext& context);

} // namespace attnscope::kernels
