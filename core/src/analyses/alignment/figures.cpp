// Maps of pairs of layers, of all heads or one, and the curves to the anchor.
#include "analyses/alignment/figure_parts.h"

#include <algorithm>
#include <cmath>

namespace attnscope::alignment {

namespace {

/// The largest magnitude off the diagonal, so that what there is to see is seen; 1 without any.
double colour_end(const std::vector<double>& map, std::size_t layers) {
    double end = 0;
    for (std::size_t i = 0; i < map.size(); ++i)
        if (i / layers % layers != i % layers && std::isfinite(map[i])) end = std::max(end, std::abs(map[i]));
    return end > 0 ? std::min(1.0, end) : 1;
}

/// Cosines have a sign, the others none.
void set_colours(HeatMap& map, Quantity quantity, double end) {
    map.map = quantity == Quantity::cos ? ColourMap::diverging : ColourMap::viridis;
    map.range = {quantity == Quantity::cos ? -end : 0, end};
    map.label = quantity_title(quantity);
    if (end < 1)
        note_colours_end(map, (quantity == Quantity::cos ? "\u00b1" : "") + format_number(end), "the diagonal is 1");
}

void place_legend(Axes& axes) {
    axes.legend = Axes::Legend::outside;
}

} // namespace

Tiles tiles_of(int layers, int heads) noexcept {
    Tiles tiles{};
    tiles.columns = std::max(1, static_cast<int>(std::ceil(std::sqrt(heads))));
    tiles.rows = (heads + tiles.columns - 1) / tiles.columns;
    tiles.gap = std::max(1, (layers + 7) / 8);
    tiles.width = layers + 1;
    tiles.height = layers + tiles.gap;
    return tiles;
}

Figure map_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.map", view, shown);
    const Operators& operators = shown.operators;
    const auto layers = static_cast<std::size_t>(operators.layers);
    Axes axes;
    axes.x = layer_axis(operators.layers);
    axes.y = layer_axis(operators.layers);
    axes.y.reversed = true;
    axes.equal_aspect = true;
    const std::vector<double> values = layer_map(operators, table_of(shown.comparison, view.quantity), view.head);
    if (values.empty()) {
        add_note(axes, no_directions);
    } else {
        const double end = colour_end(values, layers);
        HeatMap map;
        map.width = map.height = operators.layers;
        map.values.assign(values.begin(), values.end());
        map.x_min = map.y_min = -0.5;
        map.x_max = map.y_max = operators.layers - 0.5;
        set_colours(map, view.quantity, end);
        say(figure, quantity_title(view.quantity));
        axes.elements.push_back(std::move(map));
        const double anchor = anchor_of(view, shown);
        add_outline(axes, -0.5, operators.layers - 0.5, anchor - 0.5, anchor + 0.5);
        add_outline(axes, anchor - 0.5, anchor + 0.5, -0.5, operators.layers - 0.5);
        if (view.layer >= 0 && view.layer < operators.layers)
            add_outline(axes, anchor - 0.5, anchor + 0.5, view.layer - 0.5, view.layer + 0.5);
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string(quantity_title(view.quantity)) +
                     " of the operators of every two layers; the anchor's row and "
                     "column are outlined. Random operators have cosines of mean 0 and standard deviation " +
                     format_number(shown.chance.cos_std) + " a head. " + operator_note(operators);
    return figure;
}

Figure heads_figure(const View& view, const Shown& shown) {
    View of_all = view;
    of_all.head = -1;
    Figure figure = start_figure("alignment.heads", of_all, shown);
    const Operators& operators = shown.operators;
    const std::vector<double>& table = table_of(shown.comparison, view.quantity);
    Axes axes;
    axes.equal_aspect = true;
    axes.y.reversed = true;
    const Tiles tiles = tiles_of(operators.layers, operators.heads);
    const auto left_of = [&](int head) { return head % tiles.columns * tiles.width; };
    const auto top_of = [&](int head) { return head / tiles.columns * tiles.height; };
    // A tile's own layers have no place on these axes.
    axes.x.categories = axes.y.categories = {""};
    axes.x.range = {0, double(tiles.columns) * tiles.width};
    axes.y.range = {0, double(tiles.rows) * tiles.height};
    if (table.empty()) {
        add_note(axes, no_directions);
    } else {
        const double end = colour_end(table, static_cast<std::size_t>(operators.layers));
        HeatMap map;
        map.width = tiles.columns * tiles.width;
        map.height = tiles.rows * tiles.height;
        map.blank_nulls = true;
        map.values.assign(static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.height), std::nanf(""));
        map.x_max = map.width;
        map.y_max = map.height;
        const double* next = table.data();
        for (int head = 0; head < operators.heads; ++head) {
            for (int a = 0; a < operators.layers; ++a)
                for (int b = 0; b < operators.layers; ++b)
                    map.values[static_cast<std::size_t>(top_of(head) + tiles.gap + a) *
                                   static_cast<std::size_t>(map.width) +
                               static_cast<std::size_t>(left_of(head) + b)] = static_cast<float>(*next++);
        }
        set_colours(map, view.quantity, end);
        say(figure, quantity_title(view.quantity));
        axes.elements.push_back(std::move(map));
        for (int head = 0; head < operators.heads; ++head) {
            Annotation name;
            name.x = left_of(head);
            name.y = top_of(head) + 0.5 * tiles.gap;
            name.text = std::to_string(head);
            if (operators.heads <= 64) axes.elements.push_back(std::move(name));
        }
        if (view.head >= 0 && view.head < operators.heads) {
            const double left = left_of(view.head), top = top_of(view.head) + tiles.gap;
            add_outline(axes, left, left + operators.layers, top, top + operators.layers);
        }
    }
    figure.axes.push_back(std::move(axes));
    figure.caption =
        "One map of all pairs of layers for every head, layer 0 at the upper left of each. " + operator_note(operators);
    return figure;
}

