// Where the system keeps its fonts.
#pragma once

#include <filesystem>
#include <string_view>

namespace attnscope::ui {

/// The file of that name in the user's or the system's font folders; empty when there is none.
std::filesystem::path find_font_file(std::string_view name);

} // namespace attnscope::ui
