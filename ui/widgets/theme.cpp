#include "widgets/theme.h"

#include "widgets/font_files.h"

#include <implot.h>

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr float base_pixels = 15;
constexpr float presentation_scale = 1.45f;

ImVec4 rgb(unsigned hex, float alpha = 1) {
    return {float(hex >> 16 & 255) / 255, float(hex >> 8 & 255) / 255, float(hex & 255) / 255, alpha};
}

ImVec4 with_alpha(ImVec4 colour, float alpha) {
    colour.w = alpha;
    return colour;
}

ImVec4 mixed(const ImVec4& a, const ImVec4& b, float share_of_b) {
    const float s = share_of_b;
    return {a.x + (b.x - a.x) * s, a.y + (b.y - a.y) * s, a.z + (b.z - a.z) * s, a.w + (b.w - a.w) * s};
}

/// Relative luminance as in WCAG 2, near enough without the sRGB curve.
float luminance(const ImVec4& c) {
    return 0.2126f * c.x * c.x + 0.7152f * c.y * c.y + 0.0722f * c.z * c.z;
}

ThemeColours dark_colours() {
    ThemeColours c;
    c.theme = Theme::dark;
    c.background = rgb(0x14171b);
    c.panel = rgb(0x1b2026);
    c.panel_header = rgb(0x20262d);
    c.border = rgb(0x2d343d);
    c.text = rgb(0xe6eaef);
    c.muted_text = rgb(0x929ba7);
    c.accent = rgb(0x4da3ff);
    c.accent_text = rgb(0x0b1118);
    c.critical = rgb(0xe69f00);
    c.error = rgb(0xff7b72);
    c.grid = rgb(0x2a3038);
    c.weight = rgb(0xa96f00);
    return c;
}

ThemeColours light_colours() {
    ThemeColours c;
    c.theme = Theme::light;
    c.background = rgb(0xe9ebef);
    c.panel = rgb(0xffffff);
    c.panel_header = rgb(0xf2f4f8);
    c.border = rgb(0xd3d8df);
    c.text = rgb(0x1c2127);
    c.muted_text = rgb(0x5b6470);
    c.accent = rgb(0x1769d2);
    c.accent_text = rgb(0xffffff);
    c.critical = rgb(0xb96f00);
    c.error = rgb(0xc0271d);
    c.grid = rgb(0xe7eaee);
    c.weight = rgb(0xeba823);
    return c;
}

