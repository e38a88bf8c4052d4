// WordPiece: words are cut greedily into the longest pieces of a vocabulary (Schuster and Nakajima 2012; BERT).
#pragma once

#include "text/token_model.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace attnscope {

struct WordPieceSettings {
    Vocabulary vocabulary;           ///< holds `unknown`
    std::string unknown = "[UNK]";   ///< stands for a word that cannot be cut
    std::string continuation = "##"; ///< what pieces inside a word start with
    std::size_t longest_word = 100;  ///< characters; longer words are unknown
};

class WordPieceModel final : public TokenModel {
public:
    explicit WordPieceModel(WordPieceSettings settings);
    void encode(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    std::string bytes(std::string_view spelling) const override { return std::string(spelling); }
    /// Pieces joined into words, words apart by one space: what was normalised away does not come back.
    std::string join(std::span<const TokenBytes> tokens) const override;

private:
    WordPieceSettings settings_;
    std::int64_t unknown_id_ = 0;
    std::size_t longest_piece_ = 0; // bytes
};

} // namespace attnscope
