#include "text/byte_alphabet.h"

#include "text/characters.h"

#include <array>

namespace attnscope {
namespace {

constexpr bool printable(int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

constexpr std::array<char32_t, 256> characters = [] {
    std::array<char32_t, 256> result{};
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte)
        result[static_cast<std::size_t>(byte)] = printable(byte) ? static_cast<char32_t>(byte) : next++;
    return result;
}();

constexpr std::size_t alphabet_end = 0x100 + 68; // behind its last character

constexpr std::array<int, alphabet_end> bytes = [] {
    std::array<int, alphabet_end> result{};
    for (int& byte : result) byte = -1;
    for (int byte = 0; byte < 256; ++byte) result[characters[static_cast<std::size_t>(byte)]] = byte;
    return result;
}();

} // namespace

char32_t byte_character(unsigned char byte) {
    return characters[byte];
}

std::optional<std::string> spelled_bytes(std::string_view spelling) {
    std::string result;
    for (const Character& character : decode_utf8(spelling)) {
        if (character.code >= bytes.size() || bytes[character.code] < 0) return std::nullopt;
        result += static_cast<char>(bytes[character.code]);
    }
    return result;
}

} // namespace attnscope
