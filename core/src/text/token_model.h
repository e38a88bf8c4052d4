// What a tokenizer does to one piece of text: the part in which WordPiece and byte pair encoding differ.
#pragma once

#include "text/aligned_text.h"

#include <cstdint>
#include <functional>
#include <span>
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
/// Ids by spelling.
using Vocabulary = std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>>;

/// A token and the bytes of the piece it stands for.
struct PieceToken {
    std::int64_t id = 0;
    ByteRange range;
};

/// What a token adds to a text, and whether it is one beside the model's.
struct TokenBytes {
    std::string_view bytes;
    bool added = false;
};

class TokenModel {
public:
    virtual ~TokenModel() = default;
    /// Appends the tokens of `piece`, which is not empty. The same piece always has the same tokens.
    virtual void encode(std::string_view piece, std::vector<PieceToken>& tokens) const = 0;
    /// What the token of that spelling adds to a text.
    virtual std::string bytes(std::string_view spelling) const = 0;
    /// A text out of its tokens.
    virtual std::string join(std::span<const TokenBytes> tokens) const = 0;
};

} // namespace attnscope
