// The one place every forward pass goes through to attend, so that whoever wants to look at attention or change it has
// one place to stand. A model knows no observer; an observer knows no model.
#pragma once

#include <ATen/core/Tensor.h>

namespace attnscope::models {

/// What a layer brings to the attention point. All tensors are float32 and may be strided views.
struct AttentionPoint {
    int layer = 0;
    at::Tensor queries; ///< (texts, heads, T, head_dim)
    at::Tensor keys;    ///< (texts, heads, S, head_dim)
    at::Tensor values;  ///< (texts, heads, S, head_dim)
    at::Tensor mask;    ///< bool, broadcast to (texts, heads, T, S), true where a query may look; undefined: everywhere
    double scale = 1;   ///< of the scores, 1/√head_dim
};

/// Stands at the attention point of every layer. Whatever is not overridden leaves the model as it is.
class AttentionObserver {
public:
    virtual ~AttentionObserver() = default;
    /// Multiplies the scores: the gain, 1 in the model as it was trained.
    virtual double score_factor(const AttentionPoint&) { return 1; }
    /// A context (texts, heads, T, head_dim) to take instead of softmax attention; undefined to attend as usual.
    virtual at::Tensor replacement(const AttentionPoint&) { return {}; }
    /// Sees the probabilities (texts, heads, T, S) after masking; not called for a replaced context.
    virtual void observe(const AttentionPoint&, const at::Tensor& /*probabilities*/) {}
};

/// softmax(factor · scale · q kᵀ, masked) v as (texts, heads, T, head_dim). A query that may look nowhere gets zeros.
/// `observer` may be null.
at::Tensor attend(const AttentionPoint& point, AttentionObserver* observer);

} // namespace attnscope::models
