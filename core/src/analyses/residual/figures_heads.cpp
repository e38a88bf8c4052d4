// The pictures of spectra: r90 of every head, cumulative variance, variance by direction.
#include "analyses/residual/figure_parts.h"

#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::residual {
namespace {

std::vector<std::string> numbers(int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}

std::string head_name(const HeadSpectrum& spectrum) {
    return "layer\u00a0" + std::to_string(spectrum.layer) + ", head\u00a0" + std::to_string(spectrum.head);
}

std::vector<double> directions(std::size_t count) {
    std::vector<double> x(count);
    for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<double>(i + 1);
    return x;
}

std::string fitted_text(const View& view) {
    const Parameters& parameters = view.parameters;
    std::string text = parameters.form == Form::context ? "residual of the context"
                       : parameters.form == Form::tail  ? "tail"
                                                        : "normalised tail";
    if (parameters.top_k > 1) text += " beyond the top " + std::to_string(parameters.top_k);
    if (parameters.exclude_sink) text += ", sink excluded";
    if (parameters.centred) text += ", centred";
    if (parameters.output_weighted) text += ", weighted by the output projection";
    return text;
}

/// Curves of the layer's heads, the selected one bold; `values` of each.
void add_curves(Axes& axes, const View& view, const std::vector<HeadSpectrum>& spectra,
                std::vector<double> HeadSpectrum::*values) {
    const HeadSpectrum* const selected = selected_spectrum(view, spectra);
    bool named = false;
    for (const HeadSpectrum& spectrum : spectra) {
        if (spectrum.layer != view.layer || &spectrum == selected) continue;
        Line line;
        line.x = directions((spectrum.*values).size());
        line.y = spectrum.*values;
        line.colour = {Colour::Role::muted, 0, 0.6f};
        line.width = 0.6f;
        if (!named) line.name = "the layer's other heads";
        named = true;
        axes.elements.push_back(std::move(line));
    }
    if (!selected) return;
    Line line;
    line.name = "head " + std::to_string(selected->head);
    line.x = directions((selected->*values).size());
    line.y = selected->*values;
    line.colour = {Colour::Role::series, 0};
    line.width = 2;
    axes.elements.push_back(std::move(line));
}

void add_rank_marker(Axes& axes, int rank, const std::string& label, Colour colour, bool dashed) {
    if (rank < 1) return;
    Marker marker;
    marker.value = rank;
    marker.label = label;
    marker.colour = colour;
    marker.dashed = dashed;
    axes.elements.push_back(std::move(marker));
}

} // namespace

const HeadSpectrum* selected_spectrum(const View& view, const std::vector<HeadSpectrum>& spectra) {
    const auto found = std::find_if(spectra.begin(), spectra.end(), [&](const HeadSpectrum& spectrum) {
        return spectrum.layer == view.layer && spectrum.head == view.head;
    });
    return found == spectra.end() ? nullptr : &*found;
}

Figure map_figure(const View& view, int layers, int heads, const std::vector<HeadSpectrum>& spectra, const Plan* plan) {
    Figure figure = start_figure("residual.map");
    say(figure, fitted_text(view));
    Axes axes;
    axes.x.label = "head";
    axes.x.categories = numbers(heads);
    axes.x.range = {-0.5, heads - 0.5};
    axes.y.label = "layer";
    axes.y.categories = numbers(layers);
    axes.y.range = {-0.5, layers - 0.5};
    axes.y.reversed = true;
    if (spectra.empty() || layers < 1 || heads < 1) {
        add_note(axes, "no spectrum yet");
        figure.axes.push_back(std::move(axes));
        return figure;
    }
    HeatMap map;
    map.width = heads;
    map.height = layers;
    map.values.assign(static_cast<std::size_t>(layers) * static_cast<std::size_t>(heads), NAN);
    double sum = 0, count = 0;
    for (const HeadSpectrum& spectrum : spectra) {
        if (spectrum.r90 < 1 || spectrum.layer >= layers || spectrum.head >= heads) continue;
        map.values[static_cast<std::size_t>(spectrum.layer * heads + spectrum.head)] = static_cast<float>(spectrum.r90);
        sum += spectrum.r90;
        count += 1;
    }
    map.x_min = map.y_min = -0.5;
    map.x_max = heads - 0.5;
    map.y_max = layers - 0.5;
    map.label = "r90, directions";
    axes.elements.push_back(std::move(map));
    if (plan) {
        // Where every head of a layer is replaced, one outline holds them all.
        for (const int layer : plan->layers) {
            std::vector<int> chosen;
            for (const HeadChoice& choice : plan->heads)
                if (choice.layer == layer) chosen.push_back(choice.head);
            if (std::ssize(chosen) == heads) {
                add_outline(axes, -0.5, heads - 0.5, layer - 0.5, layer + 0.5);
                continue;
            }
            for (const int head : chosen) add_outline(axes, head - 0.5, head + 0.5, layer - 0.5, layer + 0.5);
        }
    }
    if (view.layer >= 0 && view.layer < layers && view.head >= 0 && view.head < heads) {
        Points cursor;
        cursor.x = {static_cast<double>(view.head)};
        cursor.y = {static_cast<double>(view.layer)};
        cursor.colour = {Colour::Role::accent};
        cursor.size = 1.6f;
        axes.elements.push_back(std::move(cursor));
    }
    if (count > 0)
        say(figure, "mean " + format_number(sum / count) + " of " + format_count(spectra.front().cumulative.size()));
    figure.axes.push_back(std::move(axes));
    figure.caption = "Smallest number of directions with 90 % of the variance of each head's residual in " +
                     view.model_name + ". Outlined: heads that are replaced. Hatched: not computed.";
    return figure;
}

