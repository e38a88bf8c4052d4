// Every head of a result: as a map, as bars, and in the plane of its energies.
#include <attnscope/jacobian_figures.h>

#include "analyses/jacobian/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attnscope::jacobian {
namespace {

struct MetricName {
    Metric metric;
    const char *title, *label;
};
constexpr std::array<MetricName, 9> names{
    {{Metric::a_mean, "Mean weight", "mean of A over A > 0"},
     {Metric::entropy, "Row entropy", "mean row entropy (nats)"},
     {Metric::r_diag, "Diagonal energy", "r_diag = ‖diag‖²/‖full‖²"},
     {Metric::r_offdiag, "1 − diagonal energy", "r_offdiag = 1 − r_diag"},
     {Metric::energy_off, "Lateral energy", "energy_off = ‖lateral‖²/‖full‖²"},
     {Metric::energy_cross, "Cross energy", "energy_cross = 2⟨diag, lateral⟩/‖full‖²"},
     {Metric::cos_diag, "Cosine of the diagonal part", "cos(diag, full)"},
     {Metric::cos_ste, "Cosine of straight-through", "cos(g, full)"},
     {Metric::cos_ste_unmasked, "Cosine of straight-through, visible keys", "cos(g, full), visible keys"}}};

const MetricName& named(Metric metric) {
    return names[static_cast<std::size_t>(metric)];
}

constexpr std::array<PanelName, 5> head_panels{{{"jacobian.map", "Heads"},
                                                {"jacobian.bars", "Bars"},
                                                {"jacobian.energy", "Energies"},
                                                {"jacobian.row", "One row"},
                                                {"jacobian.maps", "Maps"}}};

struct Extent {
    int first_layer = 0, end_layer = 0, heads = 0;
};

Extent extent_of(const std::vector<HeadMetrics>& heads) {
    Extent extent;
    for (const HeadMetrics& head : heads) {
        extent.first_layer = extent.end_layer == 0 ? head.layer : std::min(extent.first_layer, head.layer);
        extent.end_layer = std::max(extent.end_layer, head.layer + 1);
        extent.heads = std::max(extent.heads, head.head + 1);
    }
    return extent;
}

std::string energies_text(const HeadMetrics& head) {
    return head_text(head.layer, head.head) + ": " + format_number(head.r_diag) + " + " +
           format_number(head.energy_off) + " + " + format_number(head.energy_cross) + " = 1";
}

/// Where a head lies: corners are diagonal (0, 0), lateral (1, 0) and cross (½, √3/2) alone.
std::array<double, 2> place(double lateral, double cross) {
    return {lateral + cross / 2, cross * std::numbers::sqrt3 / 2};
}

void add_corner(Axes& axes, double lateral, double cross, const char* text, Annotation::Anchor anchor) {
    const auto [x, y] = place(lateral, cross);
    Annotation note;
    note.x = x;
    note.y = y;
    note.text = text;
    note.anchor = anchor;
    axes.elements.push_back(std::move(note));
}

/// Cauchy–Schwarz: |cross| ≤ 2√(diagonal · lateral), the inside of a parabola that touches two sides of the triangle.
Line border(double reach) {
    constexpr int steps = 160;
    Line line;
    line.name = "diagonal and lateral parallel";
    line.dashed = true;
    line.colour = {Colour::Role::critical};
    const double low = -std::sqrt(reach), high = 1 + std::sqrt(reach);
    for (int i = 0; i <= steps; ++i) {
        const double root = low + (high - low) * i / steps; // signed root of the lateral energy
        const auto [x, y] = place(root * root, 2 * root * (1 - root));
        line.x.push_back(x);
        line.y.push_back(y);
    }
    return line;
}

/// The triangle and the heads around it, without a few far below that would leave it a speck; the figure says how many.
void show_most(Axes& axes, const Points& points, Figure& figure) {
    constexpr double most = 0.03, margin = 1.15, far = 2;
    if (points.y.empty()) return;
    std::vector<double> depths = points.y;
    std::sort(depths.begin(), depths.end());
    const double depth =
        std::min(-0.4, depths[static_cast<std::size_t>(most * static_cast<double>(depths.size()))]) * margin;
    if (depths.front() > far * depth) return;
    std::array<double, 2> across{-0.6, 1.6};
    std::size_t beyond = 0;
    for (std::size_t i = 0; i < points.x.size(); ++i) {
        if (points.y[i] < depth) {
            ++beyond;
            continue;
        }
        across = {std::min(across[0], points.x[i] - 0.1), std::max(across[1], points.x[i] + 0.1)};
    }
    axes.x.range = across;
    axes.y.range = {depth, 1.05};
    say(figure, format_count(beyond) + (beyond == 1 ? " head" : " heads") + " further down");
}

Line triangle() {
    Line line;
    line.colour = {Colour::Role::muted};
    for (const auto& [lateral, cross] : {std::pair{0., 0.}, {1., 0.}, {0., 1.}, {0., 0.}}) {
        const auto [x, y] = place(lateral, cross);
        line.x.push_back(x);
        line.y.push_back(y);
    }
    return line;
}

} // namespace

