#include "text/added_tokens.h"

#include "files/text_files.h"

#include <utility>

namespace attnscope {

void AddedTokens::add(AddedToken token, std::string_view spelling) {
    // Other bytes could be found inside a character.
    if (spelling.empty() || invalid_utf8(spelling) != std::string_view::npos) return;
    std::size_t node = 0;
    for (const char character : spelling) {
        const auto byte = static_cast<unsigned char>(character);
        const auto [child, inserted] = children_.try_emplace(std::uint64_t{node} << 8 | byte, tokens_at_.size());
        if (inserted) tokens_at_.push_back(none);
        node = child->second;
    }
    begins_[static_cast<unsigned char>(spelling.front())] = true;
    if (tokens_at_[node] == none) {
        tokens_at_[node] = tokens_.size();
        tokens_.push_back(std::move(token));
    }
}

AddedTokens::Match AddedTokens::longest_at(std::string_view text) const {
    Match longest;
    std::size_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto child = children_.find(std::uint64_t{node} << 8 | static_cast<unsigned char>(text[i]));
        if (child == children_.end()) break;
        node = child->second;
        if (tokens_at_[node] != none) longest = {&tokens_[tokens_at_[node]], i + 1};
    }
    return longest;
}

std::vector<AddedTokens::Piece> AddedTokens::split(std::string_view text) const {
    std::vector<Piece> pieces;
    std::size_t done = 0;
    for (std::size_t place = 0; place < text.size();) {
        const Match match = begins_[static_cast<unsigned char>(text[place])] ? longest_at(text.substr(place)) : Match();
        if (!match.token) {
            ++place;
            continue;
        }
        std::size_t begin = place, end = place + match.size;
        place = end;
        const bool touches_word = (begin > 0 && is_word_character(character_before(text, begin).code)) ||
                                  (end < text.size() && is_word_character(character_at(text, end).code));
        if (match.token->single_word && touches_word) continue;
        while (match.token->strip_left && begin > done) {
            const Character before = character_before(text, begin);
            if (!is_space(before.code)) break;
            begin = before.begin;
        }
        while (match.token->strip_right && end < text.size()) {
            const Character after = character_at(text, end);
            if (!is_space(after.code)) break;
            place = end = after.end;
        }
        if (done < begin) pieces.push_back({{done, begin}, nullptr});
        pieces.push_back({{begin, end}, match.token});
        done = end;
    }
    if (done < text.size()) pieces.push_back({{done, text.size()}, nullptr});
    return pieces;
}

} // namespace attnscope
