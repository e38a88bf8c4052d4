// Tokens beside a tokenizer's model: written in a text they become their ids whole.
#pragma once

#include "text/characters.h"

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace attnscope {

struct AddedToken {
    std::int64_t id = 0;
    std::string content;
    bool single_word = false; ///< only where no word character touches it
    bool strip_left = false;  ///< takes the white space before it along
    bool strip_right = false; ///< takes the white space after it along
    bool normalized = false;  ///< looked for in the normalised text, not in the original
};

/// Finds the tokens of a set in a text, leftmost and longest first, without overlaps.
class AddedTokens {
public:
    struct Piece {
        std::size_t begin = 0, end = 0;    ///< characters [begin, end)
        const AddedToken* token = nullptr; ///< null for the text between tokens
    };

    /// `spelling` is what to look for, which a normaliser may have changed; an empty one is never found.
    void add(AddedToken token, std::vector<Character> spelling);
    /// Pieces in order that cover the text; never an empty piece.
    std::vector<Piece> split(std::span<const Character> text) const;

private:
    struct Entry {
        AddedToken token;
        std::vector<char32_t> spelling;
    };
    const Entry* longest_at(std::span<const Character> text, std::size_t place) const;

    // By first code point, longest spelling first.
    std::unordered_map<char32_t, std::vector<Entry>> entries_;
};

} // namespace attnscope
