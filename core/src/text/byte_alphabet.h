// The alphabet in which byte-level vocabularies spell bytes: one printable character for each of the 256.
// Source: Radford et al. 2019, GPT-2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attnscope {

/// Printable characters of Latin-1 stand for their own code, the other bytes for U+0100 and on in order.
char32_t byte_character(unsigned char byte);
/// The bytes a token spells; none when a character is not of the alphabet.
std::optional<std::string> spelled_bytes(std::string_view spelling);

} // namespace attnscope
