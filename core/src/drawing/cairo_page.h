// A laid-out page drawn through Cairo.
#pragma once

#include "drawing/layout.h"

typedef struct _cairo cairo_t;

namespace attnscope {

/// Draws in points from the context's origin. Throws Error{internal} when Cairo fails.
void draw_page(cairo_t* cairo, const Page& page, const Fonts& fonts);
/// Throws Error{internal} unless the status (a cairo_status_t) is success.
void check_cairo(int status);

} // namespace attnscope
