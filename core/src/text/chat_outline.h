// What a chat template writes, without running it: its literal texts joined where it joins them, marks for the rest.
#pragma once

#include <string>
#include <string_view>

namespace attnscope {

/// Marks in an outline. They cannot occur in what is recognised.
namespace outline_mark {
constexpr char value = '\1';     ///< an expression
constexpr char beginning = '\2'; ///< bos_token
constexpr char end = '\3';       ///< eos_token
constexpr char statement = '\4'; ///< on either side of {% … %}
constexpr char trimmed = '\5';   ///< an expression whose white space is stripped
} // namespace outline_mark

/// `'<|user|>\n' + message['content'] + eos_token` becomes <|user|>⏎, value, end. White space around tags is as the
/// Hugging Face library has it (trim_blocks and lstrip_blocks). Time and memory are linear in the text; any text is
/// taken, if need be to its end.
std::string chat_outline(std::string_view text);

} // namespace attnscope
