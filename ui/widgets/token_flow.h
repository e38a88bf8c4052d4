// A text whose tokens are coloured, laid out in lines: what a reader of attention looks at.
#pragma once

#include "widgets/theme.h"

#include <attnscope/tokenizer.h>

#include <imgui.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

struct TokenFlowLook {
    std::int64_t selected = -1;
    std::int64_t end = 0; ///< tokens from here on are not seen: muted
    /// Share of the full colour behind a token, 0 … 1, or −1 … 1 where it is signed.
    std::function<float(std::int64_t)> share;
    bool is_signed = false; ///< colours are the ends of the diverging map
    float strength = 1;     ///< below 1 while a newer result is computed
};

struct TokenFlowInteraction {
    std::optional<std::int64_t> hovered;
    bool clicked = false;
};

class TokenFlow {
public:
    /// Lays the tokens out anew when they, the width or the size of the font have changed. `identity` names them: equal
    /// for the same tokens.
    TokenFlowInteraction draw(const char* id, const std::string& text, const std::vector<Token>& tokens,
                              const void* identity, const ThemeColours& theme, const TokenFlowLook& look);
    int lines() const { return lines_; }

private:
    struct Piece {
        std::string shown;
        float x = 0, width = 0;
        int line = 0;
    };
    void lay_out(const std::string& text, const std::vector<Token>& tokens, float width);

    std::vector<Piece> pieces_; ///< one a token
    const void* identity_ = nullptr;
    float width_ = 0, font_ = 0;
    int lines_ = 0;
    std::int64_t followed_ = -1; ///< the selected token that was last brought into sight
};

} // namespace attnscope::ui
