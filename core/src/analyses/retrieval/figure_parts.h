// What the pictures of the retrieval workspace have in common: their wording, the β axis and its landmarks.
#pragma once

#include "drawing/figure_text.h"

#include <attnscope/retrieval_figures.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::retrieval {

/// A figure with id, title and a subtitle naming bank and query (without the query where it plays no part).
Figure start_figure(const View& view, std::string_view panel, bool with_query = true);

/// The label of a memory, or its text, or "memory 17"; with the text after the label when `with_text`.
std::string memory_name(const Bank* bank, std::uint32_t index, std::size_t limit, bool with_text = false);
/// "β 20.8"
std::string beta_text(double beta);
/// Number of memories: the bank's, else the spectrum's.
std::size_t memory_count(const View& view, const Spectrum* spectrum = nullptr);
/// "every weight is over all 117 659 memories"
std::string exact_over(std::size_t n);
/// "β_c = 1/λ₁ is where the centroid loses stability, not where single memories become retrievable."
const char* beta_critical_note();

Axis beta_figure_axis();
/// β_c as a marker, the cursor as a marker with its value.
void add_beta_markers(Axes& axes, const View& view, const Spectrum& spectrum, double low, double high);
/// Short ticks at 1/λ_k of the modes after the first, hanging between y_low and y_high.
void add_mode_ticks(Axes& axes, const Spectrum& spectrum, double low, double high, double y_low, double y_high);

/// The step whose weights are shown when the cursor stands at `step`: the one that led there, the first at the start.
std::size_t weights_step(int step, std::size_t steps);
/// The traces of one query in a mode; when there are none in it, those of the mode that is there.
std::vector<const Trace*> traces_of(const TraceResult& traces, Mode mode);
/// Nearest in ratio; null when empty.
const Trace* nearest_beta(const std::vector<const Trace*>& traces, double beta);

} // namespace attnscope::retrieval
