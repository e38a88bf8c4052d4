// The matrices of a model: on the band, as a map of heads, by dimension, and the volumes of one of them.
#include "analyses/cv/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace attnscope::cv {
namespace {

struct Extent {
    int first_layer = 0, end_layer = 0, heads = 0;
};
Extent extent_of(const std::vector<Matrix>& matrices, Kind kind) {
    Extent extent{INT32_MAX, 0, 0};
    for (const Matrix& matrix : matrices)
        if (matrix.kind == kind && matrix.layer >= 0) {
            extent.first_layer = std::min(extent.first_layer, matrix.layer);
            extent.end_layer = std::max(extent.end_layer, matrix.layer + 1);
            extent.heads = std::max(extent.heads, matrix.head + 1);
        }
    if (extent.end_layer == 0) extent.first_layer = 0;
    extent.heads = std::max(extent.heads, 1);
    return extent;
}

/// The head of the kind that the selected query head reads.
int own_head(const View& view, Kind kind, int heads) {
    if (!has_heads(kind)) return -1;
    return of_key_value_head(kind) ? view.head * heads / std::max(view.heads, heads) : view.head;
}

/// Points of one kind with their intervals.
struct Group {
    Points points;
    bool any = false;
    void add(double x, const Matrix& matrix, std::size_t index) {
        if (!matrix.has_cv()) return;
        any = true;
        points.x.push_back(x);
        points.y.push_back(matrix.cv);
        points.error_low.push_back(matrix.ci95.low);
        points.error_high.push_back(matrix.ci95.high);
        points.ids.push_back(static_cast<std::uint32_t>(index));
    }
};

void add_selected(Axes& axes, double x, const Matrix& matrix) {
    if (!matrix.has_cv()) return;
    Points point;
    point.name = "selected: " + matrix.name;
    point.x = {x};
    point.y = {matrix.cv};
    point.colour = {Colour::Role::accent};
    point.size = 1.8f;
    axes.elements.push_back(std::move(point));
}

std::vector<std::string> numbers(int end) {
    std::vector<std::string> list;
    for (int i = 0; i < end; ++i) list.push_back(std::to_string(i));
    return list;
}

std::size_t largest_pool(const std::vector<Matrix>& matrices) {
    std::size_t pool = 0;
    for (const Matrix& matrix : matrices) pool = std::max(pool, matrix.pool);
    return pool;
}

void say_sampled(Figure& figure, const View& view, const std::vector<Matrix>& matrices) {
    say(figure, view.model_name);
    say(figure, sampled_text(view.parameters, largest_pool(matrices)) + " each, " + error_text(view.parameters));
}

std::string in_band_text(const std::vector<Matrix>& matrices) {
    std::size_t measured = 0, inside = 0;
    for (const Matrix& matrix : matrices)
        if (matrix.has_cv()) {
            ++measured;
            inside += matrix.in_band;
        }
    return format_count(inside) + " of " + format_count(measured) + " matrices in the band";
}

bool is_activation(Kind kind) {
    return kind >= Kind::act_query;
}

} // namespace

const Matrix* selected_matrix(const View& view, const std::vector<Matrix>& matrices) {
    const int heads = extent_of(matrices, view.kind).heads;
    for (const Matrix& matrix : matrices)
        if (matrix.kind == view.kind && (!has_layers(view.kind) || matrix.layer == view.layer) &&
            matrix.head == own_head(view, view.kind, heads))
            return &matrix;
    return nullptr;
}

int query_head(const View& view, const std::vector<Matrix>& matrices, Kind kind, int head) {
    const int heads = extent_of(matrices, kind).heads;
    return of_key_value_head(kind) ? head * std::max(view.heads, heads) / heads : head;
}

