// One layer's maps: a query row with all parts of its gradient, and the parts over all rows.
#include "analyses/jacobian/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::jacobian {

Figure start_figure(const View& view, std::string_view panel) {
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    say(figure, view.name);
    return figure;
}

void say_size(Figure& figure, const Result& result) {
    say(figure, std::to_string(result.sequences) + (result.sequences == 1 ? " sequence of " : " sequences of ") +
                    std::to_string(result.length));
    if (std::isfinite(result.loss)) say(figure, "loss " + format_number(result.loss));
}

void say_left_out(Figure& figure, Metric metric, const std::vector<HeadMetrics>& heads) {
    std::size_t left_out = 0, all = 0, partly = 0;
    for (const HeadMetrics& head : heads) {
        left_out += head.left_out(metric);
        all += head.sequences;
        partly += head.left_out(metric) > 0;
    }
    if (left_out == 0) return;
    say(figure, format_count(left_out) + " of " + format_count(all) + " left out");
    figure.caption += " Cosines leave out sequences without a gradient of a head's scores: " + format_count(left_out) +
                      " of " + format_count(all) + ", in " + format_count(partly) +
                      (partly == 1 ? " head." : " heads.");
}

std::string head_text(int layer, int head) {
    return "layer " + std::to_string(layer) + ", head " + std::to_string(head);
}

std::string jacobian_note() {
    return "full = A ⊙ (g − Σ A g), diag = A ⊙ (1 − A) ⊙ g, lateral = full − diag, with g = ∂L/∂A.";
}

void limit_colours(HeatMap& map) {
    constexpr std::size_t fewest = 8;
    constexpr double most = 0.95, far = 3;
    std::vector<float> values;
    for (const float value : map.values)
        if (std::isfinite(value)) values.push_back(map.map == ColourMap::diverging ? std::abs(value) : value);
    if (values.size() < fewest) return;
    std::sort(values.begin(), values.end());
    const double begin = map.map == ColourMap::diverging ? 0 : static_cast<double>(values.front());
    const double end =
        static_cast<double>(values[static_cast<std::size_t>(most * static_cast<double>(values.size() - 1))]);
    if (end <= begin || static_cast<double>(values.back()) - begin < far * (end - begin)) return;
    map.range = {map.map == ColourMap::diverging ? -end : begin, end};
    note_colours_end(map, format_number(end));
}

std::vector<std::string> numbers(int end) {
    std::vector<std::string> list;
    for (int i = 0; i < end; ++i) list.push_back(std::to_string(i));
    return list;
}

namespace {

/// The view's row and head, the nearest there are.
struct Place {
    std::size_t head, row;
};
Place place_in(const View& view, const LayerMaps& maps) {
    const auto last = static_cast<std::int64_t>(maps.length) - 1;
    const std::int64_t row = view.row < 0 ? last : std::min(view.row, last);
    return {std::min(static_cast<std::size_t>(std::max(view.head, 0)), maps.heads - 1), static_cast<std::size_t>(row)};
}

/// Row `row` of the first sequence that the maps hold.
Row row_of(const LayerMaps& maps, std::size_t head, std::size_t row) {
    const std::size_t at = maps.map_at(0, head) + row * maps.length;
    return softmax_row(std::span(maps.probabilities).subspan(at, maps.length),
                       std::span(maps.gradients).subspan(at, maps.length));
}

double largest(const std::vector<double>& values) {
    double most = 0;
    for (const double value : values) most = std::max(most, std::abs(value));
    return most;
}

Figure waiting(const View& view, std::string_view panel) {
    Figure figure = start_figure(view, panel);
    Axes axes;
    add_note(axes, "the maps of this layer are not there yet");
    figure.axes.push_back(std::move(axes));
    return figure;
}

} // namespace

