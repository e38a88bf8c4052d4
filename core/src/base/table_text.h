// Pieces of tables: numbers and texts in CSV, and lines for people.
#pragma once

#include <string>
#include <string_view>

namespace attnscope {

/// Shortest text that reads back as the same number; an empty field for what is none.
std::string csv_number(double value);
/// In quotes, with quotes inside doubled.
std::string csv_text(std::string_view text);
/// printf into a text; a line has at most 511 bytes.
__attribute__((format(printf, 2, 3))) void append(std::string& out, const char* format, ...);

} // namespace attnscope