Figure band_figure(const View& view, const std::vector<Matrix>& matrices) {
    Figure figure = start_figure("cv.band");
    say_sampled(figure, view, matrices);
    int layers = 0;
    std::map<Kind, Group> groups;
    std::set<std::size_t> dimensions;
    for (const Matrix& matrix : matrices) {
        layers = std::max(layers, matrix.layer + 1);
        dimensions.insert(matrix.cols);
    }
    // Kinds stand side by side within a layer, heads within a kind; what is in no layer stands before the first.
    constexpr std::array order{Kind::query,   Kind::key,       Kind::value,    Kind::out_proj, Kind::act_query,
                               Kind::act_key, Kind::act_value, Kind::act_post, Kind::residual};
    std::vector<Kind> present;
    for (const Kind kind : order)
        if (std::any_of(matrices.begin(), matrices.end(), [kind](const Matrix& m) { return m.kind == kind; }))
            present.push_back(kind);
    std::map<Kind, int> heads;
    for (const Kind kind : present) heads[kind] = extent_of(matrices, kind).heads;
    const auto place = [&](const Matrix& matrix) {
        const auto kind = std::find(present.begin(), present.end(), matrix.kind);
        if (kind == present.end()) return -0.8;
        const double slot = 0.84 / static_cast<double>(present.size());
        const double within = matrix.head < 0 ? 0.5 : (matrix.head + 0.5) / heads[matrix.kind];
        return matrix.layer - 0.42 + slot * (static_cast<double>(kind - present.begin()) + within);
    };
    for (std::size_t i = 0; i < matrices.size(); ++i) groups[matrices[i].kind].add(place(matrices[i]), matrices[i], i);

    Axes axes;
    axes.x.label = layers > 0 ? "layer" : "";
    axes.x.range = {-1.2, std::max(layers, 1) - 0.5};
    axes.y.label = "CV of the volumes";
    axes.y.scale = Scale::logarithmic; // activations reach many times the band
    add_band(axes, view.parameters, -1.2, std::max(layers, 1) - 0.5);
    for (auto& [kind, group] : groups) {
        if (!group.any) continue;
        group.points.name = kind_title(kind);
        group.points.colour = kind_colour(kind);
        if (is_activation(kind)) group.points.colour.alpha = 0.45f;
        group.points.size = 0.8f;
        axes.elements.push_back(std::move(group.points));
    }
    for (const std::size_t dimension : dimensions)
        add_null_marker(axes, view.parameters, static_cast<double>(dimension));
    if (const Matrix* const selected = selected_matrix(view, matrices)) add_selected(axes, place(*selected), *selected);
    if (matrices.empty()) add_note(axes, "no matrix was measured yet");
    axes.legend = Axes::Legend::outside;
    figure.axes.push_back(std::move(axes));
    figure.caption = "Every matrix with the bootstrap 95 % interval of its CV, which is conditional on the matrix. " +
                     in_band_text(matrices) + ". " + cv_note(view.parameters);
    return figure;
}

