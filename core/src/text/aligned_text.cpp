#include "text/aligned_text.h"

#include "files/text_files.h"

#include <algorithm>

namespace attnscope {

AlignedText::AlignedText(std::span<const Character> characters) {
    bytes_.reserve(characters.size());
    sources_.reserve(characters.size());
    for (const Character& character : characters) {
        const std::size_t begin = bytes_.size();
        append_utf8(bytes_, character.code);
        const bool kept = bytes_.size() - begin == character.end - character.begin;
        for (std::size_t i = 0; begin + i < bytes_.size(); ++i) {
            sources_.push_back(kept ? ByteRange{character.begin + i, character.begin + i + 1}
                                    : ByteRange{character.begin, character.end});
        }
    }
}

AlignedText AlignedText::original(std::string_view text) {
    if (invalid_utf8(text) != std::string_view::npos) return AlignedText(decode_utf8(text));
    AlignedText result;
    result.bytes_ = text;
    return result;
}

ByteRange AlignedText::source(ByteRange range) const {
    if (sources_.empty()) return {offset_ + range.begin, offset_ + range.end};
    if (range.empty()) {
        const std::size_t place = range.begin < sources_.size() ? sources_[range.begin].begin : sources_.back().end;
        return {place, place};
    }
    // Putting marks in canonical order can swap the sources of neighbours.
    ByteRange result = sources_[range.begin];
    for (std::size_t i = range.begin + 1; i < range.end; ++i) {
        result.begin = std::min(result.begin, sources_[i].begin);
        result.end = std::max(result.end, sources_[i].end);
    }
    return result;
}

AlignedText AlignedText::part(ByteRange range) const {
    AlignedText result;
    result.bytes_ = bytes(range);
    if (sources_.empty()) {
        result.offset_ = offset_ + range.begin;
    } else {
        result.sources_.assign(sources_.begin() + static_cast<std::ptrdiff_t>(range.begin),
                               sources_.begin() + static_cast<std::ptrdiff_t>(range.end));
    }
    return result;
}

std::vector<Character> AlignedText::characters() const {
    std::vector<Character> result = decode_utf8(bytes_);
    for (Character& character : result) {
        const ByteRange from = source({character.begin, character.end});
        character.begin = from.begin;
        character.end = from.end;
    }
    return result;
}

void AlignedText::append(const AlignedText& other, ByteRange range) {
    bytes_ += other.bytes(range);
    for (std::size_t i = range.begin; i < range.end; ++i) sources_.push_back(other.source({i, i + 1}));
}

void AlignedText::append(std::string_view text, ByteRange source) {
    bytes_ += text;
    sources_.insert(sources_.end(), text.size(), source);
}

} // namespace attnscope
