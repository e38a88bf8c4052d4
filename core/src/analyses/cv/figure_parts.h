// What the pictures of the CV bands workspace have in common: their wording, the band and the null.
#pragma once

#include "analyses/attention/figure_parts.h"
#include "drawing/figure_text.h"

#include <attnscope/cv_figures.h>

#include <string>
#include <string_view>

namespace attnscope::cv {

using attention::add_note;
using attention::add_outline;

Figure start_figure(std::string_view panel);
/// "300 of 2.9×10¹¹ simplices a matrix", "every simplex".
std::string sampled_text(const Parameters& parameters, std::size_t rows = 0);
/// "± 4.1 %": the standard error of a sampled CV, relative.
std::string error_text(const Parameters& parameters);
/// The band from x_low to x_high, behind everything else.
void add_band(Axes& axes, const Parameters& parameters, double x_low, double x_high);
/// The null at one dimension as a marker.
void add_null_marker(Axes& axes, const Parameters& parameters, double dimension);
/// The null curve over dimensions low … high.
void add_null_curve(Axes& axes, const Parameters& parameters, double low, double high);
/// "CV = std(V)/mean(V) …": the end of captions.
std::string cv_note(const Parameters& parameters);
/// Okabe–Ito colour of a kind, the same in every panel.
Colour kind_colour(Kind kind);

} // namespace attnscope::cv