Figure map_figure(const View& view, const std::vector<Matrix>& matrices) {
    Figure figure = start_figure("cv.map");
    const Kind kind = has_layers(view.kind) ? view.kind : Kind::query;
    const Extent extent = extent_of(matrices, kind);
    say(figure, kind_title(kind));
    const int layers = extent.end_layer - extent.first_layer;
    Axes axes;
    axes.x.label = !has_heads(kind)                                       ? ""
                   : of_key_value_head(kind) && extent.heads < view.heads ? "key-value head"
                                                                          : "head";
    axes.x.categories = has_heads(kind) ? numbers(extent.heads) : std::vector<std::string>{kind_title(kind)};
    axes.x.range = {-0.5, extent.heads - 0.5};
    axes.y.label = "layer";
    axes.y.categories = numbers(extent.end_layer);
    axes.y.range = {extent.first_layer - 0.5, std::max(extent.end_layer, 1) - 0.5};
    axes.y.reversed = true;
    if (layers < 1) {
        add_note(axes, is_activation(kind) ? "activations need a text" : "not measured yet");
    } else {
        HeatMap map;
        map.width = extent.heads;
        map.height = layers;
        map.values.assign(static_cast<std::size_t>(layers) * static_cast<std::size_t>(extent.heads), NAN);
        std::size_t cols = 0;
        for (const Matrix& matrix : matrices)
            if (matrix.kind == kind && matrix.layer >= 0) {
                const auto row = static_cast<std::size_t>(matrix.layer - extent.first_layer);
                map.values[row * static_cast<std::size_t>(extent.heads) +
                           static_cast<std::size_t>(std::max(matrix.head, 0))] = static_cast<float>(matrix.cv);
                cols = matrix.cols;
            }
        map.x_min = -0.5;
        map.x_max = extent.heads - 0.5;
        map.y_min = extent.first_layer - 0.5;
        map.y_max = extent.end_layer - 0.5;
        map.label = "CV";
        say(figure, "null D\u00a0" + format_count(cols) + ": " +
                        format_number(null_cv(static_cast<double>(cols), view.parameters.points)));
        axes.elements.push_back(std::move(map));
        const int head = std::max(own_head(view, kind, extent.heads), 0);
        if (view.layer >= extent.first_layer && view.layer < extent.end_layer && head < extent.heads)
            add_outline(axes, head - 0.5, head + 0.5, view.layer - 0.5, view.layer + 0.5);
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string("CV of the ") + kind_title(kind) + " of every head of " + view.model_name + ", " +
                     sampled_text(view.parameters) + ". Hatched: no CV. " + cv_note(view.parameters);
    return figure;
}

Figure volumes_figure(const View& view, const std::vector<Matrix>& matrices) {
    Figure figure = start_figure("cv.volumes");
    const Matrix* const matrix = selected_matrix(view, matrices);
    Axes axes;
    axes.x.label = "V / mean(V)";
    axes.y.label = "simplices";
    if (!matrix || !matrix->has_cv()) {
        if (matrix) say(figure, matrix->name);
        add_note(axes, matrix ? matrix->reason : "no such matrix was measured");
    } else {
        say(figure, matrix->name);
        say(figure, format_count(matrix->rows) + " × " + format_count(matrix->cols));
        say(figure, "CV " + format_number(matrix->cv) + " [" + format_number(matrix->ci95.low) + ", " +
                        format_number(matrix->ci95.high) + "]");
        // As many bins as the counts can fill.
        const double total = static_cast<double>(matrix->n_valid + matrix->n_degenerate);
        std::size_t merged = 1;
        while (merged < 8 && static_cast<double>(matrix->histogram.size() / merged) > 2 * std::cbrt(total) + 4)
            merged *= 2;
        const double width =
            matrix->histogram_end / static_cast<double>(std::max<std::size_t>(matrix->histogram.size(), 1));
        Bars bars;
        bars.width = width * static_cast<double>(merged);
        bars.colour = kind_colour(matrix->kind);
        double most = 1;
        for (std::size_t i = 0; i < matrix->histogram.size(); i += merged) {
            double count = 0;
            for (std::size_t j = i; j < std::min(i + merged, matrix->histogram.size()); ++j)
                count += matrix->histogram[j];
            bars.position.push_back(static_cast<double>(i) * width + bars.width / 2);
            bars.value.push_back(count);
            most = std::max(most, count);
        }
        axes.y.range = {0, 1.15 * most};
        axes.x.range = {0, matrix->histogram_end};
        axes.elements.push_back(std::move(bars));
        const std::pair<double, const char*> ends[] = {
            {1, "mean"}, {1 - matrix->cv, "− std"}, {1 + matrix->cv, "+ std"}};
        for (const auto& [value, label] : ends) {
            Marker marker;
            marker.value = value;
            marker.label = label;
            marker.colour = {value == 1 ? Colour::Role::text : Colour::Role::critical};
            axes.elements.push_back(std::move(marker));
        }
        if (matrix->n_degenerate > 0) say(figure, format_count(matrix->n_degenerate) + " without volume left out");
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = "Volumes of the simplices of one matrix in units of their mean. Their spread, in those units, is "
                     "the CV. " +
                     cv_note(view.parameters);
    return figure;
}

Figure dimension_figure(const View& view, const std::vector<Matrix>& matrices) {
    Figure figure = start_figure("cv.dimension");
    say_sampled(figure, view, matrices);
    double low = 8, high = 768;
    for (const Matrix& matrix : matrices)
        if (matrix.has_cv()) {
            low = std::min(low, static_cast<double>(matrix.cols));
            high = std::max(high, static_cast<double>(matrix.cols));
        }
    low = std::max(low / 1.4, 4.5);
    high *= 1.4;
    Axes axes;
    axes.x.label = "dimensions of the rows";
    axes.x.scale = axes.y.scale = Scale::logarithmic;
    axes.x.range = {low, high};
    axes.y.label = "CV of the volumes";
    add_band(axes, view.parameters, low, high);
    add_null_curve(axes, view.parameters, low, high);
    std::map<Kind, Group> groups;
    std::map<std::pair<std::size_t, Kind>, double> columns; // kinds of one dimension beside each other
    for (const Matrix& matrix : matrices) columns[{matrix.cols, matrix.kind}] = 0;
    std::map<std::size_t, int> count;
    for (auto& [key, shift] : columns) shift = count[key.first]++;
    const auto place = [&](const Matrix& matrix) {
        const double middle = (count[matrix.cols] - 1) / 2.0;
        return static_cast<double>(matrix.cols) * std::pow(1.035, columns[{matrix.cols, matrix.kind}] - middle);
    };
    for (std::size_t i = 0; i < matrices.size(); ++i) groups[matrices[i].kind].add(place(matrices[i]), matrices[i], i);
    for (auto& [kind, group] : groups) {
        if (!group.any) continue;
        group.points.name = kind_title(kind);
        group.points.colour = kind_colour(kind);
        group.points.colour.alpha = is_activation(kind) ? 0.45f : 0.8f;
        group.points.size = 0.8f;
        // Hundreds of intervals on one place hide each other.
        group.points.error_low.clear();
        group.points.error_high.clear();
        axes.elements.push_back(std::move(group.points));
    }
    if (const Matrix* const selected = selected_matrix(view, matrices)) add_selected(axes, place(*selected), *selected);
    axes.legend = Axes::Legend::outside;
    figure.axes.push_back(std::move(axes));
    figure.caption = "CV against the number of dimensions that rows live in: the hidden size for weights, head_dim for "
                     "activations of a head. " +
                     in_band_text(matrices) + ". " + cv_note(view.parameters);
    return figure;
}

Figure table_figure(const View& view, const std::vector<Matrix>& matrices) {
    Figure figure = start_figure("cv.table");
    say_sampled(figure, view, matrices);
    Axes axes;
    axes.x.label = "matrix, in the order of the table";
    axes.y.label = "CV of the volumes";
    const double end = std::max(1.0, static_cast<double>(matrices.size()));
    add_band(axes, view.parameters, -1, end);
    Group group;
    Line null;
    null.name = "null";
    null.colour = {Colour::Role::critical};
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        group.add(static_cast<double>(i), matrices[i], i);
        null.x.push_back(static_cast<double>(i));
        null.y.push_back(matrices[i].null_cv);
    }
    group.points.name = "CV";
    group.points.size = 0.7f;
    axes.elements.push_back(std::move(null));
    axes.elements.push_back(std::move(group.points));
    axes.legend = Axes::Legend::top_right;
    figure.axes.push_back(std::move(axes));
    figure.caption = in_band_text(matrices) + ". " + cv_note(view.parameters);
    return figure;
}

} // namespace attnscope::cv