void set_colours(ImGuiStyle& style, const ThemeColours& c) {
    const bool dark = c.theme == Theme::dark;
    const ImVec4 frame = dark ? rgb(0x14181d) : rgb(0xe9ecf1);
    const ImVec4 hovered = mixed(frame, c.accent, 0.16f), active = mixed(frame, c.accent, 0.28f);
    ImVec4* const to = style.Colors;
    to[ImGuiCol_Text] = c.text;
    to[ImGuiCol_TextDisabled] = c.muted_text;
    to[ImGuiCol_WindowBg] = c.panel;
    to[ImGuiCol_ChildBg] = with_alpha(c.panel, 0);
    to[ImGuiCol_PopupBg] = dark ? rgb(0x232930) : rgb(0xffffff);
    to[ImGuiCol_Border] = c.border;
    to[ImGuiCol_BorderShadow] = with_alpha(c.border, 0);
    to[ImGuiCol_FrameBg] = frame;
    to[ImGuiCol_FrameBgHovered] = hovered;
    to[ImGuiCol_FrameBgActive] = active;
    to[ImGuiCol_TitleBg] = to[ImGuiCol_TitleBgActive] = to[ImGuiCol_TitleBgCollapsed] = c.panel_header;
    to[ImGuiCol_MenuBarBg] = c.panel_header;
    to[ImGuiCol_ScrollbarBg] = with_alpha(c.panel, 0);
    to[ImGuiCol_ScrollbarGrab] = mixed(c.panel, c.muted_text, 0.3f);
    to[ImGuiCol_ScrollbarGrabHovered] = mixed(c.panel, c.muted_text, 0.5f);
    to[ImGuiCol_ScrollbarGrabActive] = mixed(c.panel, c.muted_text, 0.7f);
    to[ImGuiCol_CheckMark] = c.accent;
    to[ImGuiCol_CheckboxSelectedBg] = frame;
    to[ImGuiCol_SliderGrab] = c.accent;
    to[ImGuiCol_SliderGrabActive] = mixed(c.accent, c.text, 0.2f);
    to[ImGuiCol_Button] = dark ? rgb(0x262d35) : rgb(0xe9ecf1);
    to[ImGuiCol_ButtonHovered] = mixed(to[ImGuiCol_Button], c.accent, 0.22f);
    to[ImGuiCol_ButtonActive] = mixed(to[ImGuiCol_Button], c.accent, 0.4f);
    to[ImGuiCol_Header] = with_alpha(c.accent, dark ? 0.20f : 0.14f);
    to[ImGuiCol_HeaderHovered] = with_alpha(c.accent, dark ? 0.14f : 0.09f);
    to[ImGuiCol_HeaderActive] = with_alpha(c.accent, 0.3f);
    // Also the gaps between docked windows: background, lit only while they are being moved.
    to[ImGuiCol_Separator] = c.background;
    to[ImGuiCol_SeparatorHovered] = with_alpha(c.accent, 0.6f);
    to[ImGuiCol_SeparatorActive] = c.accent;
    to[ImGuiCol_ResizeGrip] = with_alpha(c.accent, 0);
    to[ImGuiCol_ResizeGripHovered] = with_alpha(c.accent, 0.5f);
    to[ImGuiCol_ResizeGripActive] = c.accent;
    to[ImGuiCol_InputTextCursor] = c.text;
    to[ImGuiCol_TabHovered] = mixed(c.panel_header, c.accent, 0.2f);
    to[ImGuiCol_Tab] = to[ImGuiCol_TabDimmed] = c.panel_header;
    to[ImGuiCol_TabSelected] = to[ImGuiCol_TabDimmedSelected] = c.panel;
    to[ImGuiCol_TabSelectedOverline] = c.accent;
    to[ImGuiCol_TabDimmedSelectedOverline] = with_alpha(c.accent, 0);
    to[ImGuiCol_DockingPreview] = with_alpha(c.accent, 0.4f);
    to[ImGuiCol_DockingEmptyBg] = c.background;
    to[ImGuiCol_PlotLines] = to[ImGuiCol_PlotHistogram] = c.accent;
    to[ImGuiCol_PlotLinesHovered] = to[ImGuiCol_PlotHistogramHovered] = mixed(c.accent, c.text, 0.3f);
    to[ImGuiCol_TableHeaderBg] = c.panel_header;
    to[ImGuiCol_TableBorderStrong] = c.border;
    to[ImGuiCol_TableBorderLight] = mixed(c.panel, c.border, 0.6f);
    to[ImGuiCol_TableRowBg] = with_alpha(c.panel, 0);
    to[ImGuiCol_TableRowBgAlt] = with_alpha(c.text, 0.02f);
    to[ImGuiCol_TextLink] = c.accent;
    to[ImGuiCol_TextSelectedBg] = with_alpha(c.accent, 0.35f);
    to[ImGuiCol_TreeLines] = c.border;
    to[ImGuiCol_DragDropTarget] = c.accent;
    to[ImGuiCol_DragDropTargetBg] = with_alpha(c.accent, 0.1f);
    to[ImGuiCol_UnsavedMarker] = c.accent;
    to[ImGuiCol_NavCursor] = c.accent;
    to[ImGuiCol_NavWindowingHighlight] = c.accent;
    to[ImGuiCol_NavWindowingDimBg] = to[ImGuiCol_ModalWindowDimBg] = with_alpha(rgb(0x000000), dark ? 0.45f : 0.25f);
}

void set_metrics(ImGuiStyle& style, float em) {
    const auto size = [em](float x) { return std::round(em * x); };
    style.WindowPadding = {size(0.7f), size(0.6f)};
    style.FramePadding = {size(0.55f), size(0.3f)};
    style.ItemSpacing = {size(0.55f), size(0.4f)};
    style.ItemInnerSpacing = {size(0.4f), size(0.3f)};
    style.CellPadding = {size(0.4f), size(0.25f)};
    style.IndentSpacing = size(1);
    style.ScrollbarSize = size(0.75f);
    style.GrabMinSize = size(0.8f);
    style.WindowRounding = style.PopupRounding = size(0.35f);
    style.ChildRounding = style.FrameRounding = style.GrabRounding = size(0.25f);
    style.TabRounding = size(0.3f);
    style.ScrollbarRounding = size(0.4f);
    style.WindowBorderSize = style.PopupBorderSize = 1;
    style.ChildBorderSize = style.FrameBorderSize = style.TabBorderSize = 0;
    style.TabBarBorderSize = 1;
    style.TabBarOverlineSize = std::max(1.0f, size(0.12f));
    style.DockingSeparatorSize = std::max(3.0f, size(0.4f));
    style.WindowMenuButtonPosition = ImGuiDir_None;
    style.TabCloseButtonMinWidthSelected = style.TabCloseButtonMinWidthUnselected = 0;
    style.SeparatorTextBorderSize = 1;
    style.DisabledAlpha = 0.45f;
}

