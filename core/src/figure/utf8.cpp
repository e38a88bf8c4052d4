// Texts come from strangers' files: bytes that are no UTF-8 must not reach a font or an XML file.
#include "figure/fonts.h"

namespace attnscope {
namespace {

constexpr char32_t replacement = 0xfffd;

bool is_drawable(char32_t value) {
    return value < 0x110000 && !(value >= 0xd800 && value < 0xe000) && (value & 0xfffe) != 0xfffe;
}

} // namespace

std::vector<CodePoint> decode_utf8(std::string_view text) {
    std::vector<CodePoint> points;
    points.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
        const unsigned char lead = byte(i);
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xc2 && lead < 0xe0 ? 2
                                   : lead >= 0xe0 && lead < 0xf0 ? 3
                                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                                 : 0;
        char32_t value = length == 1 ? lead : lead & (0xffu >> (length + 1));
        bool valid = length > 0 && i + length <= text.size();
        for (std::size_t k = 1; valid && k < length; ++k) {
            valid = (byte(i + k) & 0xc0) == 0x80;
            value = (value << 6) | (byte(i + k) & 0x3fu);
        }
        // Shorter spellings exist for these values.
        if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000))
            valid = false;
        if (!valid || !is_drawable(value)) {
            points.push_back({replacement, i, i + 1});
            ++i;
            continue;
        }
        const bool control = value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0x2028 || value == 0x2029;
        points.push_back({control ? U' ' : value, i, i + length});
        i += length;
    }
    return points;
}

void append_utf8(std::string& text, char32_t value) {
    if (value < 0x80) {
        text += static_cast<char>(value);
    } else if (value < 0x800) {
        text += static_cast<char>(0xc0 | (value >> 6));
        text += static_cast<char>(0x80 | (value & 0x3f));
    } else if (value < 0x10000) {
        text += static_cast<char>(0xe0 | (value >> 12));
        text += static_cast<char>(0x80 | ((value >> 6) & 0x3f));
        text += static_cast<char>(0x80 | (value & 0x3f));
    } else {
        text += static_cast<char>(0xf0 | (value >> 18));
        text += static_cast<char>(0x80 | ((value >> 12) & 0x3f));
        text += static_cast<char>(0x80 | ((value >> 6) & 0x3f));
        text += static_cast<char>(0x80 | (value & 0x3f));
    }
}

std::string clean_utf8(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    for (const CodePoint& point : decode_utf8(text))
        append_utf8(clean, point.value);
    return clean;
}

} // namespace attnscope
