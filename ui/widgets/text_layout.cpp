#include "widgets/text_layout.h"

#include <imgui.h>

namespace attnscope::ui {

std::string elide(std::string_view text, float width) {
    const char *const begin = text.data(), *const end = begin + text.size();
    if (ImGui::CalcTextSize(begin, end).x <= width) return std::string(text);
    const float room = width - ImGui::CalcTextSize("…").x;
    // Longest prefix that fits, found by halving; a byte inside a character moves back to its start.
    std::size_t low = 0, high = text.size();
    const auto whole = [&](std::size_t length) {
        while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
            --length;
        return length;
    };
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (ImGui::CalcTextSize(begin, begin + whole(middle)).x <= room)
            low = middle;
        else
            high = middle - 1;
    }
    std::string cut(text.substr(0, whole(low)));
    while (!cut.empty() && cut.back() == ' ') cut.pop_back();
    return cut + "…";
}

std::string keep_last_parts(std::string_view text, float width) {
    constexpr std::string_view separator = "· "; // what stands before the dot may be a space that does not break
    while (ImGui::CalcTextSize(text.data(), text.data() + text.size()).x > width) {
        const std::size_t at = text.find(separator);
        if (at == std::string_view::npos) break;
        text.remove_prefix(at + separator.size());
    }
    return elide(text, width);
}

} // namespace attnscope::ui
