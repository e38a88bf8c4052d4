// Drawing that may fail: what a panel throws is shown in its place, and ImGui is as it was before.
#pragma once

#include <attnscope/error.h>

#include <functional>
#include <optional>
#include <string>

namespace attnscope::ui {

/// Draws within the current window. What escapes is given back as an Error; the windows, tables, groups, ids, styles,
/// fonts and plots that were begun and not ended are ended.
std::optional<Error> guarded_draw(const std::string& subject, const std::function<void()>& draw);

} // namespace attnscope::ui
