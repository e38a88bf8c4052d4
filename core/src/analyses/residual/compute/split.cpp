#include "analyses/residual/compute/split.h"

#include "models/fixed_product.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <numeric>

namespace attnscope::compute {

using models::AttentionPoint;
using models::AttentionTile;

void largest_weights(const float* weights, std::int64_t begin, std::int64_t end, int count,
                     std::vector<std::int64_t>& found) {
    if (count == 1) {
        std::int64_t best = begin;
        for (std::int64_t j = begin + 1; j < end; ++j)
            if (weights[j] > weights[best]) best = j;
        found.assign(1, best);
        return;
    }
    found.resize(static_cast<std::size_t>(end - begin));
    std::iota(found.begin(), found.end(), begin);
    const std::ptrdiff_t kept = std::min<std::ptrdiff_t>(count, end - begin);
    std::partial_sort(found.begin(), found.begin() + kept, found.end(), [&](std::int64_t a, std::int64_t b) {
        return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
    });
    found.resize(static_cast<std::size_t>(kept));
}

std::int64_t first_leader(const AttentionPoint& point, std::int64_t t, const SplitOptions& options) {
    const std::int64_t first = point.first_key(t);
    return options.exclude_sink && first == 0 && point.end_key(t) > 1 ? 1 : first;
}

std::vector<std::int64_t> rows_with_residual(const AttentionPoint& point, const SplitOptions& options,
                                             bool normalized) {
    std::vector<std::int64_t> rows;
    for (std::int64_t t = 0; t < point.rows(); ++t) {
        const std::int64_t first = first_leader(point, t, options);
        const bool sink_is_left = first > point.first_key(t);
        if (point.end_key(t) - first > options.top_k || (sink_is_left && !normalized)) rows.push_back(t);
    }
    return rows;
}

namespace {

/// Splits every tile of a layer as it comes by.
class Splitter final : public models::AttentionObserver {
public:
    Splitter(const AttentionPoint& point, const SplitOptions& options, JobContext& context)
        : options_(options), context_(context), values_(point.values.to(at::kFloat).contiguous()) {
        const auto result = [&](std::int64_t width) {
            return at::empty({point.texts(), point.heads(), point.rows(), width}, values_.options());
        };
        split_.leading = result(values_.size(3));
        if (options_.with_tail) {
            split_.tail = result(values_.size(3));
            split_.tail_weight = result(1);
        }
    }

    void observe(const AttentionPoint& point, const AttentionTile& tile) override {
        at::Tensor rest = options_.with_tail ? tile.probabilities.clone() : at::Tensor();
        if (tile.probabilities.is_cpu())
            split_on_cpu(point, tile, rest);
        else
            split_on_device(point, tile, rest);
        if (!options_.with_tail) return;
        part(split_.tail, tile).copy_(over_values(point, tile, rest));
        part(split_.tail_weight, tile).copy_(rest.sum(-1, true));
    }

    AttentionSplit take() { return std::move(split_); }

private:
    static at::Tensor part(const at::Tensor& whole, const AttentionTile& tile) {
        return whole.narrow(1, tile.first_head, tile.probabilities.size(1))
            .narrow(2, tile.first_row, tile.probabilities.size(2));
    }

    /// weights (texts, H, R, C) of a tile's keys, times their values: (texts, H, R, value_dim).
    at::Tensor over_values(const AttentionPoint& point, const AttentionTile& tile, const at::Tensor& weights) const {
        const std::int64_t texts = weights.size(0), heads = weights.size(1), rows = weights.size(2),
                           columns = weights.size(3), group = point.heads() / point.key_value_heads();
        const at::Tensor values =
            values_.narrow(1, tile.first_head / group, heads / group).narrow(2, tile.first_key, columns);
        return models::multiply_by_head(weights.reshape({texts, heads / group, group * rows, columns}), values,
                                        context_)
            .view({texts, heads, rows, values_.size(3)});
    }