Figure row_figure(const View& view, const LayerMaps* maps) {
    if (!maps || maps->length == 0) return waiting(view, "jacobian.row");
    Figure figure = start_figure(view, "jacobian.row");
    const Place place = place_in(view, *maps);
    const Row row = row_of(*maps, place.head, place.row);
    say(figure, head_text(maps->layer, static_cast<int>(place.head)));
    say(figure, "sequence " + std::to_string(view.sequence) + ", query " + std::to_string(place.row));
    Axes axes;
    axes.x.label = "key";
    axes.y.label = "relative to the largest of each";
    axes.x.range = {-0.5, static_cast<double>(maps->length) - 0.5};
    axes.y.range = {-1.05, 1.05};
    // The three parts share one scale: how they add up is the point.
    const double gradient = largest(row.gradient);
    const double parts = std::max({largest(row.full), largest(row.diagonal), largest(row.lateral)});
    const auto add = [&](const char* name, const std::vector<double>& values, double scale, Colour colour, float width,
                         bool dashed) {
        Line line;
        line.name = name;
        line.colour = colour;
        line.width = width;
        line.dashed = dashed;
        line.markers = maps->length <= 64;
        for (std::size_t key = 0; key < values.size(); ++key) {
            line.x.push_back(static_cast<double>(key));
            line.y.push_back(scale > 0 ? values[key] / scale : 0);
        }
        axes.elements.push_back(std::move(line));
    };
    using Role = Colour::Role;
    add("A", row.probabilities, 1, {Role::muted}, 1.2f, false);
    add("g", row.gradient, gradient, {Role::series, 4, 0.7f}, 1, true);
    add("diagonal", row.diagonal, parts, {Role::series, 2}, 1.2f, false);
    add("lateral", row.lateral, parts, {Role::series, 1}, 1.2f, false);
    add("full", row.full, parts, {Role::accent}, 1.8f, false);
    if (place.row + 1 < maps->length) {
        Marker marker;
        marker.value = static_cast<double>(place.row) + 0.5;
        marker.label = "not visible";
        marker.colour = {Role::muted};
        axes.elements.push_back(std::move(marker));
    }
    axes.legend = Axes::Legend::outside;
    figure.axes.push_back(std::move(axes));
    figure.caption = "One query row. A as it is; g in units of " + format_number(gradient) +
                     "; diagonal, lateral and full = diagonal + lateral in units of " + format_number(parts) +
                     ". Σ A g = dO·O = " + format_number(row.inner) + ". " + jacobian_note();
    return figure;
}

Figure maps_figure(const View& view, const LayerMaps* maps) {
    if (!maps || maps->length == 0) return waiting(view, "jacobian.maps");
    Figure figure = start_figure(view, "jacobian.maps");
    const Place place = place_in(view, *maps);
    say(figure, head_text(maps->layer, static_cast<int>(place.head)));
    say(figure, "sequence " + std::to_string(view.sequence));
    constexpr std::size_t most_cells = 512;
    const std::size_t length = maps->length, step = (length + most_cells - 1) / most_cells;
    const auto cells = static_cast<int>((length + step - 1) / step);
    const char* const titles[] = {"full", "diagonal", "lateral"};
    std::array<HeatMap, 3> parts;
    float most = 0;
    for (HeatMap& part : parts) {
        part.width = part.height = cells;
        part.values.assign(static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells), NAN);
        part.blank_nulls = true;
        part.x_min = part.y_min = -0.5;
        part.x_max = part.y_max = static_cast<double>(cells * static_cast<int>(step)) - 0.5;
        part.map = ColourMap::diverging;
        part.label = "∂L/∂scores";
    }
    for (std::size_t query = 0; query < length; query += step) {
        const Row row = row_of(*maps, place.head, query);
        const std::vector<double>* const values[] = {&row.full, &row.diagonal, &row.lateral};
        const std::size_t end = maps->causal ? query + 1 : length;
        for (std::size_t key = 0; key < end; key += step)
            for (std::size_t part = 0; part < parts.size(); ++part) {
                const auto value = static_cast<float>((*values[part])[key]);
                parts[part].values[query / step * static_cast<std::size_t>(cells) + key / step] = value;
                most = std::max(most, std::abs(value));
            }
    }
    figure.columns = 3;
    for (std::size_t part = 0; part < parts.size(); ++part) {
        Axes axes;
        axes.title = titles[part];
        axes.x.label = "key";
        axes.y.label = part == 0 ? "query" : "";
        axes.y.reversed = true;
        parts[part].range = {static_cast<double>(-most), static_cast<double>(most)};
        parts[part].colour_bar = part + 1 == parts.size();
        const double end = parts[part].x_max;
        axes.elements.push_back(std::move(parts[part]));
        add_outline(axes, -0.5, end, static_cast<double>(place.row) - 0.5, static_cast<double>(place.row) + 0.5);
        figure.axes.push_back(std::move(axes));
    }
    figure.caption = "The gradient of the scores of one head and its two parts, on one scale" +
                     std::string(step > 1 ? ", every " + std::to_string(step) + "th row and key" : "") +
                     ". Outlined: the selected row. " + jacobian_note();
    return figure;
}

} // namespace attnscope::jacobian
