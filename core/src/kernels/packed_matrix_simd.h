// What packing and planning know of the kernels.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

/// Outputs side by side in a panel, on the processor at hand.
std::size_t packed_panel_width();

/// Inputs of a block: a panel's weights of one block stay in the first-level cache while all rows pass by.
inline constexpr std::size_t longest_depth = 320;

} // namespace attnscope::kernels
