#include "analyses/alignment/figure_parts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::alignment {

namespace {

constexpr std::array<PanelName, 8> panels{{{"alignment.map", "Layers"},
                                           {"alignment.profile", "Anchor profile"},
                                           {"alignment.signs", "Sign agreement"},
                                           {"alignment.angles", "Principal angles"},
                                           {"alignment.heads", "One map a head"},
                                           {"alignment.spectra", "Spectra"},
                                           {"alignment.matched", "Matched heads"},
                                           {"alignment.verdict", "Verdict"}}};

struct QuantityName {
    const char *name, *title;
};
constexpr std::array<QuantityName, 4> quantities{{{"cos", "cosine"},
                                                  {"mean_cos_pa", "mean cosine of principal angles"},
                                                  {"min_cos_pa", "smallest cosine of principal angles"},
                                                  {"top1_overlap", "overlap of first directions"}}};

} // namespace

const char* const no_directions = "no eigendirections here";

const char* quantity_title(Quantity quantity) noexcept {
    return quantities[static_cast<std::size_t>(quantity)].title;
}

const std::vector<double>& table_of(const Comparison& comparison, Quantity quantity) {
    switch (quantity) {
    case Quantity::mean_cos_pa: return comparison.mean_cos_pa;
    case Quantity::min_cos_pa: return comparison.min_cos_pa;
    case Quantity::top1_overlap: return comparison.top1_overlap;
    case Quantity::cos: break;
    }
    return comparison.cos;
}

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(panels);
    return ids;
}

const char* panel_title(std::string_view panel_id) {
    return title_of(panels, panel_id);
}

int anchor_of(const View& view, const Shown& shown) {
    const int layers = shown.operators.layers;
    return std::clamp(view.anchor < 0 ? view.anchor + layers : view.anchor, 0, layers - 1);
}

Figure start_figure(std::string_view panel, const View& view, const Shown& shown) {
    const Operators& operators = shown.operators;
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    figure.subtitle = operators.name;
    say(figure, operators.kind == Operator::qk ? "QK operators" : "OV operators");
    if (operators.norm_gain) say(figure, "norm's gain folded in");
    say(figure,
        view.head < 0 ? "mean of " + std::to_string(operators.heads) + " heads" : "head " + std::to_string(view.head));
    say(figure, "anchor " + std::to_string(anchor_of(view, shown)));
    return figure;
}

Axis layer_axis(int layers, const char* label) {
    Axis axis;
    axis.label = label;
    axis.range = {-0.5, layers - 0.5};
    return axis;
}

std::vector<double> layer_numbers(int layers) {
    std::vector<double> numbers;
    for (int layer = 0; layer < layers; ++layer) numbers.push_back(layer);
    return numbers;
}

Line curve(const char* name, std::vector<double> x, std::vector<double> y, int colour) {
    Line line;
    line.name = name;
    line.x = std::move(x);
    line.y = std::move(y);
    line.colour = {Colour::Role::series, colour};
    line.markers = true;
    return line;
}

Line anchor_curve(const char* name, std::vector<double> y, int colour, int anchor) {
    y[static_cast<std::size_t>(anchor)] = std::nan("");
    const int layers = static_cast<int>(y.size());
    return curve(name, layer_numbers(layers), std::move(y), colour);
}

void add_chance(Axes& axes, const char* name, const Range& range, int layers, int colour) {
    if (!std::isfinite(range.low) || !std::isfinite(range.high)) return;
    Band band;
    band.name = name;
    band.x = {-0.5, layers - 0.5};
    band.low.assign(2, range.low);
    band.high.assign(2, range.high);
    band.colour = {Colour::Role::series, colour, 0.45f};
    axes.elements.insert(axes.elements.begin(), std::move(band));
}

void add_layers(Axes& axes, const View& view, const Shown& shown) {
    const int anchor = anchor_of(view, shown);
    Marker marker;
    marker.value = anchor;
    marker.label = "anchor";
    marker.colour = {Colour::Role::text, 0, 0.7f};
    axes.elements.push_back(marker);
    if (view.layer == anchor || view.layer < 0 || view.layer >= shown.operators.layers) return;
    marker.value = view.layer;
    marker.label = "layer";
    marker.colour = {Colour::Role::accent};
    axes.elements.push_back(marker);
}

std::string operator_note(const Operators& operators) {
    std::string note =
        operators.kind == Operator::qk
            ? "g = W_K^T W_Q of a head, from weights alone: rotary positions, biases and norms of queries "
              "and keys are ignored."
            : "g = W_O W_V of a head, from weights alone.";
    if (operators.norm_gain) note += " The gain of the norm before attention is folded in.";
    return note + " Heads are compared by their index.";
}

} // namespace attnscope::alignment
