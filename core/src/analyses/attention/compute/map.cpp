// Part of a head's map of weights, reduced to the cells there is room for.
#include "analyses/attention/compute/entry_points.h"
#include "analyses/attention/compute/head.h"

#include <algorithm>
#include <limits>

namespace attnscope::compute {

namespace {

using attention::Map;
using attention::MapRequest;
using kernels::HeadRow;

/// Where cell i of `cells` begins when they cover [begin, end).
std::int64_t cell_begin(std::int64_t begin, std::int64_t end, int cells, int i) {
    return begin + (end - begin) * i / cells;
}

void settle_range(std::int64_t& begin, std::int64_t& end, std::int64_t tokens, const char* name) {
    if (begin == 0 && end == 0) end = tokens;
    if (begin < 0 || end > tokens || begin >= end)
        throw Error(ErrorKind::usage, name, "a range within 0 to " + std::to_string(tokens),
                    std::to_string(begin) + " to " + std::to_string(end));
}

Map empty_map(const MapRequest& request) {
    Map map;
    map.row_begin = request.row_begin;
    map.row_end = request.row_end;
    map.column_begin = request.column_begin;
    map.column_end = request.column_end;
    settle_range(map.row_begin, map.row_end, request.capture->tokens, "rows of the map");
    settle_range(map.column_begin, map.column_end, request.capture->tokens, "columns of the map");
    if (request.max_rows < 1 || request.max_columns < 1)
        throw Error(ErrorKind::usage, "cells of the map", "at least one a side", "none");
    const auto cells = [](std::int64_t covered, int most) {
        return static_cast<int>(std::min<std::int64_t>(covered, most));
    };
    map.rows = cells(map.row_end - map.row_begin, request.max_rows);
    map.columns = cells(map.column_end - map.column_begin, request.max_columns);
    map.reduced = map.rows < map.row_end - map.row_begin || map.columns < map.column_end - map.column_begin;
    map.weights.assign(static_cast<std::size_t>(map.rows) * static_cast<std::size_t>(map.columns),
                       std::numeric_limits<float>::quiet_NaN());
    return map;
}

/// Raises the cells of a row to the weights that it has in them.
class CellRow {
public:
    explicit CellRow(const Map& map) {
        for (int i = 0; i <= map.columns; ++i)
            begins_.push_back(cell_begin(map.column_begin, map.column_end, map.columns, i));
    }

    /// `weights` of the keys first … end − 1; `visible` is the first key that may be shown.
    void raise(const float* weights, std::int64_t first, std::int64_t end, std::int64_t visible, float* cells) const {
        const std::int64_t from = std::max({first, visible, begins_.front()}), to = std::min(end, begins_.back());
        if (from >= to) return;
        auto cell =
            static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), from) - begins_.begin()) - 1;
        for (std::int64_t key = from; key < to; ++cell) {
            const std::int64_t stop = std::min(begins_[cell + 1], to);
            float largest = weights[key - first];
            for (++key; key < stop; ++key) largest = std::max(largest, weights[key - first]);
            // Not a number yet: nothing was seen in this cell.
            cells[cell] = cells[cell] >= largest ? cells[cell] : largest;
        }
    }

private:
    std::vector<std::int64_t> begins_;
};

} // namespace

attention::Map head_map(const MapRequest& request, JobContext& context) {
    check_head(request.capture, request.head);
    check_gain(request.gain);
    Map map = empty_map(request);
    const Head head(*request.capture, request.head);
    const CellRow cell_row(map);
    // A softmax over all keys but the first is what is left of a row, scaled to sum 1.
    const std::int64_t visible = request.without_sink ? 1 : 0, first_key = request.renormalize ? visible : 0;

    // A task is some rows of cells, so that no two threads write one; enough of them to fill a block of rows.
    const double rows_per_cell = static_cast<double>(map.row_end - map.row_begin) / map.rows;
    const int cells_per_task = std::max(1, static_cast<int>(static_cast<double>(head.block_rows()) / rows_per_cell));
    const int tasks = (map.rows + cells_per_task - 1) / cells_per_task;
    std::vector<Head::Scratch> scratch(static_cast<std::size_t>(context.threads()));
    context.parallel_for(static_cast<std::size_t>(tasks), [&](std::size_t task, int thread) {
        int cell = static_cast<int>(task) * cells_per_task;
        const int end_cell = std::min(map.rows, cell + cells_per_task);
        const auto begin_of = [&](int i) { return cell_begin(map.row_begin, map.row_end, map.rows, i); };
        const auto tokens = token_range(begin_of(cell), begin_of(end_cell));
        for (std::size_t first = 0; first < tokens.size(); first += head.block_rows()) {
            context.checkpoint();
            const std::size_t count = std::min(head.block_rows(), tokens.size() - first);
            const auto rows = head.compute(std::span(tokens).subspan(first, count), request.gain,
                                           scratch[static_cast<std::size_t>(thread)], first_key);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                while (cell + 1 < end_cell && begin_of(cell + 1) <= tokens[first + i]) ++cell;
                const HeadRow& row = rows[i];
                if (row.begin == row.end) continue;
                kernels::attention_row(row.scores, row.keys(), head.factor(request.gain));
                cell_row.raise(
                    row.scores, static_cast<std::int64_t>(row.begin), static_cast<std::int64_t>(row.end), visible,
                    map.weights.data() + static_cast<std::size_t>(cell) * static_cast<std::size_t>(map.columns));
            }
        }
    });
    return map;
}

} // namespace attnscope::compute
