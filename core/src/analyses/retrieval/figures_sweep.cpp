// Entropy against β, and the way up and down.
#include "analyses/retrieval/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::retrieval {
namespace {

std::vector<double> relative_to(const std::vector<double>& values, double whole) {
    std::vector<double> shares(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        shares[i] = whole > 0 ? values[i] / whole : std::numeric_limits<double>::quiet_NaN();
    return shares;
}

void add_curve(Axes& axes, std::string name, const std::vector<double>& x, std::vector<double> y, Colour colour,
               float width, bool dashed = false) {
    Line line;
    line.name = std::move(name);
    line.x = x;
    line.y = std::move(y);
    line.colour = colour;
    line.width = width;
    line.dashed = dashed;
    axes.elements.push_back(std::move(line));
}

void add_point(Axes& axes, double x, double y, Colour colour, float size) {
    if (!std::isfinite(y)) return;
    Points point;
    point.x = {x};
    point.y = {y};
    point.colour = colour;
    point.size = size;
    axes.elements.push_back(point);
}

constexpr double entropy_low = -0.03, entropy_high = 1.08;

/// Hatches what lies around each β where a followed state has not settled, half way to its neighbours.
void add_unsettled(Axes& axes, const Sweep& sweep, std::array<double, 2> y) {
    Band band;
    band.hatched = true;
    band.colour = {Colour::Role::muted, 0, 0.5f};
    const auto add = [&](double x) {
        band.x.push_back(x);
        band.low.push_back(y[0]);
        band.high.push_back(y[1]);
    };
    const auto& betas = sweep.betas;
    for (std::size_t b = 0; b < betas.size(); ++b) {
        if (sweep.comparable(b)) continue;
        if (!band.x.empty()) add(std::numeric_limits<double>::quiet_NaN());
        add(b > 0 ? std::sqrt(betas[b - 1] * betas[b]) : betas[b]);
        add(b + 1 < betas.size() ? std::sqrt(betas[b] * betas[b + 1]) : betas[b]);
    }
    if (!band.x.empty()) axes.elements.insert(axes.elements.begin(), std::move(band)); // under everything
}

} // namespace

Figure entropy_figure(const View& view, const Spectrum& spectrum, const Sweep& sweep) {
    Figure figure = start_figure(view, "retrieval.entropy");
    say(figure, choice_name(view.mode));
    Axes axes;
    axes.x = beta_figure_axis();
    axes.y.label = "entropy H / ln n";
    axes.y.range = {entropy_low, entropy_high};
    axes.legend = Axes::Legend::bottom_left;
    const std::size_t steps = sweep.entropy.size();
    const std::size_t selected = weights_step(view.step, steps + 1) - (steps > 0 ? 1 : 0);
    if (steps > 0 && !sweep.betas.empty()) {
        const double low = sweep.betas.front(), high = sweep.betas.back();
        axes.x.range = {low, high};
        bool named = false;
        for (std::size_t t = 0; t < steps; ++t) {
            if (t == selected) continue;
            const std::string name = named        ? ""
                                     : steps == 2 ? "the other step"
                                                  : "the other steps of 1 … " + std::to_string(steps);
            add_curve(axes, name, sweep.betas, relative_to(sweep.entropy[t], sweep.entropy_max),
                      {Colour::Role::muted, 0, 0.75f}, 0.6f);
            named = true;
        }
        const auto bold = relative_to(sweep.entropy[selected], sweep.entropy_max);
        add_mode_ticks(axes, spectrum, low, high, 1.02, 1.05);
        add_beta_markers(axes, view, spectrum, low, high);
        add_curve(axes, "step " + std::to_string(selected + 1), sweep.betas, bold, {Colour::Role::accent}, 2);
        add_point(axes, view.beta, value_at(sweep.betas, bold, view.beta), {Colour::Role::accent}, 1.6f);
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = "Entropy of the softmax weights as a share of ln n, one curve a step from the query, at " +
                     std::to_string(sweep.betas.size()) + " values of β. " + exact_over(memory_count(view, &spectrum)) +
                     " " + beta_critical_note();
    return figure;
}

Figure hysteresis_figure(const View& view, const Spectrum& spectrum, const Sweep& sweep) {
    Figure figure = start_figure(view, "retrieval.hysteresis");
    say(figure, choice_name(view.mode));
    figure.columns = 2;
    Axes entropy, norm;
    for (Axes* axes : {&entropy, &norm}) {
        axes->x = beta_figure_axis();
        if (!sweep.betas.empty()) axes->x.range = {sweep.betas.front(), sweep.betas.back()};
    }
    entropy.y.label = "entropy H / ln n";
    entropy.y.range = {entropy_low, entropy_high};
    entropy.legend = Axes::Legend::bottom_left;
    norm.y.label = "norm ‖q‖";
    const bool followed = !sweep.betas.empty() && sweep.entropy_up.size() == sweep.betas.size() &&
                          sweep.settled_up.size() == sweep.betas.size();
    const auto add_branches = [&](Axes& axes, const std::vector<double>& up, const std::vector<double>& down) {
        if (!followed) {
            Annotation note;
            note.x = note.y = 0.5;
            note.axes_fraction = true;
            note.anchor = Annotation::Anchor::centre;
            note.text = "the sweep was not followed up and down";
            note.colour = {Colour::Role::muted};
            axes.elements.push_back(note);
            return;
        }
        // Where the branches part, the state depends on where it came from.
        Band gap;
        gap.x = sweep.betas;
        for (std::size_t i = 0; i < up.size(); ++i) {
            // Two states that are still moving have no gap between them.
            const double none = std::numeric_limits<double>::quiet_NaN();
            gap.low.push_back(sweep.comparable(i) ? std::min(up[i], down[i]) : none);
            gap.high.push_back(sweep.comparable(i) ? std::max(up[i], down[i]) : none);
        }
        gap.colour = {Colour::Role::muted, 0, 0.25f};
        axes.elements.push_back(gap);
        add_beta_markers(axes, view, spectrum, sweep.betas.front(), sweep.betas.back());
        add_curve(axes, "β rising", sweep.betas, up, {Colour::Role::series, 0}, 1.6f);
        add_curve(axes, "β falling", sweep.betas, down, {Colour::Role::series, 1}, 1.6f, true);
        if (!axes.y.range) axes.y.range = data_range(axes, false);
        add_unsettled(axes, sweep, *axes.y.range);
    };
    add_branches(entropy, relative_to(sweep.entropy_up, sweep.entropy_max),
                 relative_to(sweep.entropy_down, sweep.entropy_max));
    add_branches(norm, sweep.norm_up, sweep.norm_down);
    figure.axes = {std::move(entropy), std::move(norm)};
    figure.caption = "The state followed as β rises through the table and falls back, each started from the one "
                     "before, until it has settled; between settled branches (grey) the fixed point depends on the "
                     "way. ";
    if (followed && sweep.unsettled() > 0) {
        say(figure, std::to_string(sweep.unsettled()) + " of " + std::to_string(sweep.betas.size()) +
                        " β not settled (hatched)");
        figure.caption += "Hatched: a state that has not settled after " + std::to_string(sweep.follow_steps) +
                          " steps is no fixed point, and no gap is drawn there. ";
    } else if (followed) {
        figure.caption += "Every state has settled within " + std::to_string(sweep.follow_steps) + " steps. ";
    }
    figure.caption += exact_over(memory_count(view, &spectrum)) + " " + beta_critical_note();
    return figure;
}

Figure origin_figure(const View& view, const Spectrum& spectrum, const std::vector<OriginTest>& tests) {
    Figure figure = start_figure(view, "retrieval.origin", false);
    figure.columns = 2;
    Axes norm, growth;
    norm.x.label = growth.x.label = "step t";
    norm.y.label = "norm ‖q‖";
    norm.y.scale = Scale::logarithmic;
    // Between decay and growth there is room for the names.
    growth.legend = Axes::Legend::bottom_right;
    growth.y.label = "growth ‖q′‖ / ‖q‖";
    growth.y.scale = Scale::logarithmic;
    double last_step = 1, low = 0, high = 0, epsilon = 0;
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const OriginTest& test = tests[i];
        const Colour colour{Colour::Role::series, static_cast<int>(i)};
        Line norms, growths;
        for (const OriginStep& step : test.steps) {
            norms.x.push_back(step.t);
            norms.y.push_back(step.norm);
            growths.x.push_back(step.t);
            growths.y.push_back(step.amplification);
        }
        if (!test.steps.empty()) {
            norms.x.push_back(test.steps.back().t + 1);
            norms.y.push_back(test.steps.back().norm_next);
            last_step = std::max(last_step, norms.x.back());
        }
        for (const double value : norms.y) {
            if (!(value > 0)) continue;
            low = low == 0 ? value : std::min(low, value);
            high = std::max(high, value);
        }
        epsilon = test.epsilon;
        growths.name = beta_text(test.beta) + ", βλ₁ " + format_number(test.beta * spectrum.lambda_max);
        norms.colour = growths.colour = colour;
        norms.width = growths.width = 1.4f;
        norms.markers = growths.markers = true;
        norm.elements.push_back(std::move(norms));
        growth.elements.push_back(std::move(growths));
    }
    const double escape = OriginRequest{}.escape;
    if (epsilon > 0) {
        Marker line;
        line.vertical = false;
        line.value = escape * epsilon;
        line.label = "escape, " + format_number(escape) + " ε";
        norm.elements.push_back(line);
        norm.y.range = {std::min(low, epsilon) / 2, std::max(high, line.value) * 3};
    }
    Marker neutral;
    neutral.vertical = false;
    neutral.value = 1;
    neutral.label = "neutral";
    neutral.colour = {Colour::Role::muted};
    growth.elements.push_back(neutral);
    norm.x.range = growth.x.range = {-0.03 * last_step, 1.03 * last_step};
    figure.axes = {std::move(norm), std::move(growth)};
    if (epsilon > 0) say(figure, "start at distance ε = " + format_number(epsilon) + " from the centroid");
    figure.caption = "The centred map iterated from near the centroid. Below β_c (βλ₁ < 1) the state returns, above "
                     "it escapes. " +
                     exact_over(memory_count(view, &spectrum));
    return figure;
}

} // namespace attnscope::retrieval
