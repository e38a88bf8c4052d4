#include "widgets/controls.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace attnscope::ui {

namespace {

double share_of(double value, const SliderRange& range) {
    const double share = range.logarithmic ? std::log(value / range.low) / std::log(range.high / range.low)
                                           : (value - range.low) / (range.high - range.low);
    return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
}

double value_of(double share, const SliderRange& range) {
    share = std::clamp(share, 0.0, 1.0);
    const double value = range.logarithmic ? range.low * std::pow(range.high / range.low, share)
                                           : range.low + (range.high - range.low) * share;
    return range.integer ? std::round(value) : value;
}

/// By keys and wheel; the mouse drag is the caller's.
double nudged(double value, double notches, const SliderRange& range) {
    if (range.integer) return std::clamp(value + notches, range.low, range.high);
    const double fine = ImGui::GetIO().KeyShift ? 0.1 : 1;
    return value_of(share_of(value, range) + notches * range.wheel_step * fine, range);
}

} // namespace

std::optional<double> draw_slider(const char* id, double value, const SliderRange& range, float width,
                                  const std::vector<SliderTick>& ticks, const ThemeColours& theme) {
    const float em = ImGui::GetFontSize(), height = em * 2.2f, knob = em * 0.5f;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::InvisibleButton(id, {width, height}, ImGuiButtonFlags_EnableNav);
    const bool active = ImGui::IsItemActive(), hovered = ImGui::IsItemHovered(), focused = ImGui::IsItemFocused();
    ImGui::SetItemKeyOwner(ImGuiKey_MouseWheelY);
    const float left = at.x + knob, right = at.x + width - knob, middle = at.y + height * 0.56f;
    const auto x_of = [&](double v) { return left + (right - left) * static_cast<float>(share_of(v, range)); };
    std::optional<double> wanted;
    const ImGuiIO& io = ImGui::GetIO();
    if (active && ImGui::IsMouseDown(ImGuiMouseButton_Left) && right > left) {
        const double at_mouse = value_of((io.MousePos.x - left) / (right - left), range);
        if (at_mouse != value) wanted = at_mouse;
    }
    if (hovered && io.MouseWheel != 0) wanted = nudged(value, io.MouseWheel, range);
    if (focused && !active && io.NavVisible) {
        if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow)) wanted = nudged(value, -1, range);
        if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) wanted = nudged(value, 1, range);
        ImGui::SetItemKeyOwner(ImGuiKey_LeftArrow);
        ImGui::SetItemKeyOwner(ImGuiKey_RightArrow);
    }
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    const auto colour = [](ImVec4 c, float alpha = 1) {
        c.w *= alpha;
        return ImGui::GetColorU32(c);
    };
    const float groove = std::max(2.0f, em * 0.2f), x = x_of(wanted.value_or(value));
    draw.AddRectFilled({left, middle - groove / 2}, {right, middle + groove / 2}, colour(theme.border), groove / 2);
    draw.AddRectFilled({left, middle - groove / 2}, {x, middle + groove / 2}, colour(theme.accent, 0.5f), groove / 2);
    for (const SliderTick& tick : ticks) {
        if (tick.value < range.low * (1 - 1e-9) || tick.value > range.high * (1 + 1e-9)) continue;
        const float tick_x = std::round(x_of(tick.value));
        const float reach = tick.strong ? em * 0.62f : em * 0.45f;
        draw.AddLine({tick_x, middle - reach}, {tick_x, middle + reach}, colour(theme.critical, tick.strong ? 1 : 0.5f),
                     tick.strong ? std::max(1.5f, em * 0.13f) : std::max(1.0f, em * 0.08f));
        if (tick.strong && !tick.label.empty()) {
            const float size = em * 0.78f;
            ImFont* const font = ImGui::GetFont();
            const ImVec2 extent = font->CalcTextSizeA(size, 1e6f, 0, tick.label.c_str());
            const float text_x = std::min(tick_x + em * 0.3f, at.x + width - extent.x);
            draw.AddText(font, size, {text_x, at.y - em * 0.12f}, colour(theme.critical), tick.label.c_str());
        }
        if (hovered && !active && std::abs(io.MousePos.x - tick_x) < em * 0.3f && !tick.tooltip.empty())
            ImGui::SetTooltip("%s", tick.tooltip.c_str());
    }
    if (active || hovered || (focused && io.NavVisible))
        draw.AddCircleFilled({x, middle}, knob * 1.45f, colour(theme.accent, 0.25f));
    draw.AddCircleFilled({x, middle}, knob, colour(theme.accent));
    draw.AddCircle({x, middle}, knob, colour(theme.panel, 0.6f), 0, std::max(1.0f, em * 0.08f));
    return wanted && *wanted != value ? wanted : std::nullopt;
}

