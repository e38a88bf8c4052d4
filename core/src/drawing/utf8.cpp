// Texts come from strangers' files: what cannot be drawn must not reach a font or an XML file.
#include "drawing/fonts.h"

#include "text/characters.h"

namespace attnscope {

char32_t drawable(char32_t code) {
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
    if (control) return U' ';
    // The last two code points of every plane are no characters, and XML refuses some of them.
    const bool unassignable = (code & 0xfffe) == 0xfffe || (code >= 0xd800 && code < 0xe000) || code >= 0x110000;
    return unassignable ? char32_t{0xfffd} : code;
}

std::string clean_utf8(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    for (const Character& character : decode_utf8(text)) append_utf8(clean, drawable(character.code));
    return clean;
}

} // namespace attnscope
