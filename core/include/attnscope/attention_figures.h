// The pictures of the attention workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/attention.h>
#include <attnscope/figure.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::attention {

/// What colours the map of heads.
enum class HeadColour { entropy, max_weight, sink, previous, duplicate, induction };
const char* head_colour_name(HeadColour colour) noexcept;   ///< entropy, max_weight, …
const char* head_colour_title(HeadColour colour) noexcept;  ///< Mean row entropy, …
HeadColour parse_head_colour(std::string_view name);        ///< throws Error{usage}

/// What is selected when a figure is drawn.
struct View {
    std::string model_name;
    std::vector<std::string> tokens;  ///< texts of the tokens
    int layer = 0, head = 0;
    std::int64_t token = 0;           ///< the query
    double gain = 1;
    HeadColour colour = HeadColour::entropy;
};

/// A token as it is shown where there is little room: its outer spaces gone, line breaks and lone spaces as signs.
/// Without texts its position.
std::string token_label(const View& view, std::int64_t token);

/// Panel ids in the order of the View menu; each has one function below.
/// attention.heads map text rows gain
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);

Figure heads_figure(const View& view, const Result& result);  ///< layers × heads, one cell outlined
Figure map_figure(const View& view, const Map& map);          ///< queries down, keys across, token labels where they fit
Figure text_figure(const View& view, const Row& row);         ///< the weight of every token for the query
Figure rows_figure(const View& view, const Rows& rows);       ///< with the ceiling ln(t + 1)
Figure gain_figure(const View& view, const GainCurves& curves);

/// Computes what a panel needs and draws it: the command line's `figure`, headless.
Figure compute_figure(const std::string& panel_id, const View& view, const ModelPtr& model, const Ids& text,
                      JobContext& context);

} // namespace attnscope::attention