void set_plot_style(const ThemeColours& c, float em) {
    ImPlotStyle& style = ImPlot::GetStyle();
    style.PlotPadding = {em * 0.4f, em * 0.4f};
    style.LabelPadding = {em * 0.3f, em * 0.3f};
    style.LegendPadding = {em * 0.6f, em * 0.5f};
    style.LegendInnerPadding = {em * 0.4f, em * 0.3f};
    style.AnnotationPadding = {em * 0.2f, em * 0.15f};
    style.PlotMinSize = {em * 4, em * 3};
    style.MajorTickLen = {em * 0.25f, em * 0.25f};
    style.MinorTickLen = {em * 0.15f, em * 0.15f};
    style.MinorAlpha = 0.35f;
    ImVec4* const to = style.Colors;
    to[ImPlotCol_FrameBg] = with_alpha(c.panel, 0);
    to[ImPlotCol_PlotBg] = with_alpha(c.panel, 0);
    to[ImPlotCol_PlotBorder] = c.border;
    to[ImPlotCol_LegendBg] = with_alpha(c.panel, 0.85f);
    to[ImPlotCol_LegendBorder] = with_alpha(c.border, 0.6f);
    to[ImPlotCol_LegendText] = to[ImPlotCol_TitleText] = to[ImPlotCol_InlayText] = c.text;
    to[ImPlotCol_AxisText] = c.muted_text;
    to[ImPlotCol_AxisGrid] = c.grid;
    to[ImPlotCol_AxisTick] = c.border;
    to[ImPlotCol_AxisBg] = with_alpha(c.panel, 0);
    to[ImPlotCol_AxisBgHovered] = with_alpha(c.accent, 0.1f);
    to[ImPlotCol_AxisBgActive] = with_alpha(c.accent, 0.2f);
    to[ImPlotCol_Selection] = c.accent;
    to[ImPlotCol_Crosshairs] = c.muted_text;
}

} // namespace

ImVec4 ThemeColours::resolve(const Colour& colour) const {
    ImVec4 c = text;
    switch (colour.role) {
    case Colour::Role::series: {
        const auto& entry = series_colours()[static_cast<std::size_t>(colour.index) % 8];
        c = {float(entry[0]) / 255, float(entry[1]) / 255, float(entry[2]) / 255, 1};
        // Okabe–Ito is made for paper: black vanishes on a dark panel, yellow on a white one.
        if (theme == Theme::dark && luminance(c) < 0.05f) c = text;
        if (theme == Theme::light && luminance(c) > 0.6f) c = mixed(c, text, 0.3f);
        break;
    }
    case Colour::Role::accent: c = accent; break;
    case Colour::Role::muted: c = muted_text; break;
    case Colour::Role::critical: c = critical; break;
    case Colour::Role::text: c = text; break;
    case Colour::Role::light: c = {1, 1, 1, 1}; break;
    }
    c.w *= colour.alpha;
    return c;
}

Fonts load_fonts(ImGuiIO& io) {
    const auto load = [&io](std::initializer_list<const char*> names, const char* fallback) -> ImFont* {
        ImFontConfig config;
        config.OversampleH = 2;
        ImFont* font = nullptr;
        for (const char* name : names) {
            const auto path = find_font_file(name);
            if (!path.empty()) font = io.Fonts->AddFontFromFileTTF(path.string().c_str(), base_pixels, &config);
            if (font) break;
        }
        if (!font) font = io.Fonts->AddFontDefault();
        const auto path = find_font_file(fallback);
        if (!path.empty()) {
            ImFontConfig merge;
            merge.MergeMode = true;
            io.Fonts->AddFontFromFileTTF(path.string().c_str(), base_pixels, &merge);
        }
        return font;
    };
    Fonts fonts;
    fonts.text = load({"Inter-Regular.otf", "Inter-Regular.ttf", "DejaVuSans.ttf"}, "DejaVuSans.ttf");
    fonts.bold = load({"Inter-SemiBold.otf", "Inter-SemiBold.ttf", "DejaVuSans-Bold.ttf"}, "DejaVuSans-Bold.ttf");
    fonts.mono =
        load({"JetBrainsMono-Regular.ttf", "JetBrainsMono-Regular.otf", "DejaVuSansMono.ttf"}, "DejaVuSansMono.ttf");
    io.FontDefault = fonts.text;
    return fonts;
}

ThemeColours apply_theme(Theme theme, const Fonts& fonts, float zoom, bool presentation) {
    ThemeColours colours = theme == Theme::dark ? dark_colours() : light_colours();
    colours.fonts = fonts;
    ImGuiStyle& style = ImGui::GetStyle();
    style.FontSizeBase = base_pixels;
    style.FontScaleMain = zoom * (presentation ? presentation_scale : 1);
    const float em = base_pixels * style.FontScaleMain * style.FontScaleDpi;
    set_metrics(style, em);
    set_colours(style, colours);
    set_plot_style(colours, em);
    return colours;
}

} // namespace attnscope::ui
