// The text of a window layout, as ImGui keeps it, made sure of before ImGui reads it: it follows what it reads without
// a question, and a dock node that is its own parent is followed for ever.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attnscope::ui {

/// The layout with what it knows of windows, dock nodes and tables; anything else in it is left out, as is the place of
/// a window in a node that cannot hold windows. `roots`: the ids of the dock spaces of workspaces, which are in no
/// other node. Throws Error{input} naming the line for numbers out of range, for dock nodes that are no trees of pairs,
/// and for more of anything than a layout has.
std::string usable_layout(std::string_view text, std::span<const std::uint32_t> roots);

} // namespace attnscope::ui
