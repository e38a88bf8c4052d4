// What packing and planning know of the kernels.
#pragma once

#include <cstddef>

namespace attnscope::kernels {

/// Outputs side by side in a panel, on the processor at hand.
std::size_t packed_panel_width();

/// Inputs of a block: the rows of a part, packed over one block, stay in the second-level cache while its panels pass
/// by.
inline constexpr std::size_t longest_depth = 640;

/// Memory for the packed rows of a part, 64-byte aligned; the thread keeps it for its next part, which takes the place
/// of this one. Throws std::bad_alloc.
float* packed_rows_memory(std::size_t floats);

} // namespace attnscope::kernels
