#include "base/table_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace attnscope {

std::string csv_number(double value) {
    if (!std::isfinite(value)) return {};
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string csv_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

void append(std::string& out, const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0) out.append(line, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1));
}

} // namespace attnscope
