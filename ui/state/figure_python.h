// A figure's numbers as Python text, to be pasted into a notebook.
#pragma once

#include <attnscope/figure.h>

#include <string>

namespace attnscope::ui {

/// Statements that define a dictionary of NumPy arrays, one entry a series: {"series": {"x": …, "y": …}, …}. Nulls are
/// np.nan. Equal figures give equal text.
std::string figure_python(const Figure& figure);

} // namespace attnscope::ui
