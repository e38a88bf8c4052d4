// Words that the pictures of several workspaces share.
#pragma once

#include <attnscope/figure.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

struct PanelName {
    const char *id, *title;
};
std::vector<std::string> ids_of(std::span<const PanelName> panels);
/// Empty for an id that is not among them.
const char* title_of(std::span<const PanelName> panels, std::string_view id);

/// Adds « · part» to the subtitle.
void say(Figure& figure, const std::string& part);

/// Says in the label that values beyond `end` have the last colour; `why` follows where there is more to say.
void note_colours_end(HeatMap& map, const std::string& end, const std::string& why = {});
/// The label without that: the map's values are others now.
std::string without_colours_end(const HeatMap& map);

/// "first words of a text…" at most `limit` characters (code points), whole words where there are any.
std::string shorten(std::string_view text, std::size_t limit);

/// Value of a curve at x, interpolated along log x; NaN outside.
double value_at(const std::vector<double>& xs, const std::vector<double>& ys, double x);

} // namespace attnscope