    void split_on_cpu(const AttentionPoint& point, const AttentionTile& tile, const at::Tensor& rest) {
        const at::Tensor& weights = tile.probabilities;
        ATTNSCOPE_ASSERT(weights.is_contiguous());
        const std::int64_t heads = weights.size(1), rows = weights.size(2), columns = weights.size(3);
        const std::int64_t group = point.heads() / point.key_value_heads(), width = values_.size(3);
        const float* const all_weights = weights.const_data_ptr<float>();
        const float* const all_values = values_.const_data_ptr<float>();
        float* const all_rest = rest.defined() ? rest.mutable_data_ptr<float>() : nullptr;
        float* const leading = split_.leading.mutable_data_ptr<float>();
        const auto one_head = [&](std::size_t task, int) {
            const auto index = static_cast<std::int64_t>(task); // of text and head in the tile
            const std::int64_t text = index / heads, head = tile.first_head + index % heads;
            const float* const values =
                all_values +
                ((text * point.key_value_heads() + head / group) * point.keys.size(2) + tile.first_key) * width;
            std::vector<std::int64_t> chosen;
            for (std::int64_t r = 0; r < rows; ++r) {
                const std::int64_t t = tile.first_row + r;
                const float* const row = all_weights + (index * rows + r) * columns;
                const std::int64_t begin = first_leader(point, t, options_) - tile.first_key;
                largest_weights(row, begin, point.end_key(t) - tile.first_key, options_.top_k, chosen);
                float* const to = leading + ((text * point.heads() + head) * point.rows() + t) * width;
                mix(row, chosen, values, width, to);
                if (all_rest)
                    for (const std::int64_t j : chosen) all_rest[(index * rows + r) * columns + j] = 0;
            }
        };
        context_.parallel_for(static_cast<std::size_t>(weights.size(0) * heads), one_head);
    }

    /// Mean of the chosen values by their weights.
    static void mix(const float* weights, const std::vector<std::int64_t>& chosen, const float* values,
                    std::int64_t width, float* to) {
        if (chosen.size() == 1) {
            std::copy_n(values + chosen.front() * width, width, to);
            return;
        }
        double total = 0;
        for (const std::int64_t j : chosen) total += weights[j];
        std::fill_n(to, width, 0.0f);
        for (const std::int64_t j : chosen) {
            const double share = total > 0 ? weights[j] / total : 1 / static_cast<double>(chosen.size());
            for (std::int64_t k = 0; k < width; ++k) to[k] += static_cast<float>(share) * values[j * width + k];
        }
    }

    /// The same by ATen's operations.
    void split_on_device(const AttentionPoint& point, const AttentionTile& tile, at::Tensor& rest) {
        const at::Tensor& weights = tile.probabilities;
        const std::int64_t columns = weights.size(3);
        const auto options = weights.options().dtype(at::kLong);
        const at::Tensor row = at::arange(tile.first_row, tile.first_row + weights.size(2), options).unsqueeze(1);
        const at::Tensor key = at::arange(tile.first_key, tile.first_key + columns, options);
        at::Tensor barred = at::zeros_like(key).unsqueeze(0).expand({weights.size(2), columns}).to(at::kBool);
        if (point.causal) barred = key.gt(row);
        if (point.causal && point.window > 0) barred = barred.logical_or(key.le(row.sub(point.window)));
        if (options_.exclude_sink)
            barred = barred.logical_or(key.eq(0).logical_and(point.causal ? row.gt(0) : row.ge(0)));
        const std::int64_t count = std::min<std::int64_t>(options_.top_k, columns);
        const auto [largest, chosen] = weights.masked_fill(barred, -1).topk(count, -1);
        const at::Tensor there = largest.ge(0), kept = largest.clamp_min(0);
        const at::Tensor total = kept.sum(-1, true);
        const at::Tensor equal = there.to(at::kFloat).div(there.sum(-1, true).clamp_min(1));
        const at::Tensor one = at::full_like(equal, 1).mul(there);
        const at::Tensor shares = count == 1 ? one : at::where(total.gt(0), kept.div(total.clamp_min(1e-30)), equal);
        const at::Tensor mixed = at::zeros_like(weights).scatter(-1, chosen, shares);
        part(split_.leading, tile).copy_(over_values(point, tile, mixed));
        if (rest.defined()) rest = rest.scatter(-1, chosen, 0);
    }

    SplitOptions options_;
    JobContext& context_;
    at::Tensor values_; // (texts, key_value_heads, T, value_dim)
    AttentionSplit split_;
};

} // namespace

AttentionSplit split_attention(const AttentionPoint& point, const SplitOptions& options, JobContext& context) {
    Splitter splitter(point, options, context);
    at::Tensor attended = models::attend_in_tiles(point, 1.0, &splitter, context);
    AttentionSplit split = splitter.take();
    split.context = std::move(attended);
    return split;
}

} // namespace attnscope::compute
