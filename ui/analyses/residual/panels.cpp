#include "ui/analyses/residual/panels.h"

#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr const char* residual_formula =
    "ε = Σᵢ pᵢVᵢ − V*,  V* = V at argmax p;  C_r = V* + P_r P_rᵀ ε,  P_r: leading directions of ε";
constexpr const char* residual_source =
    "Second moments and their eigenvectors in float64; rank 0 is V*, rank head_dim the model. "
    "TwoNN: Facco et al. 2017";

} // namespace

// ---------------------------------------------------------------- the curve

PanelHelp ResidualCurvePanel::help() const {
    return {
        "What a model's perplexity pays when the attention output of the chosen heads is replaced: by the value at the "
        "largest weight (A), and by it plus what the residual ε has in its r leading directions. Left: perplexity "
        "above "
        "the model's own. Right: how much of what A costs is won back; dashed in loss rather than perplexity. Ranks "
        "arrive one by one. Drag the cursor through them: text, variance and Inspector follow. A basis fitted on the "
        "evaluated text itself (leading) is too good by what leaks.",
        residual_formula, residual_source};
}

void ResidualCurvePanel::body(PanelContext& context) {
    const ResidualSlots& slots = context.services.residual();
    if (now().result && !now().result->finished()) {
        const bool running = slots.running();
        if (ImGui::Button(running ? "Stop" : "Go on")) context.emit(running ? "residual.stop" : "residual.run");
        ImGui::SetItemTooltip(running ? "Stops within a moment; finished ranks stay"
                                      : "Computes the ranks that are missing");
        ImGui::SameLine();
        char text[96];
        std::snprintf(text, sizeof text, "%zu of %zu ranks", now().result->curve.size(),
                      now().result->plan.ranks.size());
        styled_text(text, context.theme.muted_text);
    }
    FigurePanel::body(context);
}

FigureViewOptions ResidualCurvePanel::view_options(PanelContext& context) {
    FigureViewOptions options = ResidualPanel::view_options(context);
    options.cursor_axes = -1;
    return options;
}

void ResidualCurvePanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x || !now().result) return;
    std::vector<int> ranks = now().result->plan.ranks;
    std::ranges::sort(ranks);
    const auto last = static_cast<double>(ranks.size()) - 1;
    const auto place = static_cast<std::size_t>(std::clamp(std::round(*interaction.dragged_x), 0.0, last));
    if (ranks[place] != now().view.rank) context.emit("residual.rank", {{"value", std::int64_t{ranks[place]}}});
}

// ---------------------------------------------------------------- the map

PanelHelp ResidualMapPanel::help() const {
    return {
        "For every head of the model, how many directions hold 90 % of the variance of its residual on the calibration "
        "blocks: few of them, and the head is one value and a small correction. Outlined heads are replaced in the "
        "sweep. A click selects a head, or switches a head or a whole layer, as the choice above the map says.",
        residual_formula, residual_source};
}

Figure ResidualMapPanel::drawn(const Shown& shown) const {
    const residual::Spectra& spectra = *shown.spectra;
    return residual::map_figure(shown.view, spectra.layers, spectra.heads, spectra.heads_found,
                                shown.plan ? &*shown.plan : nullptr);
}

void ResidualMapPanel::body(PanelContext& context) {
    const MapClick click = context.state.view.residual.click;
    styled_text("a click", context.theme.muted_text);
    const auto choice = [&](MapClick which, const char* name, const char* tooltip) {
        ImGui::SameLine();
        if (ImGui::RadioButton(name, click == which))
            context.emit("residual.click", {{"click", std::string(choice_name(which))}});
        ImGui::SetItemTooltip("%s", tooltip);
    };
    choice(MapClick::select, "selects", "Looks into the head, here and in the other panels");
    choice(MapClick::head, "switches head", "Replaces the head's output in the sweep, or leaves it as it is");
    choice(MapClick::layer, "layer", "The same for all heads of the layer");
    FigurePanel::body(context);
}

void ResidualMapPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0) return;
    const std::int64_t layer = (*hit->cell)[1], head = (*hit->cell)[0];
    switch (context.state.view.residual.click) {
    case MapClick::select: return context.emit("attention.cell", {{"layer", layer}, {"head", head}});
    case MapClick::head: return context.emit("residual.switch_head", {{"layer", layer}, {"head", head}});
    case MapClick::layer: return context.emit("residual.switch_layer", {{"layer", layer}});
    }
}

// ---------------------------------------------------------------- one head

PanelHelp ResidualVariancePanel::help() const {
    return {
        "The share of the variance of a head's residual that its leading directions hold, the selected head bold and "
        "the "
        "others of its layer thin. r90 is the first with 90 %. Variance is not what the model pays for: compare with "
        "the rank that the curve needs.",
        residual_formula, residual_source};
}

PanelHelp ResidualSpectrumPanel::help() const {
    return {
        "Variance of the residual along each of its directions, largest first. The participation ratio (Σλ)²/Σλ² "
        "counts "
        "the directions that take part; TwoNN, when it is asked for, is the dimension of the set of residuals, curved "
        "or not.",
        residual_formula, residual_source};
}

} // namespace attnscope::ui
