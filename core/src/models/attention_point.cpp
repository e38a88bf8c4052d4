#include "models/attention_point.h"

#include "models/attention_tiles.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::models {
namespace {

// A tile of this size stays in the cache between the products around its softmax. Fewer rows than `fewest_rows` would
// read the keys too often, so where rows are long a tile grows, up to a limit, and then takes fewer heads.
constexpr std::int64_t preferred_tile_bytes = std::int64_t{2} << 20, most_tile_bytes = std::int64_t{32} << 20;
constexpr std::int64_t fewest_rows = 64;

/// scores (batch, rows, columns) become weights; entropy and max_weight are (batch, rows).
void normalise(at::Tensor& scores, const AttentionPoint& point, const AttentionTile& tile, std::int64_t rows,
               double factor, const at::Tensor& entropy, const at::Tensor& max_weight) {
    constexpr double nothing = -std::numeric_limits<double>::infinity(), negligible_logit = -200;
    if (point.causal) {
        const auto options = scores.options().dtype(at::kLong);
        const at::Tensor last = at::arange(tile.first_row, tile.first_row + rows, options).unsqueeze(1);
        const at::Tensor key = at::arange(tile.first_key, tile.first_key + scores.size(-1), options);
        at::Tensor hidden = key.gt(last);
        if (point.window > 0) hidden.logical_or_(key.le(last.sub(point.window)));
        scores.view({scores.size(0), -1, rows, scores.size(-1)}).masked_fill_(hidden, nothing);
    }
    const at::Tensor largest = scores.amax(-1, true);
    if (factor > std::numeric_limits<float>::max()) {
        scores.copy_(scores.eq(largest));
        const at::Tensor equals = scores.sum(-1);
        scores.div_(equals.unsqueeze(-1));
        max_weight.copy_(equals.reciprocal());
        entropy.copy_(equals.log());
        return;
    }
    const at::Tensor logits = scores.sub_(largest).mul_(factor).clamp_min_(negligible_logit);
    const at::Tensor weights = logits.exp();
    const at::Tensor sum = weights.sum(-1);
    max_weight.copy_(sum.reciprocal());
    entropy.copy_(sum.log().sub_(weights.mul(logits).sum(-1).div_(sum)).clamp_min_(0));
    scores.copy_(weights.div_(sum.unsqueeze(-1)));
}

at::Tensor attend_at_once(const AttentionPoint& point, double factor) {
    return at::scaled_dot_product_attention(point.queries, point.keys, point.values, {}, 0.0, point.causal,
                                            factor * point.scale, point.heads() != point.key_value_heads());
}

/// Whether ATen's fused attention does as well: on a device, no window, a finite factor.
bool attends_at_once(const AttentionPoint& point, double factor) {
    const bool whole = point.window == 0 || point.window >= point.rows();
    return !point.queries.is_cpu() && whole && std::isfinite(factor * point.scale);
}

} // namespace

TilePlan plan_tiles(std::int64_t texts, std::int64_t heads, std::int64_t key_value_heads, std::int64_t rows,
                    std::int64_t keys) {
    const std::int64_t row_bytes = texts * (heads / key_value_heads) * keys * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t wanted = preferred_tile_bytes / (row_bytes * key_value_heads);
    TilePlan plan{key_value_heads, std::clamp(wanted, std::min(fewest_rows, rows), rows)};
    if (plan.rows * key_value_heads * row_bytes > most_tile_bytes)
        plan.key_value_heads = std::clamp<std::int64_t>(most_tile_bytes / (plan.rows * row_bytes), 1, key_value_heads);
    if (plan.rows * plan.key_value_heads * row_bytes > most_tile_bytes)
        plan.rows = std::clamp<std::int64_t>(most_tile_bytes / row_bytes, 1, plan.rows);
    return plan;
}

at::Tensor empty_context(const AttentionPoint& point, at::TensorOptions options) {
    return at::empty({point.texts(), point.rows(), point.heads(), point.values.size(-1)}, options).transpose(1, 2);
}

std::uint64_t attention_tile_bytes(std::int64_t texts, std::int64_t heads, std::int64_t key_value_heads,
                                   std::int64_t rows, std::int64_t keys, std::int64_t head_dim) {
    const TilePlan plan = plan_tiles(texts, heads, key_value_heads, rows, keys);
    const std::int64_t packed_heads = texts * plan.key_value_heads;
    // A row's weights, its entropy and its largest weight; a key and a value a place.
    const std::int64_t tile = packed_heads * (heads / key_value_heads) * plan.rows * (keys + 2);
    const std::int64_t packed = packed_heads * keys * 2 * head_dim;
    return static_cast<std::uint64_t>(tile + packed) * sizeof(float);
}

