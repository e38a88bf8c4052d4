// Text that has to fit.
#pragma once

#include <string>
#include <string_view>

namespace attnscope::ui {

/// `text` cut to `width` pixels of the current font with an ellipsis, whole characters only.
std::string elide(std::string_view text, float width);
/// "a · b · c" with leading parts left out until it fits; the last part is cut if need be.
std::string keep_last_parts(std::string_view text, float width);

} // namespace attnscope::ui
