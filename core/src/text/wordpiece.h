// WordPiece: words are cut greedily into the longest pieces of a vocabulary (Schuster and Nakajima 2012; BERT).
#pragma once

#include "text/added_tokens.h"
#include "text/bert_normalizer.h"

#include <attnscope/text_encoder.h>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attnscope {

/// Finds a std::string key by a std::string_view without making a string.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
using Vocabulary = std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>>;

struct WordPieceSettings {
    Vocabulary vocabulary;           ///< holds `unknown`
    std::string unknown = "[UNK]";   ///< stands for a word that cannot be cut
    std::string continuation = "##"; ///< what pieces inside a word start with
    std::size_t longest_word = 100;  ///< characters; longer words are unknown
    std::optional<BertNormalizer> normalizer = BertNormalizer{};
    std::vector<AddedToken> added;
    std::vector<Token> before, after; ///< set around every text, [CLS] and [SEP]
};

class WordPiece final : public Tokenizer {
public:
    explicit WordPiece(WordPieceSettings settings);
    std::vector<Token> encode(std::string_view text) const override;
    std::string token_text(std::int64_t id) const override;
    /// Pieces joined into words, words apart by one space: what was normalised away does not come back.
    std::string decode(std::span<const std::int64_t> ids) const override;
    std::size_t vocabulary_size() const override { return size_; }

private:
    std::vector<Character> normalized(std::vector<Character> text) const;
    void encode_words(std::span<const Character> text, std::vector<Token>& tokens) const;
    void encode_word(std::span<const Character> word, std::vector<Token>& tokens) const;

    WordPieceSettings settings_;
    AddedTokens in_original_, in_normalized_;
    std::unordered_map<std::int64_t, std::string> texts_; // of every id
    std::int64_t unknown_id_ = 0;
    std::size_t longest_piece_ = 0; // bytes
    std::size_t size_ = 0;
};

/// From a whole tokenizer.json whose model is of kind WordPiece. Throws Error{input}.
std::unique_ptr<Tokenizer> wordpiece_from_json(const nlohmann::json& document, const std::string& subject);
/// From vocab.txt, one token a line, and the tokenizer_config.json beside it if there is one. Throws Error{input}.
std::unique_ptr<Tokenizer> wordpiece_from_vocabulary(const std::filesystem::path& path);

} // namespace attnscope
