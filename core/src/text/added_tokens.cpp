#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

namespace attnscope {

void AddedTokens::add(AddedToken token, std::vector<Character> spelling) {
    if (spelling.empty())
        return;
    Entry entry{std::move(token), {}};
    for (const Character& character : spelling)
        entry.spelling.push_back(character.code);
    std::vector<Entry>& bucket = entries_[entry.spelling.front()];
    const auto place = std::find_if(bucket.begin(), bucket.end(),
                                    [&](const Entry& other) { return other.spelling.size() < entry.spelling.size(); });
    bucket.insert(place, std::move(entry));
}

const AddedTokens::Entry* AddedTokens::longest_at(std::span<const Character> text, std::size_t place) const {
    const auto bucket = entries_.find(text[place].code);
    if (bucket == entries_.end())
        return nullptr;
    for (const Entry& entry : bucket->second) {
        if (entry.spelling.size() <= text.size() - place &&
            std::equal(entry.spelling.begin(), entry.spelling.end(), text.begin() + static_cast<std::ptrdiff_t>(place),
                       [](char32_t code, const Character& character) { return code == character.code; })) {
            return &entry;
        }
    }
    return nullptr;
}

std::vector<AddedTokens::Piece> AddedTokens::split(std::span<const Character> text) const {
    std::vector<Piece> pieces;
    std::size_t done = 0;
    for (std::size_t place = 0; place < text.size();) {
        const Entry* const entry = entries_.empty() ? nullptr : longest_at(text, place);
        if (!entry) {
            ++place;
            continue;
        }
        std::size_t begin = place, end = place + entry->spelling.size();
        place = end;
        const bool touches_word = (begin > 0 && is_word_character(text[begin - 1].code)) ||
                                  (end < text.size() && is_word_character(text[end].code));
        if (entry->token.single_word && touches_word)
            continue;
        if (entry->token.strip_left) {
            while (begin > done && is_space(text[begin - 1].code))
                --begin;
        }
        if (entry->token.strip_right) {
            while (end < text.size() && is_space(text[end].code))
                ++end;
            place = end;
        }
        if (done < begin)
            pieces.push_back({done, begin, nullptr});
        pieces.push_back({begin, end, &entry->token});
        done = end;
    }
    if (done < text.size())
        pieces.push_back({done, text.size(), nullptr});
    return pieces;
}

} // namespace attnscope
