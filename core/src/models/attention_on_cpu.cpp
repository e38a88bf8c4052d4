#include "models/attention_tiles.h"

#include "kernels/attention_rows.h"
#include "kernels/packed_matrix.h"
#include "models/parallel_parts.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

namespace attnscope::models {
namespace {

using kernels::PackedMatrix;

std::size_t size(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

/// (texts, heads, T, width) in float32, the numbers of a head side by side.
at::Tensor side_by_side(const at::Tensor& heads) {
    const at::Tensor plain = heads.to(at::kFloat);
    return plain.stride(3) == 1 ? plain : plain.contiguous();
}

/// Where the numbers of a head begin, and how far its rows are apart.
struct HeadRows {
    float* begin;
    std::size_t stride;
    HeadRows(const at::Tensor& heads, std::int64_t text, std::int64_t head)
        : begin(static_cast<float*>(heads.data_ptr()) + text * heads.stride(0) + head * heads.stride(1)),
          stride(size(heads.stride(2))) {}
    float* row(std::int64_t index) const { return begin + size(index) * stride; }
};

/// Keys and values of a key-value head, laid out for products.
struct PackedHead {
    PackedMatrix keys, values;
    PackedHead(std::int64_t key_dim, std::int64_t value_dim, std::int64_t count)
        : keys(size(count), size(key_dim)), values(size(value_dim), size(count)) {}
    void pack(const HeadRows& key_rows, const HeadRows& value_rows) {
        keys.pack(key_rows.begin, PackedMatrix::Order::rows, 0, keys.panels(), key_rows.stride);
        values.pack(value_rows.begin, PackedMatrix::Order::columns, 0, values.panels(), value_rows.stride);
    }
};

/// Rows of a tile that one thread takes at once: few, so that those with few keys in sight are not multiplied by all.
constexpr std::int64_t rows_per_part = 48;

/// One tile: rows first_row … first_row + rows of some heads of every text.
class CpuTile {
public:
    CpuTile(const AttentionPoint& point, const at::Tensor& queries, const std::vector<PackedHead>& packed,
            std::int64_t first_head, std::int64_t packed_heads, std::int64_t first_row, std::int64_t rows)
        : point_(point), queries_(queries), packed_(packed), first_head_(first_head), packed_heads_(packed_heads),
          group_(point.heads() / point.key_value_heads()), first_row_(first_row), rows_(rows),
          row_parts_((rows + rows_per_part - 1) / rows_per_part) {
        // A panel of keys is written as a whole.
        const auto width = static_cast<std::int64_t>(packed.front().keys.panel_width());
        const std::int64_t end = (point.end_key(first_row + rows - 1) + width - 1) / width * width;
        columns_ = std::min(end, point.keys.size(2));
    }

    std::int64_t heads() const { return packed_heads_ * group_; }
    std::int64_t columns() const { return columns_; }
    std::size_t parts() const { return size(point_.texts() * heads() * row_parts_); }

    /// Scores of the rows of a part, made into weights. weights (texts, heads, rows, columns); entropy and max_weight
    /// (texts, heads, rows).
    void weigh(std::size_t part, double factor, float* weights, float* entropy, float* max_weight) const {
        const Rows rows = rows_of(part);
        const HeadRows query(queries_, rows.text, first_head_ * group_ + rows.head);
        const PackedMatrix& keys = packed_head(rows).keys;
        float* const first = weights + rows.index * size(columns_);
        kernels::multiply(keys, {.input = query.row(first_row_ + rows.begin),
                                 .input_stride = query.stride,
                                 .result = first,
                                 .result_stride = size(columns_),
                                 .end_row = rows.count(),
                                 .first_panel = rows.first_key / keys.panel_width(),
                                 .end_panel = (rows.end_key + keys.panel_width() - 1) / keys.panel_width()});
        for (std::size_t r = 0; r < rows.count(); ++r) {
            const std::int64_t place = first_row_ + rows.begin + static_cast<std::int64_t>(r);
            const std::int64_t begin = point_.first_key(place), end = point_.end_key(place);
            float* const row = first + r * size(columns_);
            const auto told = kernels::attention_row(row + begin, size(end - begin), factor);
            std::fill(row, row + begin, 0.0f);
            std::fill(row + end, row + columns_, 0.0f);
            entropy[rows.index + r] = told.entropy;
            max_weight[rows.index + r] = told.max_weight;
        }
    }

    /// The values of a part's rows, weighted, into (texts, all heads, T, value_dim).
    void add_values(std::size_t part, const float* weights, const at::Tensor& context) const {
        const Rows rows = rows_of(part);
        const HeadRows to(context, rows.text, first_head_ * group_ + rows.head);
        const PackedMatrix& values = packed_head(rows).values;
        kernels::multiply(values, {.input = weights + rows.index * size(columns_) + rows.first_key,
                                   .input_stride = size(columns_),
                                   .result = to.row(first_row_ + rows.begin),
                                   .result_stride = to.stride,
                                   .end_row = rows.count(),
                                   .end_panel = values.panels(),
                                   .first_input = rows.first_key,
                                   .end_input = rows.end_key});
    }

private:
    /// Rows begin … end of the tile, of one head; `head` counts within the tile.
    struct Rows {
        std::int64_t text, head, begin, end;
        std::size_t index;              ///< of the first in (texts, heads, rows)
        std::size_t first_key, end_key; ///< that any of them sees
        std::size_t count() const { return size(end - begin); }
    };

    Rows rows_of(std::size_t part) const {
        const auto whole = static_cast<std::int64_t>(part);
        const std::int64_t block = whole % row_parts_, head = whole / row_parts_ % heads(),
                           text = whole / row_parts_ / heads();
        Rows rows{.text = text,
                  .head = head,
                  .begin = rows_ * block / row_parts_,
                  .end = rows_ * (block + 1) / row_parts_,
                  .index = 0,
                  .first_key = 0,
                  .end_key = 0};
        rows.index = size((text * heads() + head) * rows_ + rows.begin);
        rows.first_key = size(point_.first_key(first_row_ + rows.begin));
        rows.end_key = size(point_.end_key(first_row_ + rows.end - 1));
        return rows;
    }

    const PackedHead& packed_head(const Rows& rows) const {
        return packed_[size(rows.text * packed_heads_ + rows.head / group_)];
    }

    const AttentionPoint& point_;
    const at::Tensor& queries_;
    const std::vector<PackedHead>& packed_;
    std::int64_t first_head_, packed_heads_, group_, first_row_, rows_, row_parts_, columns_ = 0;
};

} // namespace

at::Tensor attend_on_cpu(const AttentionPoint& point, double factor, AttentionObserver* watcher, JobContext& context) {
    const std::int64_t texts = point.texts(), heads = point.heads(), rows = point.rows(), count = point.keys.size(2);
    const std::int64_t key_value_heads = point.key_value_heads(), group = heads / key_value_heads;
    ATTNSCOPE_ASSERT(group * key_value_heads == heads && (!point.causal || rows == count));
    const at::Tensor queries = side_by_side(point.queries), keys = side_by_side(point.keys),
                     values = side_by_side(point.values);
    const TilePlan plan = plan_tiles(texts, heads, key_value_heads, rows, count);
    const at::Tensor result = empty_context(point, queries.options());
    const std::int64_t tile_rows = texts * plan.key_value_heads * group * plan.rows;
    const at::Tensor tile_memory = at::empty({tile_rows * count}, queries.options());
    const at::Tensor statistics = at::empty({2, tile_rows}, queries.options());

    for (std::int64_t first_head = 0; first_head < key_value_heads; first_head += plan.key_value_heads) {
        const std::int64_t taken_heads = std::min(plan.key_value_heads, key_value_heads - first_head);
        std::vector<PackedHead> packed;
        packed.reserve(size(texts * taken_heads));
        for (std::int64_t head = 0; head < texts * taken_heads; ++head)
            packed.emplace_back(keys.size(3), values.size(3), count);
        parallel_parts(packed.size(), context, [&](std::size_t index) {
            const auto place = static_cast<std::int64_t>(index);
            const std::int64_t text = place / taken_heads, head = first_head + place % taken_heads;
            packed[index].pack(HeadRows(keys, text, head), HeadRows(values, text, head));
        });
        for (std::int64_t first = 0; first < rows; first += plan.rows) {
            const std::int64_t taken = std::min(plan.rows, rows - first);
            const CpuTile tile(point, queries, packed, first_head, taken_heads, first, taken);
            const auto statistic = [&](std::int64_t which) {
                return statistics[which].narrow(0, 0, texts * tile.heads() * taken).view({texts, tile.heads(), taken});
            };
            const at::Tensor entropy = statistic(0), max_weight = statistic(1);
            float* const weights = tile_memory.mutable_data_ptr<float>();
            float* const entropies = entropy.mutable_data_ptr<float>();
            float* const largest = max_weight.mutable_data_ptr<float>();
            parallel_parts(tile.parts(), context, [&](std::size_t part) {
                tile.weigh(part, factor * point.scale, weights, entropies, largest);
                if (!watcher) tile.add_values(part, weights, result);
            });
            if (!watcher) continue;
            const std::int64_t first_key = point.first_key(first);
            watcher->observe(point,
                             {.first_head = first_head * group,
                              .first_row = first,
                              .first_key = first_key,
                              .probabilities = tile_memory.narrow(0, 0, texts * tile.heads() * taken * tile.columns())
                                                   .view({texts, tile.heads(), taken, tile.columns()})
                                                   .narrow(3, first_key, tile.columns() - first_key),
                              .entropy = entropy,
                              .max_weight = max_weight});
            parallel_parts(tile.parts(), context, [&](std::size_t part) { tile.add_values(part, weights, result); });
        }
    }
    return result.to(point.queries.scalar_type());
}

} // namespace attnscope::models
