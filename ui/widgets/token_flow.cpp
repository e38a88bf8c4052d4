#include "widgets/token_flow.h"

#include <attnscope/figure.h>

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr float type_scale = 1.12f;  // × the text of the interface
constexpr float line_height = 1.62f; // × em

/// What a token looks like in a line: line breaks are left to the layout, what has no text of its own is named.
std::string shown_text(const std::string& text, const Token& token) {
    std::string shown = token.end > token.begin && token.end <= text.size()
                            ? text.substr(token.begin, token.end - token.begin)
                            : token.text;
    std::erase(shown, '\r');
    for (char& c : shown)
        if (c == '\n' || c == '\t') c = ' ';
    return shown.empty() ? " " : shown;
}

/// One of the ends of the diverging map, a little inside of them.
ImVec4 end_colour(bool above) {
    constexpr std::size_t inside = 40;
    const auto& rgb = colour_table(ColourMap::diverging)[above ? 255 - inside : inside];
    return {float(rgb[0]) / 255, float(rgb[1]) / 255, float(rgb[2]) / 255, 1};
}

bool breaks_line(const std::string& text, const Token& token) {
    return token.end > token.begin && token.end <= text.size() && text.find('\n', token.begin) < token.end;
}

} // namespace

void TokenFlow::lay_out(const std::string& text, const std::vector<Token>& tokens, float width) {
    pieces_.clear();
    pieces_.reserve(tokens.size());
    float x = 0;
    int line = 0;
    std::size_t read = 0;
    for (const Token& token : tokens) {
        Piece piece;
        piece.shown = shown_text(text, token);
        // Spaces between words belong to no token of a WordPiece tokenizer.
        if (token.end > token.begin && token.begin > read && token.begin <= text.size()) {
            const bool newline = text.find('\n', read) < token.begin;
            x = newline ? 0 : x + ImGui::CalcTextSize(" ").x;
            line += newline;
        }
        piece.width = ImGui::CalcTextSize(piece.shown.c_str()).x;
        if (x > 0 && x + piece.width > width) {
            x = 0;
            ++line;
        }
        // A line does not begin with the space that stood between two words.
        if (x == 0 && piece.shown.size() > 1 && piece.shown.front() == ' ') {
            piece.shown.erase(0, 1);
            piece.width = ImGui::CalcTextSize(piece.shown.c_str()).x;
        }
        piece.x = x;
        piece.line = line;
        // What stands for no text stands apart from it.
        x += piece.width + (token.end > token.begin ? 0 : ImGui::GetFontSize() * 0.35f);
        if (breaks_line(text, token)) {
            x = 0;
            ++line;
        }
        read = std::max(read, token.end);
        pieces_.push_back(std::move(piece));
    }
    lines_ = line + 1;
}

TokenFlowInteraction TokenFlow::draw(const char* id, const std::string& text, const std::vector<Token>& tokens,
                                     const void* identity, const ThemeColours& theme, const TokenFlowLook& look) {
    TokenFlowInteraction interaction;
    if (!ImGui::BeginChild(id)) {
        ImGui::EndChild();
        return interaction;
    }
    ImGui::PushFont(nullptr, ImGui::GetStyle().FontSizeBase * type_scale);
    const float em = ImGui::GetFontSize(), row = em * line_height;
    const float width = ImGui::GetContentRegionAvail().x;
    if (identity != identity_ || width != width_ || em != font_ || tokens.size() != pieces_.size()) {
        identity_ = identity;
        width_ = width;
        font_ = em;
        lay_out(text, tokens, width);
    }
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float scrolled = ImGui::GetScrollY(), height = ImGui::GetWindowHeight();
    const int first_line = int(scrolled / row) - 1, last_line = int((scrolled + height) / row) + 1;
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    const bool hovered = ImGui::IsWindowHovered();
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const auto begin = std::ranges::lower_bound(pieces_, first_line, {}, &Piece::line);
    for (auto piece = begin; piece != pieces_.end() && piece->line <= last_line; ++piece) {
        const auto token = static_cast<std::int64_t>(piece - pieces_.begin());
        const ImVec2 low{at.x + piece->x, at.y + row * float(piece->line) + em * 0.12f};
        const ImVec2 high{low.x + piece->width, low.y + row - em * 0.24f};
        const bool seen = token < look.end;
        const float share = seen ? std::clamp(look.share(token), look.is_signed ? -1.0f : 0.0f, 1.0f) : 0;
        if (share != 0) {
            ImVec4 ground = look.is_signed ? end_colour(share > 0) : theme.weight;
            ground.w = std::abs(share) * (look.is_signed ? 0.7f : 0.85f) * look.strength;
            draw.AddRectFilled(low, high, ImGui::GetColorU32(ground), em * 0.2f);
        }
        ImVec4 ink = seen ? theme.text : theme.muted_text;
        ink.w *= seen ? 1.0f : 0.65f;
        draw.AddText({low.x, low.y + (high.y - low.y - em) / 2}, ImGui::GetColorU32(ink), piece->shown.c_str());
        if (token == look.selected)
            draw.AddRect(low, high, ImGui::GetColorU32(theme.accent), em * 0.2f, std::max(1.5f, em * 0.1f));
        if (hovered && mouse.x >= low.x && mouse.x < high.x && mouse.y >= low.y && mouse.y < high.y) {
            interaction.hovered = token;
            interaction.clicked = ImGui::IsMouseClicked(ImGuiMouseButton_Left);
            draw.AddRect(low, high, ImGui::GetColorU32(theme.muted_text), em * 0.2f);
        }
    }
    // A selection made elsewhere, or a film, is followed until it is in sight: how far the text reaches is known only
    // in the frame after its first.
    if (look.selected != followed_ && look.selected >= 0 && look.selected < std::ssize(pieces_)) {
        const float y = row * float(pieces_[std::size_t(look.selected)].line);
        if (y >= scrolled && y + row <= scrolled + height + 1)
            followed_ = look.selected;
        else
            ImGui::SetScrollY(std::max(0.0f, y - height / 2));
    }
    ImGui::Dummy({width, row * float(lines_)});
    ImGui::PopFont();
    ImGui::EndChild();
    return interaction;
}

} // namespace attnscope::ui
