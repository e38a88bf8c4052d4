// The one place every forward pass goes through to attend, so that whoever wants to look at attention or change it has
// one place to stand. A model knows no observer; an observer knows no model.
//
// Probabilities are made in *tiles*: a few rows of all heads, or of some where rows are long. Nothing of the size
// heads × T × T is ever held.
#pragma once

#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace attnscope::models {

/// What a layer brings to the attention point. All tensors have the type of the forward pass (float32 or bfloat16) and
/// may be strided views. Head h attends with key-value head ⌊h · key_value_heads / heads⌋.
struct AttentionPoint {
    int layer = 0;
    at::Tensor queries;      ///< (texts, heads, T, head_dim)
    at::Tensor keys;         ///< (texts, key_value_heads, S, head_dim)
    at::Tensor values;       ///< (texts, key_value_heads, S, value_dim)
    double scale = 1;        ///< of the scores at gain 1, 1/√head_dim
    bool causal = false;     ///< query t sees keys 0 … t; then S = T
    std::int64_t window = 0; ///< of a causal layer: keys a query sees at most, itself included; 0 = all before it

    std::int64_t texts() const { return queries.size(0); }
    std::int64_t heads() const { return queries.size(1); }
    std::int64_t rows() const { return queries.size(2); }
    std::int64_t key_value_heads() const { return keys.size(1); }
    /// Half-open range of keys that row t sees.
    std::int64_t first_key(std::int64_t t) const { return causal && window > 0 && t + 1 > window ? t + 1 - window : 0; }
    std::int64_t end_key(std::int64_t t) const { return causal ? t + 1 : keys.size(2); }
};

/// Rows first_row … first_row + R of heads first_head … first_head + H, of every text. The memory is used again for the
/// next tile.
struct AttentionTile {
    std::int64_t first_head = 0, first_row = 0;
    std::int64_t first_key = 0; ///< key of column 0
    at::Tensor probabilities;   ///< (texts, H, R, C) float32, rows sum to 1, 0 where a query may not look
    at::Tensor entropy;         ///< (texts, H, R) float32, nats
    at::Tensor max_weight;      ///< (texts, H, R) float32
};

/// Stands at the attention point of every layer, and beside the residual stream. Whatever is not overridden leaves the
/// model as it is.
class AttentionObserver {
public:
    virtual ~AttentionObserver() = default;
    /// A context (texts, heads, T, value_dim) that is known before the layer runs; undefined to run it. The layer's
    /// queries, keys and values are then not computed, and nothing below is asked at its point.
    virtual at::Tensor known_context(int /*layer*/) { return {}; }
    /// Sees queries, keys and values as they meet in the scores: after norms and rotary positions.
    virtual void observe_inputs(const AttentionPoint&) {}
    /// Multiplies the scores: the gain, 1 in the model as it was trained; ≥ 0. Infinity is top-1: all weight on the
    /// largest score, shared between equals.
    virtual double score_factor(const AttentionPoint&) { return 1; }
    /// A context (texts, heads, T, value_dim) to take instead of softmax attention; undefined to attend as usual.
    virtual at::Tensor replacement(const AttentionPoint&) { return {}; }
    /// Whether observe() is to be called for this point.
    virtual bool wants_probabilities(const AttentionPoint&) { return false; }
    /// Every tile of a point once: heads in blocks, and within a block rows in order. Not called for a replaced
    /// context.
    virtual void observe(const AttentionPoint&, const AttentionTile&) {}
    /// Sees the residual stream (texts, T, hidden) behind a layer, −1 for what enters layer 0. The pass may write into
    /// it afterwards.
    virtual void observe_residual(int /*layer*/, const at::Tensor& /*hidden*/) {}
};

/// softmax(factor · scale · q kᵀ, masked) v as (texts, heads, T, value_dim), a view whose heads of a token lie side by
/// side. A checkpoint before every tile. `observer` may be null.
at::Tensor attend(const AttentionPoint& point, AttentionObserver* observer, JobContext& context);

/// The same by tiles, whether or not somebody looks: `watcher` sees them all, or is null.
at::Tensor attend_in_tiles(const AttentionPoint& point, double factor, AttentionObserver* watcher, JobContext& context);

/// Bytes that attend() holds at once for a point of these sizes: tiles, and on the CPU the keys and values laid out for
/// their products.
std::uint64_t attention_tile_bytes(std::int64_t texts, std::int64_t heads, std::int64_t key_value_heads,
                                   std::int64_t rows, std::int64_t keys, std::int64_t head_dim);

} // namespace attnscope::models
