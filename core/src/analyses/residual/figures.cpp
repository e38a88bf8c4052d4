// The pictures of the low-rank workspace: the curve over ranks, and what the tokens of a block pay.
#include "analyses/residual/figure_parts.h"

#include "base/none.h"
#include "drawing/scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace attnscope::residual {
namespace {

constexpr std::array<PanelName, 5> panels{{{"residual.curve", "Rank curve"},
                                           {"residual.map", "r90 of heads"},
                                           {"residual.variance", "Cumulative variance"},
                                           {"residual.text", "What tokens pay"},
                                           {"residual.spectrum", "Spectrum"}}};

/// Finished points by rank.
std::vector<const CurvePoint*> by_rank(const Result& result) {
    std::vector<const CurvePoint*> points;
    for (const CurvePoint& point : result.curve) points.push_back(&point);
    std::sort(points.begin(), points.end(), [](const CurvePoint* a, const CurvePoint* b) { return a->rank < b->rank; });
    return points;
}

/// Ranks stand side by side whatever lies between them: 0 has a place, and 1, 2, 4 … are evenly apart.
Axis rank_axis(const std::vector<int>& ranks) {
    Axis axis;
    axis.label = "rank of the residual that is kept";
    for (const int rank : ranks) axis.categories.push_back(std::to_string(rank));
    axis.range = {-0.4, static_cast<double>(std::max<std::size_t>(ranks.size(), 1)) - 0.6};
    return axis;
}

Line curve(std::string name, Colour colour) {
    Line line;
    line.name = std::move(name);
    line.colour = colour;
    line.width = 1.6f;
    line.markers = true;
    return line;
}

void add_level(Axes& axes, double value, const char* label, Colour colour) {
    Marker marker;
    marker.vertical = false;
    marker.value = value;
    marker.label = label;
    marker.colour = colour;
    axes.elements.push_back(std::move(marker));
}

void add_rank_cursor(Axes& axes, const std::vector<int>& ranks, int rank) {
    const auto place = std::find(ranks.begin(), ranks.end(), rank);
    if (place == ranks.end()) return;
    Marker cursor;
    cursor.value = static_cast<double>(place - ranks.begin());
    cursor.label = "rank " + std::to_string(rank);
    cursor.colour = {Colour::Role::accent};
    cursor.dashed = false;
    axes.elements.push_back(std::move(cursor));
}

std::string blocks_text(const Result& result) {
    return format_count(static_cast<std::size_t>(result.plan.blocks)) + " blocks, basis from " +
           format_count(static_cast<std::size_t>(result.plan.calibration_blocks)) +
           (result.plan.leaks ? " of them" : " others");
}

/// The tokens that pay most, most on top.
Axes dearest_axes(const View& view, const std::vector<float>& costs, std::size_t first_token) {
    constexpr std::size_t shown_tokens = 12;
    std::vector<std::size_t> order;
    for (std::size_t t = 0; t < costs.size(); ++t)
        if (std::isfinite(costs[t])) order.push_back(t);
    const std::size_t shown = std::min(order.size(), shown_tokens);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) { return costs[a] != costs[b] ? costs[a] > costs[b] : a < b; });
    Axes axes;
    axes.title = "pay most";
    axes.x.label = "ΔNLL";
    axes.x.unit = "nats";
    axes.y.reversed = true;
    Bars bars;
    bars.horizontal = true;
    bars.colour = {Colour::Role::accent};
    for (std::size_t i = 0; i < shown; ++i) {
        const std::size_t token = first_token + order[i];
        const std::string place = std::to_string(order[i]);
        axes.y.categories.push_back(token < view.tokens.size() ? short_token(view.tokens[token]) + " · " + place
                                                               : "token " + place);
        bars.position.push_back(static_cast<double>(i));
        bars.value.push_back(costs[order[i]]);
    }
    axes.elements.push_back(std::move(bars));
    return axes;
}

} // namespace

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(panels);
    return ids;
}

const char* panel_title(std::string_view panel_id) {
    return title_of(panels, panel_id);
}

const CurvePoint* selected_point(const View& view, const Result& result) {
    const CurvePoint* nearest = nullptr;
    for (const CurvePoint& point : result.curve)
        if (!nearest || std::abs(point.rank - view.rank) < std::abs(nearest->rank - view.rank)) nearest = &point;
    return nearest;
}

std::vector<float> token_costs(const View& view, const Result& result) {
    const CurvePoint* const point = selected_point(view, result);
    if (!point || view.block < 0 || view.block >= result.plan.blocks) return {};
    const std::vector<float>&now = point->loss.token_nll, &before = result.baseline.token_nll;
    const std::size_t predicted = before.size() / static_cast<std::size_t>(result.plan.blocks);
    std::vector<float> costs{std::numeric_limits<float>::quiet_NaN()};
    for (std::size_t t = 0; t < predicted; ++t) {
        const std::size_t place = static_cast<std::size_t>(view.block) * predicted + t;
        costs.push_back(now[place] - before[place]);
    }
    return costs;
}

Figure start_figure(std::string_view panel) {
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    return figure;
}