bool icon_button(const char* id, Icon icon, const char* tooltip, const ThemeColours& theme, bool framed) {
    const float em = ImGui::GetFontSize(), size = ImGui::GetFrameHeight();
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const bool pressed = ImGui::InvisibleButton(id, {size, size}, ImGuiButtonFlags_EnableNav);
    const bool hovered = ImGui::IsItemHovered();
    if (tooltip && *tooltip) ImGui::SetItemTooltip("%s", tooltip);
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    if (framed || hovered)
        draw.AddRectFilled(at, {at.x + size, at.y + size},
                           ImGui::GetColorU32(ImGui::IsItemActive() ? ImGuiCol_ButtonActive
                                              : hovered             ? ImGuiCol_ButtonHovered
                                                                    : ImGuiCol_Button),
                           ImGui::GetStyle().FrameRounding);
    if (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible)
        draw.AddRect(at, {at.x + size, at.y + size}, ImGui::GetColorU32(ImGuiCol_NavCursor),
                     ImGui::GetStyle().FrameRounding);
    const ImVec2 c{at.x + size / 2, at.y + size / 2};
    const ImU32 ink = ImGui::GetColorU32(framed || hovered ? theme.text : theme.muted_text);
    const float r = em * 0.32f;
    switch (icon) {
    case Icon::play:
        draw.AddTriangleFilled({c.x - r * 0.8f, c.y - r * 1.15f}, {c.x - r * 0.8f, c.y + r * 1.15f},
                               {c.x + r * 1.2f, c.y}, ink);
        break;
    case Icon::pause:
        draw.AddRectFilled({c.x - r, c.y - r}, {c.x - r * 0.3f, c.y + r}, ink);
        draw.AddRectFilled({c.x + r * 0.3f, c.y - r}, {c.x + r, c.y + r}, ink);
        break;
    case Icon::back:
        draw.AddTriangleFilled({c.x + r * 0.5f, c.y - r * 0.7f}, {c.x - r * 0.7f, c.y},
                               {c.x + r * 0.5f, c.y + r * 0.7f}, ink);
        break;
    case Icon::forward:
        draw.AddTriangleFilled({c.x - r * 0.5f, c.y - r * 0.7f}, {c.x - r * 0.5f, c.y + r * 0.7f},
                               {c.x + r * 0.7f, c.y}, ink);
        break;
    case Icon::close:
        draw.AddLine({c.x - r * 0.7f, c.y - r * 0.7f}, {c.x + r * 0.7f, c.y + r * 0.7f}, ink, em * 0.1f);
        draw.AddLine({c.x + r * 0.7f, c.y - r * 0.7f}, {c.x - r * 0.7f, c.y + r * 0.7f}, ink, em * 0.1f);
        break;
    case Icon::chevron:
        draw.AddTriangleFilled({c.x - r * 0.8f, c.y - r * 0.4f}, {c.x + r * 0.8f, c.y - r * 0.4f},
                               {c.x, c.y + r * 0.6f}, ink);
        break;
    }
    return pressed;
}

std::optional<double> number_box(const char* id, double value, const char* format, float width,
                                 const ThemeColours& theme) {
    ImGui::SetNextItemWidth(width);
    ImGui::PushFont(theme.fonts.mono, 0);
    double typed = value;
    // Only a finished entry counts: while a number is being typed its beginnings are other numbers.
    ImGui::InputDouble(id, &typed, 0, 0, format,
                       ImGuiInputTextFlags_CharsScientific | ImGuiInputTextFlags_AutoSelectAll);
    const bool finished = ImGui::IsItemDeactivatedAfterEdit();
    ImGui::PopFont();
    return finished && std::isfinite(typed) ? std::optional(typed) : std::nullopt;
}

std::string readable_number(double value, int digits) {
    if (!std::isfinite(value)) return "–";
    char text[48];
    const double size = std::abs(value);
    if (value != 0 && (size < 1e-3 || size >= 1e5)) {
        std::snprintf(text, sizeof text, "%.*e", digits - 2, value);
        return text;
    }
    const int before = size < 1 ? 1 : static_cast<int>(std::floor(std::log10(size))) + 1;
    std::snprintf(text, sizeof text, "%.*f", std::max(0, digits - (size < 1 ? 0 : before)), value);
    return text;
}

std::string time_left(double seconds) {
    if (seconds < 0 || !std::isfinite(seconds)) return "";
    char text[32];
    const int whole = static_cast<int>(std::ceil(seconds));
    std::snprintf(text, sizeof text, "%d:%02d left", whole / 60, whole % 60);
    return text;
}

void styled_text(const std::string& text, const ImVec4& colour, ImFont* font, float scale) {
    ImGui::PushFont(font, ImGui::GetStyle().FontSizeBase * scale);
    ImGui::PushStyleColor(ImGuiCol_Text, colour);
    ImGui::TextUnformatted(text.c_str(), text.c_str() + text.size());
    ImGui::PopStyleColor();
    ImGui::PopFont();
}

} // namespace attnscope::ui
