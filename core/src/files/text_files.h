// Text files as lines of valid UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// Position of the first byte that is no valid UTF-8 (overlong forms and surrogates included); npos when all is valid.
std::size_t invalid_utf8(std::string_view text) noexcept;

/// read_lines on bytes at hand; `subject` names their file in errors.
std::vector<std::string> parse_lines(std::string_view bytes, const std::string& subject);
/// read_rows on bytes at hand.
std::vector<std::string> parse_rows(std::string_view bytes, const std::string& subject);
/// The field `question` of each line of JSON, with blank lines as in read_rows.
std::vector<std::string> parse_jsonl_questions(std::string_view bytes, const std::string& subject);

} // namespace attnscope
