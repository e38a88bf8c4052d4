#include "text/byte_pair_model.h"

#include "text/byte_alphabet.h"
#include "text/characters.h"

#include <algorithm>
#include <charconv>
#include <queue>
#include <tuple>
#include <utility>

namespace attnscope {
namespace {

constexpr std::uint32_t merged_away = UINT32_MAX; // no token's id

/// A merge that could be done when it was found; the symbols may have changed since.
struct Candidate {
    std::uint32_t rank = 0;
    std::size_t place = 0; // of the left symbol
    std::uint32_t left = 0, right = 0, id = 0;
    bool operator<(const Candidate& other) const { // the lowest rank on top, leftmost first
        return std::tie(other.rank, other.place) < std::tie(rank, place);
    }
};

std::size_t unit_size(std::string_view text, BytePairSettings::Units units) {
    if (units == BytePairSettings::Units::bytes) return 1;
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
    return size;
}

std::optional<unsigned char> byte_of_token(std::string_view spelling) {
    unsigned value = 0;
    if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling.back() != '>') return std::nullopt;
    const auto [end, failure] = std::from_chars(spelling.data() + 3, spelling.data() + 5, value, 16);
    if (failure != std::errc() || end != spelling.data() + 5) return std::nullopt;
    return static_cast<unsigned char>(value);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    std::string replaced;
    std::size_t begin = 0;
    for (std::size_t place = text.find(from); place != std::string::npos; place = text.find(from, begin)) {
        replaced.append(text, begin, place - begin).append(to);
        begin = place + from.size();
    }
    text = replaced.append(text, begin);
}

} // namespace

BytePairModel::BytePairModel(BytePairSettings settings) : settings_(std::move(settings)) {
    if (settings_.units != BytePairSettings::Units::bytes) return;
    // Looked up by the bytes of the text; what is no spelling of bytes is never met.
    Vocabulary by_bytes;
    by_bytes.reserve(settings_.vocabulary.size());
    for (const auto& [spelling, id] : settings_.vocabulary) {
        if (auto bytes = spelled_bytes(spelling)) by_bytes.emplace(std::move(*bytes), id);
    }
    settings_.vocabulary = std::move(by_bytes);
}

std::vector<BytePairModel::Symbol> BytePairModel::units_of(std::string_view piece) const {
    std::vector<Symbol> symbols;
    symbols.reserve(piece.size());
    const auto append = [&](std::int64_t id, ByteRange range) {
        const auto place = static_cast<std::ptrdiff_t>(symbols.size());
        if (place > 0) symbols.back().next = place;
        symbols.push_back({static_cast<std::uint32_t>(id), range, place - 1, -1});
    };
    bool after_unknown = false;
    std::string decorated;
    for (std::size_t begin = 0, end = 0; begin < piece.size(); begin = end) {
        end = begin + unit_size(piece.substr(begin), settings_.units);
        std::string_view spelling = piece.substr(begin, end - begin);
        if ((begin > 0 && !settings_.continuation.empty()) || (end == piece.size() && !settings_.word_end.empty())) {
            decorated = begin > 0 ? settings_.continuation : std::string();
            decorated += spelling;
            decorated += end == piece.size() ? settings_.word_end : std::string();
            spelling = decorated;
        }
        if (const auto found = settings_.vocabulary.find(spelling); found != settings_.vocabulary.end()) {
            append(found->second, {begin, end});
            after_unknown = false;
        } else if (const std::vector<std::int64_t> ids = byte_ids(spelling); !ids.empty()) {
            // Bytes that only decorate stand for nothing in the text.
            for (std::size_t i = 0; i < ids.size(); ++i)
                append(ids[i], {std::min(begin + i, end), std::min(begin + i + 1, end)});
            after_unknown = false;
        } else if (after_unknown && settings_.fuse_unknown) {
            symbols.back().range.end = end;
        } else if (settings_.unknown) {
            append(*settings_.unknown, {begin, end});
            after_unknown = true;
        }
    }
    return symbols;
}

