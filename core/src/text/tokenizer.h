// Making a tokenizer from a document in memory; <attnscope/tokenizer.h> opens files.
#pragma once

#include <attnscope/tokenizer.h>

#include <memory>
#include <string>
#include <string_view>

namespace attnscope {

/// From the text of a tokenizer.json; `subject` names it in errors. Throws Error{input}.
std::unique_ptr<Tokenizer> tokenizer_from_json(std::string_view text, const std::string& subject);

} // namespace attnscope
