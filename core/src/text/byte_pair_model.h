// Byte pair encoding: a piece's characters or bytes are merged pair by pair, the pair of the lowest rank first.
// Source: Sennrich et al. 2016; over bytes, Radford et al. 2019; by scores, Kudo and Richardson 2018.
#pragma once

#include "text/merges.h"
#include "text/token_model.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

struct BytePairSettings {
    /// What merging starts from, and how the vocabulary spells.
    enum class Units {
        characters,    ///< characters of text
        bytes,         ///< bytes of text, which the vocabulary spells in the byte alphabet
        spelled_bytes, ///< pieces come spelled in the byte alphabet
    };
    /// Spaces that encoding sets before a text and decoding takes away again.
    enum class SpacePrefix { none, start, start_and_after_added };

    Vocabulary vocabulary;
    MergeTable merges;
    Units units = Units::characters;
    bool byte_fallback = false;          ///< characters not in the vocabulary become <0x00> … <0xFF>
    bool ignore_merges = false;          ///< a piece that is in the vocabulary is one token
    std::optional<std::int64_t> unknown; ///< else characters not in the vocabulary are dropped
    bool fuse_unknown = false;           ///< neighbouring unknown characters are one token
    std::string continuation;            ///< what units inside a piece are spelled with before them
    std::string word_end;                ///< what the last unit of a piece is spelled with behind it
    std::string space_mark;              ///< stands for a space in spellings
    SpacePrefix space_prefix = SpacePrefix::none;
};

class BytePairModel final : public TokenModel {
public:
    explicit BytePairModel(BytePairSettings settings);
    void encode(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    std::string bytes(std::string_view spelling) const override;
    std::string join(std::span<const TokenBytes> tokens) const override;

private:
    struct Symbol {
        std::uint32_t id = 0;
        ByteRange range; ///< of the piece
        std::ptrdiff_t previous = -1, next = -1;
    };
    std::vector<Symbol> units_of(std::string_view piece) const;
    /// Tokens of the single bytes; empty where one is missing.
    std::vector<std::int64_t> byte_ids(std::string_view spelling) const;
    void merge(std::vector<Symbol>& symbols) const;

    BytePairSettings settings_;
};

/// <0x0A>
std::string byte_token(unsigned char byte);

} // namespace attnscope
