#include "text/wordpiece_model.h"

#include "text/characters.h"

#include <attnscope/error.h>

#include <algorithm>
#include <utility>

namespace attnscope {

WordPieceModel::WordPieceModel(WordPieceSettings settings) : settings_(std::move(settings)) {
    const auto unknown = settings_.vocabulary.find(settings_.unknown);
    ATTNSCOPE_ASSERT(unknown != settings_.vocabulary.end());
    unknown_id_ = unknown->second;
    for (const auto& [piece, id] : settings_.vocabulary) longest_piece_ = std::max(longest_piece_, piece.size());
}

void WordPieceModel::encode(std::string_view word, std::vector<PieceToken>& tokens) const {
    const std::size_t first = tokens.size();
    const auto give_up = [&] {
        tokens.resize(first);
        tokens.push_back({unknown_id_, {0, word.size()}});
    };
    const std::vector<Character> characters = decode_utf8(word);
    if (characters.size() > settings_.longest_word) return give_up();

    std::string candidate;           // the rest of the word, with the continuation before it unless it is the whole
    std::vector<std::size_t> length; // bytes of the candidate up to each of its characters
    for (std::size_t begin = 0; begin < characters.size();) {
        candidate.assign(begin == 0 ? std::string_view() : std::string_view(settings_.continuation));
        length.clear();
        for (std::size_t i = begin; i < characters.size() && candidate.size() < longest_piece_; ++i) {
            append_utf8(candidate, characters[i].code);
            length.push_back(candidate.size());
        }
        auto found = settings_.vocabulary.end();
        while (!length.empty() && found == settings_.vocabulary.end()) {
            found = settings_.vocabulary.find(std::string_view(candidate).substr(0, length.back()));
            if (found == settings_.vocabulary.end()) length.pop_back();
        }
        if (length.empty()) return give_up();
        const std::size_t end = begin + length.size();
        tokens.push_back({found->second, {characters[begin].begin, characters[end - 1].end}});
        begin = end;
    }
}

std::string WordPieceModel::join(std::span<const TokenBytes> tokens) const {
    std::string text;
    for (const TokenBytes& token : tokens) {
        const std::string_view piece = token.bytes;
        const bool continues =
            piece.size() > settings_.continuation.size() && piece.starts_with(settings_.continuation);
        if (!continues && !text.empty()) text += ' ';
        text += continues ? piece.substr(settings_.continuation.size()) : piece;
    }
    return text;
}

} // namespace attnscope
