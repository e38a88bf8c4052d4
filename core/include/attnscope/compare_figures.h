// A figure beside the same one of another view, which is called A: what "pin as A" shows, on the screen and on paper.
#pragma once

#include <attnscope/figure.h>

#include <string_view>

namespace attnscope {

/// Whether A has a part in the panel with this id: not in one that shows a single row, text or matrix, or a list.
bool shows_pinned(std::string_view panel) noexcept;

/// Lays the bold curve of each axes of `pinned` over the same axes of `figure`: muted, dashed, named A.
void overlay_pinned(Figure& figure, const Figure& pinned);

/// Curves are overlaid. A map becomes its difference to that of `pinned`; the two stand beside each other when `beside`
/// is set, and always where they do not have the same cells.
void compare_with_pinned(Figure& figure, const Figure& pinned, bool beside);

} // namespace attnscope
