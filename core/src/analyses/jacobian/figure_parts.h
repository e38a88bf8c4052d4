// What the pictures of the softmax gradient workspace have in common.
#pragma once

#include "analyses/attention/figure_parts.h"
#include "drawing/figure_text.h"

#include <attnscope/jacobian_figures.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::jacobian {

using attention::add_note;
using attention::add_outline;

Figure start_figure(const View& view, std::string_view panel);
/// "8 sequences of 64", and the loss where there is one.
void say_size(Figure& figure, const Result& result);
/// "12 of 256 sequences without a gradient", summed over heads, where the metric leaves any out.
void say_left_out(Figure& figure, Metric metric, const std::vector<HeadMetrics>& heads);
/// "layer 3, head 2"
std::string head_text(int layer, int head);
/// What the parts of the gradient are: the end of captions.
std::string jacobian_note();
/// Signed values get a map with a neutral middle.
ColourMap colours_of(Metric metric);
/// Lets colours end where most heads do when a few lie far beyond, which would leave one colour for all others; the
/// label says so.
void limit_colours(HeatMap& map);
/// 0 … end − 1 as categories.
std::vector<std::string> numbers(int end);

} // namespace attnscope::jacobian
