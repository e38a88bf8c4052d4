// The factors of operators, a layer at a time, in one form for QK and OV, all families and what benchmarks make up.
#pragma once

#include <attnscope/alignment.h>

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace attnscope::compute {

/// g_h = left[h]ᵀ right[h]; float32, contiguous.
struct LayerFactors {
    at::Tensor left, right; ///< (left_heads or right_heads, head_dim, hidden)
};

struct FactorSource {
    int layers = 0, heads = 0, head_dim = 0, hidden = 0;
    int left_heads = 0, right_heads = 0;         ///< either may be fewer than `heads`: consecutive heads share theirs
    std::function<LayerFactors(int layer)> read; ///< thread-safe
    int left_of(int head) const { return head * left_heads / heads; }
    int right_of(int head) const { return head * right_heads / heads; }
    std::size_t layer_bytes() const {
        return static_cast<std::size_t>(left_heads + right_heads) * static_cast<std::size_t>(head_dim) *
               static_cast<std::size_t>(hidden) * sizeof(float);
    }
};

/// Reads weights past what the model keeps converted, so that no more than the layers at work are held.
FactorSource factors_of(const alignment::Request& request);

/// fills gram, fro_sq, directions and spectrum of operators that have their sizes. Progress under "reading weights",
/// "spectra" and "grams".
void fill_operators(const FactorSource& source, alignment::Operators& operators, JobContext& context);

/// Σ a ⊙ b over `count` numbers in float64, in a fixed order.
double product_sum(const float* a, const float* b, std::size_t count);

} // namespace attnscope::compute
