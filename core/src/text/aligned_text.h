// Text on its way through a tokenizer: UTF-8 whose every byte knows which bytes of the original it stands for.
#pragma once

#include "text/characters.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// Half open.
struct ByteRange {
    std::size_t begin = 0, end = 0;
    bool empty() const noexcept { return begin == end; }
    std::size_t size() const noexcept { return end - begin; }
    bool operator==(const ByteRange&) const = default;
};

class AlignedText {
public:
    AlignedText() = default;
    /// Valid UTF-8. A byte stands for the byte of the original at the same place as long as a character kept its
    /// length, otherwise for all bytes its character stands for.
    explicit AlignedText(std::span<const Character> characters);
    /// A text as it came; bytes that are no UTF-8 become U+FFFD.
    static AlignedText original(std::string_view text);

    const std::string& bytes() const noexcept { return bytes_; }
    std::string_view bytes(ByteRange range) const { return std::string_view(bytes_).substr(range.begin, range.size()); }
    /// Where in the original the bytes of `range` come from.
    ByteRange source(ByteRange range) const;
    /// Its sources stay those of the original.
    AlignedText part(ByteRange range) const;
    std::vector<Character> characters() const;

    void append(const AlignedText& other, ByteRange range);
    /// Text that stands for the bytes `source` of the original, which may be none.
    void append(std::string_view text, ByteRange source);

private:
    std::string bytes_;
    std::size_t offset_ = 0;         // of an untouched text in the original
    std::vector<ByteRange> sources_; // of every byte; empty while the text is untouched
};

} // namespace attnscope
