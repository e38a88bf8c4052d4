// What packing and planning know of the kernels.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

/// Outputs side by side in a panel, on the processor at hand.
std::size_t packed_panel_width();

/// Inputs of a block: the rows of a part, packed over one block, stay in the second-level cache while its panels pass by.
inline constexpr std::size_t longest_depth = 640;

} // namespace attnscope::kernels
