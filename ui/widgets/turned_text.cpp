#include "widgets/turned_text.h"

#include <cmath>

namespace attnscope::ui {

void draw_turned_text(ImDrawList& draw, ImVec2 at, float angle, TurnedAnchor anchor, ImU32 colour, const char* text) {
    const ImVec2 extent = ImGui::CalcTextSize(text);
    const float cosine = std::cos(angle), sine = std::sin(angle);
    const float before = anchor == TurnedAnchor::end ? extent.x : extent.x / 2;
    const int first = draw.VtxBuffer.Size;
    draw.PushClipRect({-1, -1}, {1e4f, 1e4f}); // where it lies before it is turned
    draw.AddText({0, 0}, colour, text);
    for (int i = first; i < draw.VtxBuffer.Size; ++i) {
        const float along = draw.VtxBuffer[i].pos.x - before, across = draw.VtxBuffer[i].pos.y - extent.y / 2;
        draw.VtxBuffer[i].pos = {at.x + cosine * along + sine * across, at.y - sine * along + cosine * across};
    }
    draw.PopClipRect();
}

} // namespace attnscope::ui