Figure profile_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.profile", view, shown);
    const Operators& operators = shown.operators;
    const Profile profile = alignment::profile(operators, shown.comparison, view.anchor, view.head);
    const auto column = [&](double LayerProfile::*field) {
        std::vector<double> values;
        for (const LayerProfile& row : profile.to_anchor) values.push_back(row.*field);
        return values;
    };
    const std::vector<double> x = layer_numbers(operators.layers);
    const double error = two_sided * shown.chance.cos_std / (view.head < 0 ? std::sqrt(operators.heads) : 1);

    Axes upper;
    upper.title = "shape and scale";
    upper.x = layer_axis(operators.layers);
    upper.y.label = "cos, t_opt";
    Band scaled;
    scaled.name = "t_opt by chance";
    scaled.x = x;
    for (const LayerProfile& row : profile.to_anchor) {
        scaled.low.push_back(-two_sided * row.t_opt_std);
        scaled.high.push_back(two_sided * row.t_opt_std);
    }
    scaled.colour = {Colour::Role::series, 1, 0.45f};
    upper.elements.push_back(std::move(scaled));
    add_chance(upper, "cos by chance", {-error, error}, operators.layers, 0);
    Line leading = anchor_curve("cos", column(&LayerProfile::cos), 0, profile.anchor);
    leading.width = 1.6f;
    upper.elements.push_back(std::move(leading));
    upper.elements.push_back(anchor_curve("t_opt", column(&LayerProfile::t_opt), 1, profile.anchor));
    if (shown.matching && view.head < 0) {
        Line matched = anchor_curve("|cos|, matched heads", shown.matching->matched, 2, profile.anchor);
        matched.dashed = true;
        upper.elements.push_back(std::move(matched));
    }
    add_layers(upper, view, shown);
    place_legend(upper);

    Axes lower;
    lower.title = "what is left";
    lower.x = layer_axis(operators.layers);
    lower.y.label = "residual";
    add_chance(lower, "by chance", {std::sqrt(1 - std::min(1.0, error * error)), 1}, operators.layers, 3);
    Line residual = anchor_curve("of the mean", column(&LayerProfile::resid), 3, profile.anchor);
    residual.width = 1.6f;
    lower.elements.push_back(std::move(residual));
    lower.elements.push_back(anchor_curve("mean over heads", column(&LayerProfile::mean_resid), 5, profile.anchor));
    add_layers(lower, view, shown);
    place_legend(lower);

    figure.columns = 1;
    figure.axes.push_back(std::move(upper));
    figure.axes.push_back(std::move(lower));
    figure.caption =
        "Every layer against the anchor: cosine of the operators, the multiple t_opt of the anchor's operator that is "
        "nearest to the layer's, and the residual \u221a(1 \u2212 cos\u00b2). The anchor itself, 1, is left out. "
        "Bands: 95 % of random operators of these "
        "lengths. " +
        operator_note(operators);
    return figure;
}

Figure angles_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.angles", view, shown);
    const Operators& operators = shown.operators;
    Axes axes;
    axes.x = layer_axis(operators.layers);
    axes.y.label = "cosine, squared for the overlap";
    if (!operators.has_directions()) {
        add_note(axes, no_directions);
    } else {
        const Profile profile = alignment::profile(operators, shown.comparison, view.anchor, view.head);
        const bool one = view.head >= 0;
        const Chance& chance = shown.chance;
        struct Entry {
            const char *name, *chance_name;
            double LayerProfile::*field;
            Range chance;
        };
        const Entry entries[] = {{"mean of the angles", "mean by chance", &LayerProfile::mean_cos_pa,
                                  one ? chance.head_mean_cos_pa : chance.mean_cos_pa},
                                 {"largest angle", "largest by chance", &LayerProfile::min_cos_pa,
                                  one ? chance.head_min_cos_pa : chance.min_cos_pa},
                                 {"overlap of first directions", "overlap by chance", &LayerProfile::top1_overlap,
                                  one ? chance.head_top1_overlap : chance.top1_overlap}};
        int colour = 0;
        for (const Entry& entry : entries) {
            std::vector<double> values;
            for (const LayerProfile& row : profile.to_anchor) values.push_back(row.*entry.field);
            Line line = anchor_curve(entry.name, std::move(values), colour, profile.anchor);
            line.width = colour == 0 ? 1.6f : 1;
            axes.elements.push_back(std::move(line));
            add_chance(axes, entry.chance_name, entry.chance, operators.layers, colour++);
        }
        add_layers(axes, view, shown);
        place_legend(axes);
        const char* const kind = operators.basis == Basis::symmetric ? " eigendirections a head"
                                 : operators.basis == Basis::left    ? " left singular directions a head"
                                                                     : " right singular directions a head";
        say(figure, std::to_string(operators.topk) + kind);
        say(figure, "chance from " + std::to_string(chance.draws) + " random frames");
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = "Principal angles between the subspaces of the directions kept of a layer's and the anchor's "
                     "heads. Bands: 95 % "
                     "of random subspaces of the same size. " +
                     operator_note(operators);
    return figure;
}

} // namespace attnscope::alignment
