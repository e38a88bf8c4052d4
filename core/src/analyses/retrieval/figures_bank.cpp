// Pictures of the bank itself: the spectrum of its covariance, and how well its memories are kept apart.
#include "analyses/retrieval/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::retrieval {

Figure spectrum_figure(const View& view, const Spectrum& spectrum) {
    Figure figure = start_figure(view, "retrieval.spectrum", false);
    figure.columns = 2;
    Line eigenvalues, thresholds, unstable;
    double sum = 0, squares = 0, lost = 0;
    for (std::size_t k = 0; k < spectrum.eigenvalues.size(); ++k) {
        const double value = spectrum.eigenvalues[k];
        sum += value;
        squares += value * value;
        // Below this, an eigenvalue is the rounding of a zero.
        if (!(value > 1e-12 * spectrum.lambda_max)) continue;
        eigenvalues.x.push_back(static_cast<double>(k + 1));
        eigenvalues.y.push_back(value);
        thresholds.x.push_back(static_cast<double>(k + 1));
        thresholds.y.push_back(1 / value);
        if (1 / value < view.beta) {
            unstable.x.push_back(static_cast<double>(k + 1));
            unstable.y.push_back(1 / value);
            ++lost;
        }
    }
    Axes left, right;
    left.x.label = right.x.label = "mode k";
    left.y.label = "eigenvalue λₖ of C";
    right.y.label = "1/λₖ";
    for (Axes* axes : {&left, &right}) {
        axes->x.scale = axes->y.scale = Scale::logarithmic;
        axes->x.range = {0.85, std::max(2.0, eigenvalues.x.empty() ? 2.0 : eigenvalues.x.back() * 1.15)};
    }
    eigenvalues.colour = thresholds.colour = {Colour::Role::series, 0};
    eigenvalues.width = thresholds.width = 1.2f;
    eigenvalues.markers = thresholds.markers = eigenvalues.x.size() <= 64;
    right.legend = Axes::Legend::bottom_right;
    right.elements.push_back(std::move(thresholds));
    left.elements.push_back(std::move(eigenvalues));
    if (lost > 0) {
        unstable.name = "unstable at " + beta_text(view.beta);
        unstable.colour = {Colour::Role::critical};
        unstable.width = 2;
        unstable.markers = true;
        right.elements.push_back(std::move(unstable));
    }
    if (spectrum.beta_critical) {
        Marker critical;
        critical.vertical = false;
        critical.value = *spectrum.beta_critical;
        critical.label = "β_c " + format_number(critical.value);
        right.elements.push_back(critical);
    }
    Marker cursor;
    cursor.vertical = false;
    cursor.value = view.beta;
    cursor.label = beta_text(view.beta);
    cursor.colour = {Colour::Role::accent};
    cursor.dashed = false;
    // The cursor widens the axis at most as far as the slider goes.
    const auto range = data_range(Axes{right}, false);
    right.y.range = {std::min(range[0], std::max(view.beta / 1.5, range[0] / 12)), range[1]};
    right.elements.push_back(cursor);
    if (spectrum.beta_critical) {
        say(figure, "λ₁ = " + format_number(spectrum.lambda_max));
        say(figure, "β_c = 1/λ₁ = " + format_number(*spectrum.beta_critical));
    }
    if (squares > 0) say(figure, "participation (Σλ)²/Σλ² = " + format_number(sum * sum / squares));
    figure.axes = {std::move(left), std::move(right)};
    figure.caption = "Eigenvalues of the covariance C = M̃ᵀM̃/n, and the β at which the centroid loses stability along "
                     "each. Exact: over all " +
                     format_count(memory_count(view, &spectrum)) + " memories. " + beta_critical_note();
    return figure;
}

Figure separation_figure(const View& view, const Separation& separation) {
    Figure figure = start_figure(view, "retrieval.separation", false);
    Axes axes;
    const char* const space = separation.centered ? "centred memories" : "raw memories";
    axes.x.label = std::string("separation Δ_i = ⟨m_i, m_i⟩ − max ⟨m_i, m_j⟩ (") + space + ")";
    axes.y.label = "memories";
    const auto [smallest, largest] = std::minmax_element(separation.delta.begin(), separation.delta.end());
    if (!separation.delta.empty()) {
        // Freedman and Diaconis's width from the quartiles, on a grid with an edge at zero: a bar is all below or all
        // above it.
        std::vector<float> sorted = separation.delta;
        std::sort(sorted.begin(), sorted.end());
        const double quartiles = sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4];
        const double span = *largest - *smallest;
        double width = 2 * quartiles / std::cbrt(static_cast<double>(sorted.size()));
        width = std::clamp(width, span / 80, std::max(span / 8, span / 80));
        if (!(width > 0)) width = std::max(std::abs(static_cast<double>(*largest)), 1e-6) / 10;
        const double first = std::floor(*smallest / width), last = std::floor(*largest / width);
        std::vector<double> counts(static_cast<std::size_t>(last - first) + 1, 0.0);
        for (const float delta : separation.delta) {
            const double bin = std::clamp(std::floor(delta / width) - first, 0.0, last - first);
            counts[static_cast<std::size_t>(bin)] += 1;
        }
        Bars below, above;
        below.name = "another memory is nearer";
        above.name = "own nearest";
        below.colour = {Colour::Role::series, 1};
        above.colour = {Colour::Role::series, 0};
        below.width = above.width = width;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            Bars& bars = first + static_cast<double>(i) < 0 ? below : above;
            bars.position.push_back((first + static_cast<double>(i) + 0.5) * width);
            bars.value.push_back(counts[i]);
        }
        if (!below.position.empty()) axes.elements.push_back(std::move(below));
        if (!above.position.empty()) axes.elements.push_back(std::move(above));
        axes.legend = Axes::Legend::top_right;
        axes.y.range = {0, 1.12 * *std::max_element(counts.begin(), counts.end())};
        Marker median;
        median.value = separation.median;
        median.label = "median " + format_number(separation.median);
        median.colour = {Colour::Role::text};
        axes.elements.push_back(median);
    }
    say(figure, separation.exact
                    ? "all " + format_count(separation.total) + " memories"
                    : format_count(separation.sampled) + " of " + format_count(separation.total) + " memories");
    if (separation.sampled > 0)
        say(figure, format_number(
                        100.0 * static_cast<double>(separation.negative) / static_cast<double>(separation.sampled), 2) +
                        " % negative");
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string("How far each memory stands from the one most like it, products of ") +
                     (separation.centered ? "the centred memories M̃, the keys of every mode but raw; "
                                          : "the memories M as they are, the keys of mode raw; ") +
                     std::string(separation.exact ? "exact: every memory against all others."
                                                  : "sampled: " + format_count(separation.sampled) +
                                                        " memories drawn at random, each against all " +
                                                        format_count(separation.total) + ".");
    return figure;
}

} // namespace attnscope::retrieval
