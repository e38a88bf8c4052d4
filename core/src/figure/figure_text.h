// Words that the pictures of several workspaces share.
#pragma once

#include <attnscope/figure.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// Adds « · part» to the subtitle.
void say(Figure& figure, const std::string& part);

/// "first words of a text…" at most `limit` characters (code points), whole words where there are any.
std::string shorten(std::string_view text, std::size_t limit);

/// Value of a curve at x, interpolated along log x; NaN outside.
double value_at(const std::vector<double>& xs, const std::vector<double>& ys, double x);

} // namespace attnscope
