// The pictures of one head beside its map: a row over the text, the entropies of all rows, and what the gain does.
#include "analyses/attention/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::attention {
namespace {

Line curve(std::vector<double> x, std::vector<double> y, Colour colour, float width) {
    Line line;
    line.x = std::move(x);
    line.y = std::move(y);
    line.colour = colour;
    line.width = width;
    return line;
}

std::vector<double> widened(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

constexpr int strongest_shown = 12;

/// The keys with the largest weights, largest on top.
Axes strongest_axes(const View& view, const Row& row) {
    std::vector<std::size_t> order(row.weights.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto shown = std::min<std::size_t>(order.size(), strongest_shown);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                          return row.weights[a] != row.weights[b] ? row.weights[a] > row.weights[b] : a < b;
                      });
    Axes axes;
    axes.title = "largest weights";
    axes.x.label = "weight";
    axes.y.reversed = true;
    Bars bars;
    bars.horizontal = true;
    bars.colour = {Colour::Role::accent};
    for (std::size_t i = 0; i < shown; ++i) {
        const std::int64_t token = row.first_key + static_cast<std::int64_t>(order[i]);
        axes.y.categories.push_back(view.tokens.empty() ? "token " + std::to_string(token)
                                                        : token_label(view, token) + " · " + std::to_string(token));
        bars.position.push_back(static_cast<double>(i));
        bars.value.push_back(row.weights[order[i]]);
    }
    axes.elements.push_back(std::move(bars));
    return axes;
}

} // namespace

Figure text_figure(const View& view, const Row& row) {
    constexpr std::size_t labelled = 48;
    Figure figure = start_figure(view, "attention.text");
    say(figure, "query\u00a0" + std::to_string(view.token) +
                    (view.tokens.empty() ? "" : " “" + token_label(view, view.token) + "”"));
    say(figure, gain_text(view.gain, view.every_layer));
    const std::int64_t end = row.first_key + static_cast<std::int64_t>(row.weights.size());
    Axes axes;
    axes.y.label = "weight";
    const bool with_labels = !view.tokens.empty() && row.weights.size() <= labelled;
    axes.x = token_axis(view, with_labels ? "" : "key", row.first_key, end);
    if (!with_labels) axes.x.categories.clear();
    Bars bars;
    // Neighbouring bars of a long text merge: its shape is what is read then.
    bars.width = with_labels ? 0.7 : 1;
    bars.colour = {Colour::Role::accent};
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
        bars.position.push_back(static_cast<double>(row.first_key) + static_cast<double>(i));
        bars.value.push_back(row.weights[i]);
    }
    axes.elements.push_back(std::move(bars));
    Marker even;
    even.vertical = false;
    even.value = std::exp(-row.entropy_max);
    even.label = "all equal";
    even.colour = {Colour::Role::muted};
    axes.elements.push_back(even);
    figure.axes.push_back(std::move(axes));
    if (!with_labels && row.weights.size() > 1) {
        figure.columns = 2;
        figure.axes.push_back(strongest_axes(view, row));
    }
    figure.caption = "The weight that the query gives to every token it sees; they sum to 1. Entropy " +
                     format_number(row.entropy, 4) + " of at most " + format_number(row.entropy_max, 4) +
                     " nats. Dashed: every token the same.";
    return figure;
}

