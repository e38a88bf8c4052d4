// Colours, fonts and metrics of the window in both themes.
#pragma once

#include "state/app_state.h"

#include <attnscope/figure.h>

#include <imgui.h>

namespace attnscope::ui {

struct Fonts {
    ImFont *text = nullptr, *bold = nullptr, *mono = nullptr; ///< DejaVu merged for missing glyphs
};
struct ThemeColours {
    Theme theme = Theme::dark;
    Fonts fonts;
    ImVec4 background, panel, panel_header, border, text, muted_text, accent, accent_text, critical, error, grid,
        weight; ///< behind the words of a text, in proportion to what is shown of them
    /// A figure's colour on this theme.
    ImVec4 resolve(const Colour& colour) const;
};

/// Inter, JetBrains Mono and DejaVu from the system's font folders at `pixels` × zoom × display scale.
Fonts load_fonts(ImGuiIO& io);
/// Sets ImGui's and ImPlot's styles. Sizes are multiples of the font height.
ThemeColours apply_theme(Theme theme, const Fonts& fonts, float zoom, bool presentation);

} // namespace attnscope::ui
