#include "text/characters.h"

#include "files/text_files.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>

namespace attnscope {

std::vector<Character> decode_utf8(std::string_view text) {
    std::vector<Character> characters;
    characters.reserve(text.size());
    for (std::size_t place = 0; place < text.size(); place = characters.back().end)
        characters.push_back(character_at(text, place));
    return characters;
}

Character character_at(std::string_view text, std::size_t place) {
    const std::size_t begin = place;
    UChar32 code;
    U8_NEXT_OR_FFFD(reinterpret_cast<const std::uint8_t*>(text.data()), place, text.size(), code);
    return {static_cast<char32_t>(code), begin, place};
}

Character character_before(std::string_view text, std::size_t place) {
    do {
        --place;
    } while (place > 0 && (static_cast<unsigned char>(text[place]) & 0xc0) == 0x80);
    return character_at(text, place);
}

std::string valid_utf8(std::string_view text) {
    if (invalid_utf8(text) == std::string_view::npos) return std::string(text);
    std::string result;
    for (const Character& character : decode_utf8(text)) append_utf8(result, character.code);
    return result;
}

void append_utf8(std::string& text, char32_t code) {
    std::array<char, U8_MAX_LENGTH> bytes;
    int length = 0;
    U8_APPEND_UNSAFE(bytes.data(), length, static_cast<UChar32>(code));
    text.append(bytes.data(), static_cast<std::size_t>(length));
}

bool is_space(char32_t code) {
    if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
    return u_hasBinaryProperty(static_cast<UChar32>(code), UCHAR_WHITE_SPACE);
}

bool is_control(char32_t code) {
    if (code == '\t' || code == '\n' || code == '\r') return false;
    if (code < 0x80) return code < 0x20 || code == 0x7f;
    // Unassigned code points stay: the reference library's tables are older than many of them.
    return U_GET_GC_MASK(static_cast<UChar32>(code)) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

bool is_punctuation(char32_t code) {
    if (code < 0x80) {
        return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
               (code >= '{' && code <= '~');
    }
    return U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_P_MASK;
}

bool is_nonspacing_mark(char32_t code) {
    return code >= 0x300 && u_charType(static_cast<UChar32>(code)) == U_NON_SPACING_MARK;
}

bool is_mark(char32_t code) {
    return code >= 0x300 && (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_M_MASK);
}

bool is_word_character(char32_t code) {
    const auto point = static_cast<UChar32>(code);
    return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) || u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL) ||
           (U_GET_GC_MASK(point) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK));
}

bool is_cjk_ideograph(char32_t code) {
    struct Block {
        char32_t first, last;
    };
    // The seventh block starts at 2B920, not 2B820: that is how the reference library spells it.
    static constexpr std::array blocks{Block{0x3400, 0x4dbf},   Block{0x4e00, 0x9fff},   Block{0xf900, 0xfaff},
                                       Block{0x20000, 0x2a6df}, Block{0x2a700, 0x2b73f}, Block{0x2b740, 0x2b81f},
                                       Block{0x2b920, 0x2ceaf}, Block{0x2f800, 0x2fa1f}};
    return code >= blocks.front().first && std::any_of(blocks.begin(), blocks.end(), [code](const Block& block) {
               return code >= block.first && code <= block.last;
           });
}

void append_lower_case(std::vector<Character>& text, const Character& character) {
    // The one unconditional mapping to two characters; ICU's single-character mapping drops the dot.
    if (character.code == 0x130) {
        text.push_back({U'i', character.begin, character.end});
        text.push_back({0x307, character.begin, character.end});
        return;
    }
    text.push_back(
        {static_cast<char32_t>(u_tolower(static_cast<UChar32>(character.code))), character.begin, character.end});
}

} // namespace attnscope