Figure rows_figure(const View& view, const Rows& rows) {
    Figure figure = start_figure(view, "attention.rows");
    say(figure, gain_text(view.gain, view.every_layer));
    say(figure, "mean " + format_number(rows.mean_entropy) + "\u00a0nats");
    std::vector<double> position(rows.entropy.size());
    for (std::size_t t = 0; t < position.size(); ++t) position[t] = static_cast<double>(t);
    Axes axes;
    axes.x.label = "query token";
    axes.y.label = "entropy H";
    axes.y.unit = "nats";
    axes.legend = Axes::Legend::bottom_right;
    const double last = std::max(1.0, static_cast<double>(position.size()) - 1);
    axes.x.range = {-0.02 * last, 1.02 * last};
    Line ceiling = curve(position, widened(rows.entropy_max), {Colour::Role::muted}, 1);
    ceiling.name = "ceiling, ln of the keys seen";
    ceiling.dashed = true;
    axes.elements.push_back(std::move(ceiling));
    Line entropy = curve(position, widened(rows.entropy), {Colour::Role::series, 0}, 1.5f);
    axes.elements.push_back(std::move(entropy));
    if (view.token >= 0 && view.token < std::ssize(rows.entropy))
        add_cursor(axes, static_cast<double>(view.token), rows.entropy[static_cast<std::size_t>(view.token)]);
    figure.axes.push_back(std::move(axes));
    figure.caption = "Entropy of every row's weights. A row that sees n keys has at most ln n nats (dashed; n = t + 1 "
                     "for query t of a causal model). Point: the selected query.";
    return figure;
}

Figure gain_figure(const View& view, const GainCurves& curves) {
    Figure figure = start_figure(view, "attention.gain");
    Axes axes;
    axes.x.label = "gain";
    axes.x.scale = Scale::logarithmic;
    axes.y.label = "mean entropy H";
    axes.y.unit = "nats";
    axes.legend = Axes::Legend::bottom_left;
    if (curves.gains.empty()) {
        add_note(axes, "no gains");
        figure.axes.push_back(std::move(axes));
        return figure;
    }
    const double low = curves.gains.front(), high = curves.gains.back();
    axes.x.range = {low, high};
    axes.y.range = {-0.03 * curves.entropy_max, 1.08 * curves.entropy_max};
    if (!(curves.entropy_max > 0)) axes.y.range = {-0.03, 1.0};
    bool named = false;
    for (std::size_t h = 0; h < curves.entropy.size(); ++h) {
        if (static_cast<int>(h) == view.head) continue;
        Line other = curve(curves.gains, curves.entropy[h], {Colour::Role::muted, 0, 0.6f}, 0.6f);
        if (!named) other.name = "the layer's other heads";
        named = true;
        axes.elements.push_back(std::move(other));
    }
    Marker ceiling;
    ceiling.vertical = false;
    ceiling.value = curves.entropy_max;
    ceiling.label = "ceiling";
    ceiling.colour = {Colour::Role::muted};
    axes.elements.push_back(ceiling);
    if (low <= 1 && 1 <= high) {
        Marker model;
        model.value = 1;
        model.label = "model";
        axes.elements.push_back(model);
    }
    const bool has_head = view.head >= 0 && view.head < std::ssize(curves.entropy);
    const bool inside = view.gain >= low && view.gain <= high;
    if (inside && view.gain != 1) {
        Marker cursor;
        cursor.value = view.gain;
        cursor.label = format_number(view.gain);
        cursor.colour = {Colour::Role::accent};
        cursor.dashed = false;
        axes.elements.push_back(cursor);
    }
    if (has_head) {
        const auto head = static_cast<std::size_t>(view.head);
        if (head < curves.row_entropy.size()) {
            Line row = curve(curves.gains, curves.row_entropy[head], {Colour::Role::series, 1}, 1.2f);
            row.name = "row " + std::to_string(view.token);
            row.dashed = true;
            axes.elements.push_back(std::move(row));
            // A single row may lie above the mean of all ceilings.
            for (const double value : curves.row_entropy[head])
                (*axes.y.range)[1] = std::max((*axes.y.range)[1], 1.05 * value);
        }
        Line mean = curve(curves.gains, curves.entropy[head], {Colour::Role::series, 0}, 2);
        mean.name = "head " + std::to_string(view.head) + ", mean over rows";
        axes.elements.push_back(std::move(mean));
        if (inside) add_cursor(axes, view.gain, value_at(curves.gains, curves.entropy[head], view.gain));
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = "Mean row entropy of this head alone, its queries and keys as the model has them at gain 1, "
                     "against a multiplier of its scores, over " +
                     format_count(static_cast<std::size_t>(curves.rows_used)) + " rows. Gain 1 is the model.";
    return figure;
}

} // namespace attnscope::attention