namespace {

at::Tensor attend_on_device(const AttentionPoint& point, double factor, AttentionObserver* watcher,
                            JobContext& context) {
    const std::int64_t texts = point.texts(), heads = point.heads(), rows = point.rows(),
                       head_dim = point.queries.size(3);
    const std::int64_t key_value_heads = point.key_value_heads(), group = heads / key_value_heads;
    const std::int64_t value_dim = point.values.size(3);
    ATTNSCOPE_ASSERT(group * key_value_heads == heads && (!point.causal || rows == point.keys.size(2)));
    const TilePlan plan = plan_tiles(texts, heads, key_value_heads, rows, point.keys.size(2));

    // (texts, key_value_heads, group, T, head_dim): the queries that share keys are rows of one product.
    const at::Tensor queries = point.queries.to(at::kFloat).reshape({texts, key_value_heads, group, rows, head_dim});
    const at::Tensor keys = point.keys.to(at::kFloat), values = point.values.to(at::kFloat);
    const at::Tensor result = empty_context(point, queries.options());
    const std::int64_t tile_rows = texts * plan.key_value_heads * group * plan.rows;
    const at::Tensor tile_memory = at::empty({tile_rows * point.keys.size(2)}, queries.options());
    const at::Tensor statistics = at::empty({2, tile_rows}, queries.options());

    for (std::int64_t first_head = 0; first_head < key_value_heads; first_head += plan.key_value_heads) {
        const std::int64_t count = std::min(plan.key_value_heads, key_value_heads - first_head);
        const std::int64_t batch = texts * count;
        const auto block = [&](const at::Tensor& tensor) {
            return tensor.narrow(1, first_head, count).reshape({batch, tensor.size(2), tensor.size(3)});
        };
        const at::Tensor block_keys = block(keys).transpose(1, 2), block_values = block(values);
        for (std::int64_t first = 0; first < rows; first += plan.rows) {
            context.checkpoint();
            const std::int64_t taken = std::min(plan.rows, rows - first);
            const std::int64_t first_key = point.first_key(first);
            const std::int64_t columns = point.end_key(first + taken - 1) - first_key;
            const at::Tensor tile_queries =
                queries.narrow(1, first_head, count).narrow(3, first, taken).reshape({batch, group * taken, head_dim});
            at::Tensor scores =
                tile_memory.narrow(0, 0, batch * group * taken * columns).view({batch, group * taken, columns});
            at::bmm_out(scores, tile_queries, block_keys.narrow(2, first_key, columns));

            const auto statistic = [&](std::int64_t which) {
                return statistics[which].narrow(0, 0, batch * group * taken).view({batch, group * taken});
            };
            AttentionTile tile{.first_head = first_head * group,
                               .first_row = first,
                               .first_key = first_key,
                               .probabilities = {},
                               .entropy = statistic(0),
                               .max_weight = statistic(1)};
            normalise(scores, point, tile, taken, factor * point.scale, tile.entropy, tile.max_weight);
            if (watcher) {
                tile.probabilities = scores.view({texts, count * group, taken, columns});
                tile.entropy = tile.entropy.view({texts, count * group, taken});
                tile.max_weight = tile.max_weight.view({texts, count * group, taken});
                watcher->observe(point, tile);
            }
            result.narrow(1, first_head * group, count * group)
                .narrow(2, first, taken)
                .copy_(at::bmm(scores, block_values.narrow(1, first_key, columns))
                           .view({texts, count * group, taken, value_dim}));
        }
    }
    return result.to(point.queries.scalar_type());
}

} // namespace

at::Tensor attend_in_tiles(const AttentionPoint& point, double factor, AttentionObserver* watcher,
                           JobContext& context) {
    return point.queries.is_cpu() ? attend_on_cpu(point, factor, watcher, context)
                                  : attend_on_device(point, factor, watcher, context);
}

at::Tensor attend(const AttentionPoint& point, AttentionObserver* observer, JobContext& context) {
    if (observer) {
        observer->observe_inputs(point);
        at::Tensor replaced = observer->replacement(point);
        if (replaced.defined()) return replaced;
    }
    const double factor = observer ? observer->score_factor(point) : 1.0;
    ATTNSCOPE_ASSERT(factor >= 0);
    const bool watched = observer && observer->wants_probabilities(point);
    if (!watched && attends_at_once(point, factor)) return attend_at_once(point, factor);
    return attend_in_tiles(point, factor, watched ? observer : nullptr, context);
}

} // namespace attnscope::models