Figure curve_figure(const View& view, const Result& result) {
    Figure figure = start_figure("residual.curve");
    figure.columns = 2;
    say(figure, blocks_text(result));
    const std::vector<const CurvePoint*> points = by_rank(result);
    std::vector<int> ranks = result.plan.ranks;
    std::sort(ranks.begin(), ranks.end());
    Axes cost, recovered;
    cost.x = recovered.x = rank_axis(ranks);
    cost.y.label = "ΔPPL over the model";
    recovered.y.label = "of what top-1 costs, recovered";
    recovered.y.unit = "%";
    Line perplexity = curve("", {Colour::Role::series, 0}), share = curve("perplexity", {Colour::Role::series, 0});
    Line loss = curve("loss", {Colour::Role::series, 1});
    loss.dashed = true;
    loss.width = 1; // perplexity leads
    for (const CurvePoint* const point : points) {
        const auto place = static_cast<double>(std::find(ranks.begin(), ranks.end(), point->rank) - ranks.begin());
        perplexity.x.push_back(place);
        perplexity.y.push_back(point->loss.delta_ppl);
        share.x.push_back(place);
        share.y.push_back(point->recovered_ppl);
        loss.x.push_back(place);
        loss.y.push_back(point->recovered_nll);
    }
    const bool has_top1 = std::isfinite(result.top1.delta_ppl);
    if (has_top1) {
        double low = 0, high = result.top1.delta_ppl;
        for (const double value : perplexity.y) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
        const double span = std::max(high - low, 1e-9);
        cost.y.range = {low - 0.05 * span, high + 0.12 * span};
        add_level(cost, result.top1.delta_ppl, "A: top-1", {Colour::Role::critical});
        add_level(cost, 0, "B: full", {Colour::Role::muted});
    }
    const bool applies = top1_hurts(result.baseline, result.top1);
    if (applies) {
        double low = 0, high = 105;
        for (const std::vector<double>* const values : {&share.y, &loss.y})
            for (const double value : *values) {
                low = std::min(low, value);
                high = std::max(high, value);
            }
        recovered.y.range = {low - 3, high + 5};
        add_level(recovered, 90, "90 %", {Colour::Role::critical});
        recovered.legend = Axes::Legend::bottom_right;
    } else {
        add_note(recovered, has_top1 ? "top-1 does not hurt" : "computing");
    }
    add_rank_cursor(cost, ranks, view.rank);
    add_rank_cursor(recovered, ranks, view.rank);
    cost.elements.push_back(std::move(perplexity));
    if (applies) {
        recovered.elements.push_back(std::move(loss));
        recovered.elements.push_back(std::move(share));
    }
    if (has_top1 && result.finished()) say(figure, verdict(result).text());
    figure.axes.push_back(std::move(cost));
    figure.axes.push_back(std::move(recovered));
    figure.caption =
        "Attention outputs of " + format_count(result.plan.heads.size()) + " heads in " +
        format_count(result.plan.layers.size()) + " layers of " + view.model_name +
        " replaced by the value at the largest weight (A) and by it plus the residual's part in its r "
        "leading directions. Perplexity over " +
        blocks_text(result) + " of " + format_count(static_cast<std::size_t>(view.parameters.seq_len)) + " tokens" +
        (std::isfinite(result.baseline.ppl) ? "; the model's own is " + format_number(result.baseline.ppl) : "") +
        (result.plan.leaks ? ". The basis has seen the text it is judged on." : ".");
    return figure;
}

Figure text_figure(const View& view, const Result& result) {
    constexpr std::size_t labelled = 48;
    Figure figure = start_figure("residual.text");
    const CurvePoint* const point = selected_point(view, result);
    const std::vector<float> costs = token_costs(view, result);
    say(figure, "block\u00a0" + std::to_string(view.block));
    Axes axes;
    axes.x.label = "token of the block";
    axes.y.label = "ΔNLL";
    axes.y.unit = "nats";
    if (costs.empty()) {
        add_note(axes, "no rank was computed yet");
        figure.axes.push_back(std::move(axes));
        return figure;
    }
    say(figure, "rank\u00a0" + std::to_string(point->rank));
    const std::size_t first = static_cast<std::size_t>(view.block) * costs.size();
    Bars bars;
    bars.width = costs.size() <= labelled ? 0.7 : 1;
    bars.colour = {Colour::Role::accent};
    double sum = 0;
    for (std::size_t t = 1; t < costs.size(); ++t) {
        bars.position.push_back(static_cast<double>(t));
        bars.value.push_back(costs[t]);
        sum += costs[t];
    }
    if (costs.size() <= labelled)
        for (std::size_t t = 0; t < costs.size() && first + t < view.tokens.size(); ++t)
            axes.x.categories.push_back(short_token(view.tokens[first + t]));
    axes.x.range = {-0.6, static_cast<double>(costs.size()) - 0.4};
    axes.elements.push_back(std::move(bars));
    figure.axes.push_back(std::move(axes));
    if (costs.size() > labelled) {
        figure.columns = 2;
        figure.axes.push_back(dearest_axes(view, costs, first));
    }
    figure.caption = "By how much the loss of every token of the block rises when the chosen heads keep " +
                     std::to_string(point->rank) + " directions of their residual; in the mean " +
                     format_number(sum / static_cast<double>(costs.size() - 1)) +
                     " nats. The first token is predicted by nothing.";
    return figure;
}

} // namespace attnscope::residual
