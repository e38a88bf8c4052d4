// Whether two SVG files show the same numbers.
#pragma once

#include <string>
#include <vector>

namespace attnscope::cli {

/// Text must be equal, coordinates to a hundredth of a point. What differs, with its byte.
std::vector<std::string> compare_svg(const std::string& expected, const std::string& got, std::size_t limit = 20);

} // namespace attnscope::cli
