// What the pictures of the Alignment workspace have in common: their wording, chance behind curves, marks at layers.
#pragma once

#include "analyses/attention/figure_parts.h"
#include "drawing/figure_text.h"
#include "drawing/scale.h"

#include <attnscope/alignment_figures.h>

#include <string>
#include <vector>

namespace attnscope::alignment {

using attention::add_note;
using attention::add_outline;

/// With title, and a subtitle naming model, operator, heads and anchor.
Figure start_figure(std::string_view panel, const View& view, const Shown& shown);
int anchor_of(const View& view, const Shown& shown);
/// An axis of layers.
Axis layer_axis(int layers, const char* label = "layer");
/// Numbers of layers 0 … layers − 1.
std::vector<double> layer_numbers(int layers);
/// Breaks it at the anchor, where it is 1 or 0 by definition and would hide all others.
Line anchor_curve(const char* name, std::vector<double> y, int colour, int anchor);
Line curve(const char* name, std::vector<double> x, std::vector<double> y, int colour);
/// A range over all layers, behind everything else; nothing for NaN.
void add_chance(Axes& axes, const char* name, const Range& range, int layers, int colour);
/// Markers at the anchor and at the selected layer.
void add_layers(Axes& axes, const View& view, const Shown& shown);
/// "g = W_Kᵀ W_Q …": the end of captions.
std::string operator_note(const Operators& operators);
/// "the file has no eigendirections"
extern const char* const no_directions;

} // namespace attnscope::alignment
