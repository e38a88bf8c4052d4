#include "analyses/cv/figure_parts.h"

#include "drawing/scale.h"

#include <attnscope/cv_recipe.h>

#include <algorithm>
#include <cmath>

namespace attnscope::cv {
namespace {

struct KindName {
    Kind kind;
    const char* title;
    int colour;
};
constexpr std::array<KindName, 11> kinds{{{Kind::embedding, "embedding", 3},
                                          {Kind::query, "Q weights", 0},
                                          {Kind::key, "K weights", 1},
                                          {Kind::value, "V weights", 2},
                                          {Kind::out_proj, "output projection", 6},
                                          {Kind::act_query, "Q activations", 0},
                                          {Kind::act_key, "K activations", 1},
                                          {Kind::act_value, "V activations", 2},
                                          {Kind::act_post, "head outputs", 5},
                                          {Kind::act_emb, "embedded tokens", 3},
                                          {Kind::residual, "residual stream", 4}}};

const KindName& named(Kind kind) {
    for (const KindName& entry : kinds)
        if (entry.kind == kind) return entry;
    static constexpr KindName other{Kind::other, "matrix", 7};
    return other;
}

constexpr std::array<PanelName, 8> panels{{{"cv.band", "Bands"},
                                           {"cv.map", "CV of heads"},
                                           {"cv.volumes", "Volumes"},
                                           {"cv.dimension", "CV against dimension"},
                                           {"cv.table", "Table"},
                                           {"cv.training", "Experiment"},
                                           {"cv.grid", "Configurations"},
                                           {"cv.relation", "CV against head_dim"}}};

} // namespace

const char* kind_title(Kind kind) noexcept {
    return named(kind).title;
}

bool has_layers(Kind kind) noexcept {
    return kind != Kind::other && kind != Kind::embedding && kind != Kind::act_emb;
}
bool has_heads(Kind kind) noexcept {
    return has_layers(kind) && kind != Kind::out_proj && kind != Kind::residual;
}

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(panels);
    return ids;
}
const char* panel_title(std::string_view panel_id) {
    return title_of(panels, panel_id);
}
bool is_experiment_panel(std::string_view panel_id) {
    return panel_id == "cv.training" || panel_id == "cv.grid" || panel_id == "cv.relation";
}

Figure start_figure(std::string_view panel) {
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    return figure;
}

std::string sampled_text(const Parameters& parameters, std::size_t rows) {
    if (parameters.exact) return "every simplex of the pool";
    std::string text = format_count(parameters.samples);
    if (rows > 0) text += " of " + format_number(static_cast<double>(simplex_count(rows, parameters.points)), 2);
    return text + " simplices" + (rows > 0 ? "" : " a matrix");
}

std::string error_text(const Parameters& parameters) {
    if (parameters.exact || parameters.samples == 0) return "exact";
    return "±\u00a0" + format_number(100 / std::sqrt(2.0 * static_cast<double>(parameters.samples)), 2) + " %";
}

void add_band(Axes& axes, const Parameters& parameters, double x_low, double x_high) {
    attnscope::Band band;
    band.name = "band";
    band.x = {x_low, x_high};
    band.low = {parameters.band.low, parameters.band.low};
    band.high = {parameters.band.high, parameters.band.high};
    band.colour = {Colour::Role::series, 2, 0.16f};
    axes.elements.push_back(std::move(band));
}

void add_null_marker(Axes& axes, const Parameters& parameters, double dimension) {
    const double value = null_cv(dimension, parameters.points);
    if (!std::isfinite(value)) return;
    Marker marker;
    marker.vertical = false;
    marker.value = value;
    marker.label = "null D\u00a0" + format_count(static_cast<std::size_t>(dimension));
    marker.colour = {Colour::Role::critical};
    axes.elements.push_back(std::move(marker));
}

void add_null_curve(Axes& axes, const Parameters& parameters, double low, double high) {
    constexpr int steps = 120;
    Line curve;
    curve.name = "null: Gaussian rows";
    curve.colour = {Colour::Role::critical};
    curve.width = 1.3f;
    // No volume below as many dimensions as edges from a corner, and hardly a finite spread right above.
    low = std::max(low, static_cast<double>(parameters.points) - 0.5);
    for (int i = 0; i <= steps; ++i) {
        const double dimension = low * std::pow(high / low, static_cast<double>(i) / steps);
        curve.x.push_back(dimension);
        curve.y.push_back(null_cv(dimension, parameters.points));
    }
    axes.elements.push_back(std::move(curve));
}

std::string cv_note(const Parameters& parameters) {
    return "CV = std(V)/mean(V) of the volumes of simplices of " + std::to_string(parameters.points) +
           " rows; shaded: the band " + format_number(parameters.band.low) + " … " +
           format_number(parameters.band.high) + "; null: independent Gaussian rows in as many dimensions.";
}

Colour kind_colour(Kind kind) {
    return {Colour::Role::series, named(kind).colour};
}

} // namespace attnscope::cv
