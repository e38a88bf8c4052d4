#include "drawing/figure_text.h"

#include <cmath>
#include <limits>

namespace attnscope {
namespace {

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

} // namespace

std::vector<std::string> ids_of(std::span<const PanelName> panels) {
    std::vector<std::string> list;
    for (const PanelName& panel : panels) list.emplace_back(panel.id);
    return list;
}

const char* title_of(std::span<const PanelName> panels, std::string_view id) {
    for (const PanelName& panel : panels)
        if (panel.id == id) return panel.title;
    return "";
}

void say(Figure& figure, const std::string& part) {
    if (!figure.subtitle.empty()) figure.subtitle += "\u00a0· "; // the dot stays with what it follows
    figure.subtitle += part;
}

namespace {
constexpr std::string_view colours_end = " (colours end at ";
}

void note_colours_end(HeatMap& map, const std::string& end, const std::string& why) {
    map.label += std::string(colours_end) + end + (why.empty() ? "" : ", " + why) + ")";
}

std::string without_colours_end(const HeatMap& map) {
    return map.label.substr(0, map.label.find(colours_end));
}

std::string shorten(std::string_view text, std::size_t limit) {
    std::size_t characters = 0, cut = text.size(), word = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!starts_character(text[i])) continue;
        if (characters + 1 == limit) cut = i;
        if (text[i] == ' ' && characters < limit) word = i;
        if (++characters > limit) {
            std::size_t end = word > cut / 2 ? word : cut;
            while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == ',' || text[end - 1] == ';')) --end;
            return std::string(text.substr(0, end)) + "…";
        }
    }
    return std::string(text);
}

double value_at(const std::vector<double>& xs, const std::vector<double>& ys, double x) {
    for (std::size_t i = 0; i + 1 < xs.size() && i + 1 < ys.size(); ++i) {
        if (x < xs[i] || x > xs[i + 1]) continue;
        const double span = std::log(xs[i + 1] / xs[i]);
        return span > 0 ? std::lerp(ys[i], ys[i + 1], std::log(x / xs[i]) / span) : ys[i];
    }
    return std::numeric_limits<double>::quiet_NaN();
}

std::string plain_label(const std::string& label) {
    const auto bracket = label.rfind(" (");
    const bool words = bracket != std::string::npos && label.find(' ', bracket + 2) != std::string::npos;
    return words ? label.substr(0, bracket) : label;
}

} // namespace attnscope
