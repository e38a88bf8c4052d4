#include "text/split_steps.h"

#include "text/byte_alphabet.h"

#include <algorithm>
#include <utility>

namespace attnscope {
namespace {

struct Part {
    ByteRange range;
    bool match = false;
};

/// Matches and what lies between them, in order.
void cover(std::size_t size, const std::vector<ByteRange>& matches, bool inverted, std::vector<Part>& parts) {
    parts.clear();
    std::size_t done = 0;
    for (const ByteRange& match : matches) {
        if (done < match.begin) parts.push_back({{done, match.begin}, inverted});
        parts.push_back({match, !inverted});
        done = match.end;
    }
    if (done < size) parts.push_back({{done, size}, inverted});
}

/// Joins parts into their neighbours; a part left over has an empty range.
void join(std::vector<Part>& parts, SplitBehavior behavior) {
    const auto take_in = [](ByteRange& kept, ByteRange& gone) {
        kept = {std::min(kept.begin, gone.begin), std::max(kept.end, gone.end)};
        gone = {};
    };
    if (behavior == SplitBehavior::removed) {
        for (Part& part : parts) part.range = part.match ? ByteRange{} : part.range;
    } else if (behavior == SplitBehavior::merged_with_next) {
        for (std::size_t i = parts.size(); i-- > 1;) {
            if (parts[i - 1].match && !parts[i].match) take_in(parts[i - 1].range, parts[i].range);
        }
    } else if (behavior == SplitBehavior::merged_with_previous || behavior == SplitBehavior::contiguous) {
        std::size_t kept = 0;
        for (std::size_t i = 1; i < parts.size(); ++i) {
            const bool joins = behavior == SplitBehavior::contiguous ? parts[i].match == parts[i - 1].match
                                                                     : parts[i].match && !parts[i - 1].match;
            if (joins)
                take_in(parts[kept].range, parts[i].range);
            else
                kept = i;
        }
    }
}

/// Writes every piece anew; `write` appends what becomes of the bytes `range` of the old text.
template <typename Write>
void rewrite(Pieces& pieces, Write write) {
    AlignedText text;
    for (ByteRange& range : pieces.ranges) {
        const std::size_t begin = text.bytes().size();
        write(text, range);
        range = {begin, text.bytes().size()};
    }
    pieces.text = std::move(text);
}

} // namespace

SplitStep split_step(std::shared_ptr<const RegularExpression> pattern, SplitBehavior behavior, bool inverted) {
    return [pattern = std::move(pattern), behavior, inverted](Pieces& pieces) {
        RegularExpression::Search search(*pattern);
        std::vector<ByteRange> matches, ranges;
        std::vector<Part> parts;
        ranges.reserve(pieces.ranges.size());
        for (const ByteRange& piece : pieces.ranges) {
            search.find_all(pieces.text.bytes(piece), matches);
            cover(piece.size(), matches, inverted, parts);
            join(parts, behavior);
            for (const Part& part : parts) {
                if (!part.range.empty())
                    ranges.push_back({piece.begin + part.range.begin, piece.begin + part.range.end});
            }
        }
        pieces.ranges = std::move(ranges);
    };
}

SplitStep prefix_step(std::string prefix, bool first_only) {
    return [prefix = std::move(prefix), first_only](Pieces& pieces) {
        const auto lacks = [&](const ByteRange& range) {
            return !pieces.text.bytes(range).starts_with(prefix) &&
                   (!first_only || pieces.text.source({range.begin, range.begin}).begin == 0);
        };
        if (std::none_of(pieces.ranges.begin(), pieces.ranges.end(), lacks)) return;
        rewrite(pieces, [&](AlignedText& text, const ByteRange& range) {
            if (lacks(range)) text.append(prefix, pieces.text.source({range.begin, range.begin}));
            text.append(pieces.text, range);
        });
    };
}

SplitStep replace_in_pieces_step(char from, std::string to) {
    return [from, to = std::move(to)](Pieces& pieces) {
        if (pieces.text.bytes().find(from) == std::string::npos) return;
        rewrite(pieces, [&](AlignedText& text, const ByteRange& range) {
            for (std::size_t i = range.begin; i < range.end;) {
                const std::size_t stop = std::min(pieces.text.bytes().find(from, i), range.end);
                text.append(pieces.text, {i, stop});
                i = stop;
                if (i < range.end) {
                    text.append(to, pieces.text.source({i, i + 1}));
                    ++i;
                }
            }
        });
    };
}

SplitStep spell_bytes_step() {
    return [](Pieces& pieces) {
        rewrite(pieces, [&](AlignedText& text, const ByteRange& range) {
            std::string spelled;
            for (std::size_t i = range.begin; i < range.end; ++i) {
                spelled.clear();
                append_utf8(spelled, byte_character(static_cast<unsigned char>(pieces.text.bytes()[i])));
                text.append(spelled, pieces.text.source({i, i + 1}));
            }
        });
    };
}

SplitStep split_before_runs_step(std::string mark) {
    return [mark = std::move(mark)](Pieces& pieces) {
        std::vector<ByteRange> ranges;
        for (const ByteRange& piece : pieces.ranges) {
            const std::string_view text = pieces.text.bytes(piece);
            std::size_t begin = 0, run_end = std::string_view::npos; // of the last mark seen
            for (std::size_t place = text.find(mark); place != std::string_view::npos;
                 place = text.find(mark, run_end)) {
                if (place > begin && place != run_end) {
                    ranges.push_back({piece.begin + begin, piece.begin + place});
                    begin = place;
                }
                run_end = place + mark.size();
            }
            ranges.push_back({piece.begin + begin, piece.end});
        }
        pieces.ranges = std::move(ranges);
    };
}

Pieces PreTokenizer::split(AlignedText text, const std::function<void()>& between) const {
    Pieces pieces;
    if (text.bytes().empty()) return pieces;
    pieces.ranges = {{0, text.bytes().size()}};
    pieces.text = std::move(text);
    for (const SplitStep& step : steps) {
        step(pieces);
        if (between) between();
    }
    return pieces;
}

} // namespace attnscope
