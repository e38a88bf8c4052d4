// Tokens beside a tokenizer's model: written in a text they become their ids whole.
#pragma once

#include "text/aligned_text.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
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
        ByteRange range;
        const AddedToken* token = nullptr; ///< null for the text between tokens
    };

    /// `spelling` is what to look for, which a normaliser may have changed; one that is empty or no
    /// UTF-8 is never found.
    void add(AddedToken token, std::string_view spelling);
    /// Pieces in order that cover `text`, valid UTF-8; never an empty piece.
    std::vector<Piece> split(std::string_view text) const;

private:
    struct Match {
        const AddedToken* token = nullptr;
        std::size_t size = 0; ///< bytes
    };
    Match longest_at(std::string_view text) const;

    // A trie of the spellings' bytes; node 0 is the root.
    std::unordered_map<std::uint64_t, std::size_t> children_; // by node · 256 + byte
    std::vector<std::size_t> tokens_at_{none};                // per node: which token ends there
    std::array<bool, 256> begins_{};                          // whether a spelling begins with a byte
    std::vector<AddedToken> tokens_;
    static constexpr std::size_t none = SIZE_MAX;
};

} // namespace attnscope