Figure variance_figure(const View& view, const std::vector<HeadSpectrum>& spectra) {
    Figure figure = start_figure("residual.variance");
    const HeadSpectrum* const selected = selected_spectrum(view, spectra);
    Axes axes;
    axes.x.label = "directions";
    axes.y.label = "share of the variance";
    axes.y.range = {0.0, 1.04};
    axes.legend = Axes::Legend::bottom_right;
    if (!selected) {
        add_note(axes, "no spectrum of layer " + std::to_string(view.layer) + ", head " + std::to_string(view.head));
        figure.axes.push_back(std::move(axes));
        return figure;
    }
    say(figure, head_name(*selected));
    if (selected->r90 > 0) say(figure, "r90\u00a0" + std::to_string(selected->r90));
    axes.x.range = {0.5, static_cast<double>(selected->cumulative.size()) + 0.5};
    Marker share;
    share.vertical = false;
    share.value = 0.9;
    share.label = "90 %";
    axes.elements.push_back(std::move(share));
    add_rank_marker(axes, selected->r90, "r90 = " + std::to_string(selected->r90), {Colour::Role::critical}, true);
    if (view.rank != selected->r90)
        add_rank_marker(axes, view.rank, "rank " + std::to_string(view.rank), {Colour::Role::accent}, false);
    add_curves(axes, view, spectra, &HeadSpectrum::cumulative);
    figure.axes.push_back(std::move(axes));
    figure.caption = "Share of the variance of the residual in its leading directions, by head of the layer (" +
                     fitted_text(view) + ").";
    return figure;
}

Figure spectrum_figure(const View& view, const std::vector<HeadSpectrum>& spectra) {
    Figure figure = start_figure("residual.spectrum");
    const HeadSpectrum* const selected = selected_spectrum(view, spectra);
    Axes axes;
    axes.x.label = "direction";
    axes.y.label = "variance along it";
    axes.y.scale = Scale::logarithmic;
    axes.legend = Axes::Legend::bottom_left;
    const bool any = selected && !selected->variance.empty() && selected->variance.front() > 0;
    if (!any) {
        axes.y.scale = Scale::linear;
        add_note(axes, selected ? "no residual at all"
                                : "no spectrum of layer " + std::to_string(view.layer) + ", head " +
                                      std::to_string(view.head));
        figure.axes.push_back(std::move(axes));
        return figure;
    }
    say(figure, head_name(*selected));
    double sum = 0, squares = 0;
    for (const double variance : selected->variance) {
        sum += variance;
        squares += variance * variance;
    }
    say(figure, "participation ratio\u00a0" + format_number(sum * sum / squares));
    if (std::isfinite(selected->two_nn))
        say(figure, "TwoNN\u00a0" + format_number(selected->two_nn) + " of " +
                        format_count(static_cast<std::size_t>(selected->two_nn_points)) + " residuals");
    // What is rounding would stretch the axis over many empty decades.
    std::vector<HeadSpectrum> shown;
    for (const HeadSpectrum& spectrum : spectra) {
        if (spectrum.layer != view.layer) continue;
        shown.push_back(spectrum);
        const double floor = 1e-9 * selected->variance.front();
        for (double& variance : shown.back().variance)
            if (!(variance > floor)) variance = NAN;
    }
    axes.x.range = {0.5, static_cast<double>(selected->variance.size()) + 0.5};
    add_rank_marker(axes, view.rank, "rank " + std::to_string(view.rank), {Colour::Role::accent}, false);
    add_curves(axes, view, shown, &HeadSpectrum::variance);
    figure.axes.push_back(std::move(axes));
    figure.caption =
        "Variance of the residual along each of its directions, largest first, a mean over the tokens it was "
        "fitted on (" +
        fitted_text(view) + ").";
    return figure;
}

} // namespace attnscope::residual
