// The tiles that probabilities of attention are made in, and how the CPU goes through them.
#pragma once

#include "models/attention_point.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace attnscope::models {

/// Heads and rows of a tile, of every text.
struct TilePlan {
    std::int64_t key_value_heads, rows;
};
TilePlan plan_tiles(std::int64_t texts, std::int64_t heads, std::int64_t key_value_heads, std::int64_t rows,
                    std::int64_t keys);

/// (texts, heads, T, value_dim), laid out so that the heads of a token are neighbours: what follows is a product over
/// all of them.
at::Tensor empty_context(const AttentionPoint& point, at::TensorOptions options);

/// attend_in_tiles() where the tensors lie in memory: keys and values are packed for products once a head, and the
/// scores of some rows become weights while they are in the cache.
at::Tensor attend_on_cpu(const AttentionPoint& point, double factor, AttentionObserver* watcher, JobContext& context);

} // namespace attnscope::models
