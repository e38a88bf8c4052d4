// Code points of a text that remember which bytes of it they came from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// A code point and the half-open byte range of the original text it stands for. Normalising changes codes and drops
/// or inserts characters; the ranges stay those of the original.
struct Character {
    char32_t code = 0;
    std::size_t begin = 0, end = 0;
};

/// Bytes that are no UTF-8 become U+FFFD.
std::vector<Character> decode_utf8(std::string_view text);
/// The character that begins at a byte of `text`, and the one that ends before a byte (of valid UTF-8).
Character character_at(std::string_view text, std::size_t place);
Character character_before(std::string_view text, std::size_t place);
/// The same text with U+FFFD for bytes that are no UTF-8.
std::string valid_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code);

bool is_space(char32_t code);       ///< Unicode White_Space
bool is_control(char32_t code);     ///< control, format or private use, but neither tab nor line break
bool is_punctuation(char32_t code); ///< ASCII symbols included
bool is_nonspacing_mark(char32_t code);
bool is_mark(char32_t code);           ///< nonspacing, spacing or enclosing
bool is_word_character(char32_t code); ///< what `\w` matches
bool is_cjk_ideograph(char32_t code);  ///< the blocks BERT was trained to split

/// Appends the lower case of one character: two characters for İ.
void append_lower_case(std::vector<Character>& text, const Character& character);

} // namespace attnscope
