// Short forms for the errors a reader throws most.
#pragma once

#include <attnscope/error.h>

#include <cstddef>
#include <string>
#include <utility>

namespace attnscope {

[[noreturn]] inline void input_error(std::string subject, std::string expected, std::string got,
                                     std::string where = {}) {
    throw Error(ErrorKind::input, std::move(subject), std::move(expected), std::move(got), std::move(where));
}

/// Text out of a file, fit to be quoted in a message: at most `limit` bytes, cut with an ellipsis.
inline std::string excerpt(std::string text, std::size_t limit = 80) {
    if (text.size() <= limit) return text;
    // Never cut inside a UTF-8 sequence.
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
    return text.substr(0, limit) + "…";
}

inline std::string bytes_text(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

} // namespace attnscope
