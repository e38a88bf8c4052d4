#include "widgets/drawing_pad.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr float pen_share = 0.065f; // radius of the pen, of the picture's side: a stroke of the letters

} // namespace

std::vector<float> DrawingPad::without(std::vector<float> values, int width, int height, Half half) {
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const bool gone =
                (half == Half::left && x < width / 2) || (half == Half::right && x >= width - width / 2) ||
                (half == Half::upper && y < height / 2) || (half == Half::lower && y >= height - height / 2);
            if (gone) values[std::size_t(y) * width + x] = -1;
        }
    }
    return values;
}

void DrawingPad::stroke(ImVec2 from, ImVec2 to, float ink, int width, int height) {
    const float radius = std::max(0.6f, pen_share * float(std::max(width, height)));
    const float dx = to.x - from.x, dy = to.y - from.y, length2 = dx * dx + dy * dy;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const float px = float(x) + 0.5f - from.x, py = float(y) + 0.5f - from.y;
            const float along = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0f, 1.0f) : 0;
            const float distance = std::hypot(px - along * dx, py - along * dy);
            // Full ink inside, fading over the last half pixel.
            const float share = std::clamp((radius - distance) * 2 + 0.5f, 0.0f, 1.0f);
            float& value = values_[std::size_t(y) * width + x];
            const float wanted = -ink + 2 * ink * share;
            if (share > 0) value = ink > 0 ? std::max(value, wanted) : std::min(value, wanted);
        }
    }
}

bool DrawingPad::draw(const char* id, const std::vector<float>& values, int width, int height, float side, Tool tool,
                      const ThemeColours& theme) {
    if (!drawing_ || values_.size() != std::size_t(width) * height) values_ = values;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const ImVec2 size = width >= height ? ImVec2(side, side * float(height) / float(width))
                                        : ImVec2(side * float(width) / float(height), side);
    ImGui::InvisibleButton(id, size, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
    bool changed = false;
    if (active) {
        const ImVec2 mouse = ImGui::GetIO().MousePos;
        const ImVec2 now{(mouse.x - at.x) / size.x * float(width), (mouse.y - at.y) / size.y * float(height)};
        const bool erase = tool == Tool::eraser || ImGui::IsMouseDown(ImGuiMouseButton_Middle);
        const std::vector<float> before = values_;
        stroke(drawing_ ? last_ : now, now, erase ? -1.0f : 1.0f, width, height);
        changed = before != values_;
        last_ = now;
    }
    drawing_ = active;

    if (picture_.empty() || shown_ != values_ || theme_ != theme.theme) {
        shown_ = values_;
        theme_ = theme.theme;
        picture_.fill(1, width, height, [this](int) { return picture_pixels(values_, 1, theme_); });
    }
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 end{at.x + size.x, at.y + size.y};
    picture_.draw(list, 0, at, end);
    ImVec4 grid = theme.muted_text;
    grid.w = 0.12f;
    const ImU32 line = ImGui::GetColorU32(grid);
    if (size.x / float(width) > 6) {
        for (int x = 1; x < width; ++x) {
            const float px = at.x + size.x * float(x) / float(width);
            list.AddLine({px, at.y}, {px, end.y}, line, 1);
        }
        for (int y = 1; y < height; ++y) {
            const float py = at.y + size.y * float(y) / float(height);
            list.AddLine({at.x, py}, {end.x, py}, line, 1);
        }
    }
    list.AddRect(at, end, ImGui::GetColorU32(hovered || active ? theme.accent : theme.border), 0, 1.5f);
    return changed;
}

} // namespace attnscope::ui