ColourMap colours_of(Metric metric) {
    const bool has_sign = metric == Metric::r_offdiag || metric == Metric::energy_cross || metric == Metric::cos_diag ||
                          metric == Metric::cos_ste || metric == Metric::cos_ste_unmasked;
    return has_sign ? ColourMap::diverging : ColourMap::viridis;
}

const char* metric_title(Metric metric) noexcept {
    return named(metric).title;
}
const char* metric_label(Metric metric) noexcept {
    return named(metric).label;
}

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(head_panels);
    return ids;
}
const char* panel_title(std::string_view panel_id) {
    return title_of(head_panels, panel_id);
}
bool needs_maps(std::string_view panel_id) {
    return panel_id == "jacobian.row" || panel_id == "jacobian.maps";
}

const HeadMetrics* selected_head(const View& view, const std::vector<HeadMetrics>& heads) {
    const auto found = std::find_if(heads.begin(), heads.end(), [&](const HeadMetrics& head) {
        return head.layer == view.layer && head.head == view.head;
    });
    return found == heads.end() ? nullptr : &*found;
}

Figure map_figure(const View& view, const Result& result) {
    Figure figure = start_figure(view, "jacobian.map");
    say_size(figure, result);
    const Extent extent = extent_of(result.heads);
    const int layers = extent.end_layer - extent.first_layer;
    Axes axes;
    axes.x.label = "head";
    axes.x.categories = numbers(extent.heads);
    axes.x.range = {-0.5, std::max(extent.heads, 1) - 0.5};
    axes.y.label = "layer";
    axes.y.categories = numbers(extent.end_layer);
    axes.y.range = {extent.first_layer - 0.5, std::max(extent.end_layer, 1) - 0.5};
    axes.y.reversed = true;
    if (layers < 1) {
        add_note(axes, "no layer is done yet");
    } else {
        HeatMap map;
        map.width = extent.heads;
        map.height = layers;
        map.values.assign(static_cast<std::size_t>(layers) * static_cast<std::size_t>(extent.heads), NAN);
        for (const HeadMetrics& head : result.heads)
            map.values[static_cast<std::size_t>((head.layer - extent.first_layer) * extent.heads + head.head)] =
                static_cast<float>(head.value(view.metric));
        map.x_min = -0.5;
        map.x_max = extent.heads - 0.5;
        map.y_min = extent.first_layer - 0.5;
        map.y_max = extent.end_layer - 0.5;
        map.label = metric_label(view.metric);
        map.map = colours_of(view.metric);
        limit_colours(map);
        axes.elements.push_back(std::move(map));
        if (view.layer >= extent.first_layer && view.layer < extent.end_layer && view.head < extent.heads)
            add_outline(axes, view.head - 0.5, view.head + 0.5, view.layer - 0.5, view.layer + 0.5);
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string(metric_title(view.metric)) +
                     " of every head. Hatched: no number. Outlined: " + head_text(view.layer, view.head) + ". " +
                     jacobian_note();
    say_left_out(figure, view.metric, result.heads);
    return figure;
}

Figure bars_figure(const View& view, const Result& result) {
    Figure figure = start_figure(view, "jacobian.bars");
    constexpr std::size_t few = 48;
    const bool all = result.heads.size() <= few;
    if (!all) say(figure, "layer " + std::to_string(view.layer));
    Axes axes;
    axes.y.label = metric_label(view.metric);
    std::vector<HeadMetrics> shown;
    Bars bars, selected;
    bars.colour.alpha = 0.75f;
    selected.colour = {Colour::Role::accent};
    for (const HeadMetrics& head : result.heads) {
        if (!all && head.layer != view.layer) continue;
        shown.push_back(head);
        const double at = static_cast<double>(axes.x.categories.size());
        axes.x.categories.push_back(all && result.layers > 1
                                        ? std::to_string(head.layer) + "." + std::to_string(head.head)
                                        : std::to_string(head.head));
        const double value = head.value(view.metric);
        if (!std::isfinite(value)) continue;
        Bars& kind = head.layer == view.layer && head.head == view.head ? selected : bars;
        kind.position.push_back(at);
        kind.value.push_back(value);
    }
    axes.x.label = all && result.layers > 1 ? "layer.head" : "head";
    axes.x.range = {-0.6, std::max(1.0, static_cast<double>(axes.x.categories.size())) - 0.4};
    if (axes.x.categories.empty()) add_note(axes, "this layer is not done yet");
    for (Bars* const kind : {&bars, &selected})
        if (!kind->position.empty()) axes.elements.push_back(std::move(*kind));
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string(metric_title(view.metric)) + " of heads, " + std::to_string(result.sequences) +
                     " sequences. " + jacobian_note();
    say_left_out(figure, view.metric, shown);
    return figure;
}

Figure energy_figure(const View& view, const Result& result) {
    Figure figure = start_figure(view, "jacobian.energy");
    Axes axes;
    axes.equal_aspect = true;
    axes.x.label = "energy_off + ½ energy_cross";
    axes.y.label = "√3/2 · energy_cross";
    double reach = 0.3;
    Points points;
    points.name = "head";
    points.size = 1.1f;
    points.colour.alpha = 0.75f;
    for (std::size_t i = 0; i < result.heads.size(); ++i) {
        const HeadMetrics& head = result.heads[i];
        if (!std::isfinite(head.r_diag)) continue;
        const auto [x, y] = place(head.energy_off, head.energy_cross);
        points.x.push_back(x);
        points.y.push_back(y);
        points.ids.push_back(static_cast<std::uint32_t>(i));
        reach = std::max({reach, head.r_diag - 1, head.energy_off - 1});
    }
    show_most(axes, points, figure);
    axes.elements.push_back(triangle());
    axes.elements.push_back(border(std::min(reach, 4.0)));
    axes.elements.push_back(std::move(points));
    add_corner(axes, 0, 0, "diagonal ", Annotation::Anchor::right);
    add_corner(axes, 1, 0, " lateral", Annotation::Anchor::left);
    add_corner(axes, 0, 1, "cross", Annotation::Anchor::centre);
    const HeadMetrics* const head = selected_head(view, result.heads);
    if (head && std::isfinite(head->r_diag)) {
        say(figure, energies_text(*head));
        const auto [x, y] = place(head->energy_off, head->energy_cross);
        Points point;
        point.name = head_text(view.layer, view.head);
        point.x = {x};
        point.y = {y};
        point.colour = {Colour::Role::accent};
        point.size = 1.8f;
        axes.elements.push_back(std::move(point));
    }
    axes.legend = Axes::Legend::outside;
    figure.axes.push_back(std::move(axes));
    figure.caption =
        "r_diag + energy_off + energy_cross = 1, so each head is a point of a plane whose three corners are "
        "diagonal, lateral and cross energy alone. The cross energy has a sign: below the line from diagonal "
        "to lateral the two parts oppose each other, and r_diag can exceed 1. No head lies outside the "
        "dashed curve (Cauchy–Schwarz). " +
        jacobian_note();
    return figure;
}

} // namespace attnscope::jacobian
