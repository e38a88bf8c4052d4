// The number that could not be computed, or is not there yet.
#pragma once

#include <limits>

namespace attnscope {

/// `null` in JSON, an empty field of a table, hatched on screen.
inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

} // namespace attnscope