std::vector<std::int64_t> BytePairModel::byte_ids(std::string_view spelling) const {
    std::vector<std::int64_t> ids;
    if (!settings_.byte_fallback) return ids;
    for (const char byte : spelling) {
        const auto found = settings_.vocabulary.find(byte_token(static_cast<unsigned char>(byte)));
        if (found == settings_.vocabulary.end()) return {};
        ids.push_back(found->second);
    }
    return ids;
}

void BytePairModel::merge(std::vector<Symbol>& symbols) const {
    std::vector<Candidate> found;
    found.reserve(symbols.size());
    const auto candidate_at = [&](std::size_t place) -> std::optional<Candidate> {
        const Symbol& left = symbols[place];
        if (left.next < 0) return std::nullopt;
        const Symbol& right = symbols[static_cast<std::size_t>(left.next)];
        const MergeTable::Merge* const merge = settings_.merges.find(left.id, right.id);
        if (!merge) return std::nullopt;
        return Candidate{merge->rank, place, left.id, right.id, merge->id};
    };
    for (std::size_t place = 0; place < symbols.size(); ++place) {
        if (const auto candidate = candidate_at(place)) found.push_back(*candidate);
    }
    std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(found));
    while (!queue.empty()) {
        const Candidate candidate = queue.top();
        queue.pop();
        Symbol& left = symbols[candidate.place];
        if (left.next < 0 || left.id != candidate.left) continue;
        Symbol& right = symbols[static_cast<std::size_t>(left.next)];
        if (right.id != candidate.right) continue;
        left.id = candidate.id;
        left.range.end = right.range.end;
        left.next = right.next;
        right.id = merged_away;
        if (left.next >= 0)
            symbols[static_cast<std::size_t>(left.next)].previous = static_cast<std::ptrdiff_t>(candidate.place);
        if (left.previous >= 0) {
            if (const auto before = candidate_at(static_cast<std::size_t>(left.previous))) queue.push(*before);
        }
        if (const auto here = candidate_at(candidate.place)) queue.push(*here);
    }
}

void BytePairModel::encode(std::string_view piece, std::vector<PieceToken>& tokens) const {
    if (settings_.ignore_merges) {
        if (const auto found = settings_.vocabulary.find(piece); found != settings_.vocabulary.end()) {
            tokens.push_back({found->second, {0, piece.size()}});
            return;
        }
    }
    std::vector<Symbol> symbols = units_of(piece);
    merge(symbols);
    for (const Symbol& symbol : symbols) {
        if (symbol.id != merged_away) tokens.push_back({symbol.id, symbol.range});
    }
}

std::string BytePairModel::bytes(std::string_view spelling) const {
    if (settings_.byte_fallback) {
        if (const auto byte = byte_of_token(spelling)) return std::string(1, static_cast<char>(*byte));
    }
    std::string text(spelling);
    if (!settings_.continuation.empty() && text.starts_with(settings_.continuation))
        text.erase(0, settings_.continuation.size());
    const bool ends_word = !settings_.word_end.empty() && text.ends_with(settings_.word_end);
    if (ends_word) text.resize(text.size() - settings_.word_end.size());
    if (settings_.units != BytePairSettings::Units::characters) {
        if (auto bytes = spelled_bytes(text)) text = std::move(*bytes);
    }
    if (!settings_.space_mark.empty()) replace_all(text, settings_.space_mark, " ");
    return ends_word ? text + ' ' : text;
}

std::string BytePairModel::join(std::span<const TokenBytes> tokens) const {
    using enum BytePairSettings::SpacePrefix;
    std::string text;
    bool prefixed = settings_.space_prefix != none; // whether the next token begins with a space of the encoder's
    for (const TokenBytes& token : tokens) {
        if (token.added) {
            text += token.bytes;
            prefixed = settings_.space_prefix == start_and_after_added;
            continue;
        }
        text += prefixed && token.bytes.starts_with(' ') ? token.bytes.substr(1) : token.bytes;
        prefixed = false;
    }
    return text;
}

std::string byte_token(unsigned char byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
}

} // namespace attnscope
