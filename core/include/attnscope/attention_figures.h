// The pictures of the attention workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/attention.h>
#include <attnscope/choices.h>
#include <attnscope/figure.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::attention {

/// What colours the map of heads.
enum class HeadColour { entropy, max_weight, sink, previous, duplicate, induction };
constexpr auto choices_of(HeadColour) {
    return std::array{Choice<HeadColour>{HeadColour::entropy, "entropy"},
                      Choice<HeadColour>{HeadColour::max_weight, "max_weight"},
                      Choice<HeadColour>{HeadColour::sink, "sink"},
                      Choice<HeadColour>{HeadColour::previous, "previous"},
                      Choice<HeadColour>{HeadColour::duplicate, "duplicate"},
                      Choice<HeadColour>{HeadColour::induction, "induction"}};
}
const char* head_colour_title(HeadColour colour) noexcept; ///< Mean row entropy, …

/// What is selected when a figure is drawn.
struct View {
    std::string model_name;
    std::vector<std::string> tokens; ///< texts of the tokens
    int layer = 0, head = 0;
    std::int64_t token = 0; ///< the query
    double gain = 1;
    bool every_layer = false;  ///< the gain turned a whole forward pass rather than this head alone
    bool without_sink = false; ///< the first column of the map is left out
    bool renormalize = false;  ///< and the rest of each of its rows sums to 1
    HeadColour colour = HeadColour::entropy;
};

/// The rows and columns of a map that are in sight, half-open.
struct MapRegion {
    std::int64_t row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
    bool operator==(const MapRegion&) const = default;
};
/// A map of this many tokens is computed cell by cell; of a longer one the part in sight.
inline constexpr std::int64_t whole_map_tokens = 512;
/// The tile of a grid that holds `region`: zooming and scrolling within it asks for nothing new. Rows and columns are
/// powers of two apart; at most twice the region in each direction, within [0, tokens).
MapRegion surrounding_tile(const MapRegion& region, std::int64_t tokens);
/// The tile that a long map zoomed into needs; none for one that is shown cell by cell or from which nothing is seen.
std::optional<MapRegion> tile_in_sight(const Zoom& zoom, std::int64_t tokens);
/// The request of that part of a map, in all its detail.
MapRequest detail_request(MapRequest whole, const MapRegion& tile);
/// Whether so few tokens are in sight that each can be named.
bool names_fit(const Zoom& zoom);

/// A token as it is shown where there is little room: its outer spaces gone, line breaks and lone spaces as signs.
/// Without texts its position.
std::string token_label(const View& view, std::int64_t token);

/// Panel ids in the order of the View menu; each has one function below.
/// attention.heads map text rows gain
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);

Figure heads_figure(const View& view, const Result& result); ///< layers × heads, one cell outlined
Figure map_figure(const View& view, const Map& map);         ///< queries down, keys across, token labels where they fit
/// The same of a map that is zoomed into, its axes still whole. `detail` is a part of it, or null; where it `covers`
/// what is in sight it is shown alone. With `names` the tokens of the part, or of the whole map, are named.
Figure map_figure(const View& view, const Map& map, const Map* detail, bool covers, bool names);
Figure text_figure(const View& view, const Row& row);   ///< the weight of every token for the query
Figure rows_figure(const View& view, const Rows& rows); ///< with the ceiling ln(t + 1)
Figure gain_figure(const View& view, const GainCurves& curves);

/// What a panel is computed from, beside its view.
struct FigureRequest {
    std::string panel; ///< id, with or without the workspace
    ModelPtr model;
    std::vector<Ids> texts; ///< the map of heads is a mean over several; all other panels take one
    Precision precision = Precision::float32;
    std::vector<Zoom> zoom; ///< what will be in sight: a long map is computed in detail there
};
/// Computes what a panel needs and draws it, its axes whole: the command line's `figure`, headless. Throws Error{usage}
/// for a panel not known and several texts where one is shown, and as the functions of attention.h.
Figure compute_figure(const FigureRequest& request, const View& view, JobContext& context);

} // namespace attnscope::attention
