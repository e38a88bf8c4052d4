#include "text/wordpiece.h"

#include <algorithm>
#include <utility>

namespace attnscope {

WordPiece::WordPiece(WordPieceSettings settings) : settings_(std::move(settings)) {
    const auto unknown = settings_.vocabulary.find(settings_.unknown);
    ATTNSCOPE_ASSERT(unknown != settings_.vocabulary.end());
    unknown_id_ = unknown->second;

    std::int64_t last = 0;
    for (const auto& [piece, id] : settings_.vocabulary) {
        longest_piece_ = std::max(longest_piece_, piece.size());
        last = std::max(last, id);
        texts_.emplace(id, piece);
    }
    for (const auto* const around : {&settings_.before, &settings_.after}) {
        for (const Token& token : *around) {
            last = std::max(last, token.id);
            texts_.emplace(token.id, token.text);
        }
    }
    for (AddedToken& token : settings_.added) {
        last = std::max(last, token.id);
        texts_.emplace(token.id, token.content);
        std::vector<Character> spelling = decode_utf8(token.content);
        if (token.normalized) {
            in_normalized_.add(std::move(token), normalized(std::move(spelling)));
        } else {
            in_original_.add(std::move(token), std::move(spelling));
        }
    }
    settings_.added.clear();
    size_ = static_cast<std::size_t>(last) + 1;
}

std::vector<Character> WordPiece::normalized(std::vector<Character> text) const {
    return settings_.normalizer ? settings_.normalizer->apply(std::move(text)) : text;
}

std::vector<Token> WordPiece::encode(std::string_view text) const {
    std::vector<Token> tokens = settings_.before;
    const auto append_added = [&](const AddedToken& token, std::span<const Character> piece) {
        tokens.push_back({token.id, token.content, piece.front().begin, piece.back().end});
    };
    const std::vector<Character> characters = decode_utf8(text);
    for (const AddedTokens::Piece& outer : in_original_.split(characters)) {
        const std::span piece = std::span(characters).subspan(outer.begin, outer.end - outer.begin);
        if (outer.token) {
            append_added(*outer.token, piece);
            continue;
        }
        const std::vector<Character> plain = normalized({piece.begin(), piece.end()});
        for (const AddedTokens::Piece& inner : in_normalized_.split(plain)) {
            const std::span part = std::span(plain).subspan(inner.begin, inner.end - inner.begin);
            if (inner.token) {
                append_added(*inner.token, part);
            } else {
                encode_words(part, tokens);
            }
        }
    }
    for (Token token : settings_.after) {
        token.begin = token.end = text.size();
        tokens.push_back(std::move(token));
    }
    return tokens;
}

void WordPiece::encode_words(std::span<const Character> text, std::vector<Token>& tokens) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const bool ends = i == text.size();
        const bool space = !ends && is_space(text[i].code);
        const bool punctuation = !ends && !space && is_punctuation(text[i].code);
        if (!ends && !space && !punctuation)
            continue;
        if (begin < i)
            encode_word(text.subspan(begin, i - begin), tokens);
        if (punctuation)
            encode_word(text.subspan(i, 1), tokens);
        begin = i + 1;
    }
}

void WordPiece::encode_word(std::span<const Character> word, std::vector<Token>& tokens) const {
    const std::size_t first = tokens.size();
    const auto give_up = [&] {
        tokens.resize(first);
        tokens.push_back({unknown_id_, settings_.unknown, word.front().begin, word.back().end});
    };
    if (word.size() > settings_.longest_word)
        return give_up();

    std::string candidate;           // the rest of the word, with the continuation before it unless it is the whole
    std::vector<std::size_t> length; // bytes of the candidate up to each of its characters
    for (std::size_t begin = 0; begin < word.size();) {
        candidate.assign(begin == 0 ? std::string_view() : std::string_view(settings_.continuation));
        length.clear();
        for (std::size_t i = begin; i < word.size() && candidate.size() < longest_piece_; ++i) {
            append_utf8(candidate, word[i].code);
            length.push_back(candidate.size());
        }
        auto found = settings_.vocabulary.end();
        while (!length.empty() && found == settings_.vocabulary.end()) {
            found = settings_.vocabulary.find(std::string_view(candidate).substr(0, length.back()));
            if (found == settings_.vocabulary.end())
                length.pop_back();
        }
        if (length.empty())
            return give_up();
        const std::size_t end = begin + length.size();
        tokens.push_back({found->second, found->first, word[begin].begin, word[end - 1].end});
        begin = end;
    }
}

std::string WordPiece::token_text(std::int64_t id) const {
    const auto found = texts_.find(id);
    return found == texts_.end() ? std::string() : found->second;
}

std::string WordPiece::decode(std::span<const std::int64_t> ids) const {
    std::string text;
    for (const std::int64_t id : ids) {
        const std::string piece = token_text(id);
        const bool continues = piece.size() > settings_.continuation.size() && piece.starts_with(settings_.continuation);
        if (!continues && !text.empty())
            text += ' ';
        text += continues ? piece.substr(settings_.continuation.size()) : piece;
    }
    return text;
}

} // namespace attnscope
