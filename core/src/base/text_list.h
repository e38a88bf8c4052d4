// Lists in a sentence: "a, b, c".
#pragma once

#include <string>
#include <string_view>

namespace attnscope {

/// Puts `item` behind what `list` has, with a comma between.
inline void add_to_list(std::string& list, std::string_view item) {
    if (!list.empty()) list += ", ";
    list += item;
}

} // namespace attnscope
