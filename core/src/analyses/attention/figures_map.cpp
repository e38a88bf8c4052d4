// The map of a head, and which part of a long one is computed in detail.
#include "analyses/attention/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace attnscope::attention {
namespace {

/// Where the colours end: the first rows see few keys, so their weights are large in every head and would leave all
/// others dark. One weight in a hundred may lie beyond.
double colour_end(const std::vector<float>& weights) {
    std::vector<float> seen;
    for (const float weight : weights)
        if (std::isfinite(weight)) seen.push_back(weight);
    if (seen.empty()) return 1;
    const auto rank = static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(seen.size() - 1));
    std::nth_element(seen.begin(), seen.begin() + rank, seen.end());
    const double wanted = seen[static_cast<std::size_t>(rank)];
    for (double step = 1e-6; step < 1; step *= 10)
        for (const double end : {step, 2 * step, 5 * step})
            if (end >= wanted) return end;
    return 1;
}

std::string ordinal_rows(std::int64_t begin, std::int64_t end) {
    return format_count(static_cast<std::size_t>(begin)) + " … " + format_count(static_cast<std::size_t>(end - 1));
}

/// Outlines what the selected query sees.
void outline_row(Axes& axes, const Map& map, std::int64_t token) {
    if (token < map.row_begin || token >= map.row_end) return;
    const std::int64_t covered = map.row_end - map.row_begin;
    // The cell of a row: the last whose beginning is not behind it.
    std::int64_t cell = (token - map.row_begin) * map.rows / covered;
    while (cell + 1 < map.rows && map.row_begin + covered * (cell + 1) / map.rows <= token) ++cell;
    const float* cells = map.weights.data() + static_cast<std::size_t>(cell) * static_cast<std::size_t>(map.columns);
    int last = map.columns;
    while (last > 0 && !std::isfinite(cells[last - 1])) --last;
    if (last == 0) return;
    const double width = static_cast<double>(map.column_end - map.column_begin) / map.columns;
    const double height = static_cast<double>(covered) / map.rows;
    const double left = static_cast<double>(map.column_begin) - 0.5, top = static_cast<double>(map.row_begin) - 0.5;
    add_outline(axes, left, left + width * last, top + height * static_cast<double>(cell),
                top + height * static_cast<double>(cell + 1));
}

/// Labels of the tokens begin … end − 1, at their positions.
void name_tokens(Axis& axis, const View& view, std::int64_t begin, std::int64_t end) {
    if (view.tokens.empty()) return;
    end = std::min<std::int64_t>(end, std::ssize(view.tokens));
    axis.categories.assign(static_cast<std::size_t>(std::max<std::int64_t>(end, 0)), "");
    for (std::int64_t t = begin; t < end; ++t) axis.categories[static_cast<std::size_t>(t)] = token_label(view, t);
}

HeatMap cells_of(const Map& map) {
    HeatMap cells;
    cells.width = map.columns;
    cells.height = map.rows;
    cells.values = map.weights;
    cells.blank_nulls = true;
    cells.x_min = static_cast<double>(map.column_begin) - 0.5;
    cells.x_max = static_cast<double>(map.column_end) - 0.5;
    cells.y_min = static_cast<double>(map.row_begin) - 0.5;
    cells.y_max = static_cast<double>(map.row_end) - 0.5;
    return cells;
}

std::string weight_label(bool reduced, double end) {
    return std::string(reduced ? "largest weight of a cell" : "weight") +
           (end < 1 ? " (" + format_number(end) + " and above: yellow)" : "");
}

} // namespace

MapRegion surrounding_tile(const MapRegion& region, std::int64_t tokens) {
    const auto around = [tokens](std::int64_t& begin, std::int64_t& end) {
        begin = std::clamp<std::int64_t>(begin, 0, tokens);
        end = std::clamp<std::int64_t>(end, begin, tokens);
        // The step is at most a quarter of the span: rounding outwards adds at most one at each end.
        const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(4, end - begin));
        const auto step = static_cast<std::int64_t>(std::bit_floor(span) / 4);
        begin = begin / step * step;
        end = std::min(tokens, (end + step - 1) / step * step);
    };
    MapRegion tile = region;
    around(tile.row_begin, tile.row_end);
    around(tile.column_begin, tile.column_end);
    return tile;
}

std::optional<MapRegion> tile_in_sight(const Zoom& zoom, std::int64_t tokens) {
    if (tokens <= whole_map_tokens) return std::nullopt;
    const auto token = [tokens](double at) {
        return static_cast<std::int64_t>(std::clamp(std::round(at), 0.0, static_cast<double>(tokens)));
    };
    const MapRegion region{token(zoom.y[0]), token(zoom.y[1] + 1), token(zoom.x[0]), token(zoom.x[1] + 1)};
    if (region.row_begin >= region.row_end || region.column_begin >= region.column_end) return std::nullopt;
    return surrounding_tile(region, tokens);
}

bool names_fit(const Zoom& zoom) {
    constexpr double most = 64;
    return zoom.x[1] - zoom.x[0] <= most && zoom.y[1] - zoom.y[0] <= most;
}

Figure map_figure(const View& view, const Map& map) {
    return map_figure(view, map, nullptr, false, false);
}

Figure map_figure(const View& view, const Map& map, const Map* detail, bool covers, bool names) {
    Figure figure = start_figure(view, "attention.map");
    say(figure, gain_text(view.gain, view.every_layer));
    if (view.without_sink) say(figure, view.renormalize ? "token 0 left out, rows renormalised" : "token 0 left out");
    Axes axes;
    axes.x = token_axis(view, "key", map.column_begin, map.column_end);
    axes.y = token_axis(view, "query", map.row_begin, map.row_end);
    axes.y.reversed = true;
    axes.equal_aspect = map.row_end - map.row_begin == map.column_end - map.column_begin;
    if (names) {
        const Map& named = detail ? *detail : map;
        name_tokens(axes.x, view, named.column_begin, named.column_end);
        name_tokens(axes.y, view, named.row_begin, named.row_end);
    }
    // A part has the colours of the whole: zooming in does not change what a colour means.
    const double end = colour_end(map.weights);
    const bool alone = detail && covers;
    const bool reduced = alone ? detail->reduced : map.reduced;
    HeatMap cells = cells_of(alone ? *detail : map);
    cells.range = {0.0, end};
    cells.label = weight_label(reduced, end);
    axes.elements.push_back(std::move(cells));
    if (detail && !alone) {
        HeatMap part = cells_of(*detail);
        part.range = {0.0, end};
        part.colour_bar = false;
        axes.elements.push_back(std::move(part));
    }
    outline_row(axes, alone ? *detail : map, view.token);
    figure.axes.push_back(std::move(axes));
    figure.caption = "Attention weights of " + head_text(view) + ", queries " +
                     ordinal_rows(map.row_begin, map.row_end) + " down, keys " +
                     ordinal_rows(map.column_begin, map.column_end) +
                     " across. Each row is a softmax over all keys it sees; masked cells are blank." +
                     (view.without_sink ? " The column of token 0 is left out" : "") +
                     (!view.without_sink ? ""
                      : view.renormalize ? ", the rest of each row sums to 1."
                                         : ".") +
                     (reduced ? " A cell covers several weights and shows the largest." : "");
    return figure;
}

} // namespace attnscope::attention
