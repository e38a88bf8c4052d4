#include <attnscope/error.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace attnscope {
namespace {

/// Bytes of the UTF-8 sequence that starts `text`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
    }
    return length;
}

/// What would break a line or steer a terminal: C0 and C1 controls, DEL, the line and paragraph separators.
bool is_control(std::string_view sequence) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
    if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
    if (sequence.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
    return sequence.size() == 3 && byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9);
}

/// File names and file contents are strangers' text: shown readable, on one line, harmless to a terminal.
void append_escaped(std::string& line, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
        if (sequence == "\n") {
            line += "\\n";
        } else if (sequence == "\t") {
            line += "\\t";
        } else if (sequence == "\r") {
            line += "\\r";
        } else if (length == 0 || is_control(sequence)) {
            for (const char c : sequence) {
                char escape[5];
                std::snprintf(escape, sizeof escape, "\\x%02X", static_cast<unsigned char>(c));
                line += escape;
            }
        } else {
            line += sequence;
        }
        text.remove_prefix(sequence.size());
    }
}

} // namespace

Error::Error(ErrorKind kind_, std::string subject_, std::string expected_, std::string got_, std::string where_)
    : kind(kind_), subject(std::move(subject_)), expected(std::move(expected_)), got(std::move(got_)),
      where(std::move(where_)) {
    append_escaped(line_, subject);
    std::string_view separator = ": ";
    if (!expected.empty()) {
        line_ += ": expected ";
        append_escaped(line_, expected);
        separator = ", ";
    }
    if (!got.empty()) {
        line_ += separator;
        line_ += "got ";
        append_escaped(line_, got);
    }
    if (!where.empty()) {
        line_ += " (";
        append_escaped(line_, where);
        line_ += ')';
    }
}

int exit_status(ErrorKind kind) noexcept {
    switch (kind) {
    case ErrorKind::usage: return 2;
    case ErrorKind::input: return 3;
    case ErrorKind::resource: return 4;
    case ErrorKind::internal: break;
    }
    return 70;
}

void assertion_failed(const char* expression, const char* file, int line) {
    const std::string_view path = file;
    const std::size_t slash = path.find_last_of('/');
    const std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
    throw Error(ErrorKind::internal, "program", expression, "its contrary", name + ":" + std::to_string(line));
}

} // namespace attnscope
