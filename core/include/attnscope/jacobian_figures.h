// The pictures of the softmax gradient workspace as Figures, made from results; shared by the window and the command
// line.
#pragma once

#include <attnscope/figure.h>
#include <attnscope/jacobian.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::jacobian {

const char* metric_title(Metric metric) noexcept; ///< Diagonal energy, …
const char* metric_label(Metric metric) noexcept; ///< ‖diag‖²/‖full‖², …

/// What is selected when a figure is drawn.
struct View {
    std::string name; ///< of the model or the file
    Metric metric = Metric::r_diag;
    int layer = 0, head = 0;
    std::size_t sequence = 0;
    std::int64_t row = -1; ///< query of that sequence; −1 = the last
    bool operator==(const View&) const = default;
};

/// The selected head; null when it is not among them.
const HeadMetrics* selected_head(const View& view, const std::vector<HeadMetrics>& heads);

/// Panel ids in the order of the View menu, each with one function below: jacobian.map bars energy row maps.
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);
/// Whether the panel is drawn from the maps of one layer rather than from the metrics of all heads.
bool needs_maps(std::string_view panel_id);

Figure map_figure(const View& view, const Result& result); ///< layers × heads of the metric
/// The metric of each head of the selected layer; of every head where they are few.
Figure bars_figure(const View& view, const Result& result);
/// Every head where its diagonal, lateral and cross parts put it in the plane where they add up to 1; ids are indices
/// of the result's heads.
Figure energy_figure(const View& view, const Result& result);
/// A, g and the gradient's parts along one query row; null maps: not computed yet.
Figure row_figure(const View& view, const LayerMaps* maps);
Figure maps_figure(const View& view, const LayerMaps* maps); ///< query × key of full, diagonal and lateral

} // namespace attnscope::jacobian
