// How byte-level tokenizers split a text, by the name GGUF files give it (tokenizer.ggml.pre).
#pragma once

#include "text/split_steps.h"
#include "text/text_steps.h"

#include <string>

namespace attnscope {

struct GgufSplit {
    Normalizer normalizer;
    PreTokenizer pre_tokenizer; ///< gives bytes
    bool ignore_merges = false; ///< a piece that is in the vocabulary is one token
};

/// No name is gpt-2's. Throws Error{input} with `subject`, naming one not known and listing the known ones.
GgufSplit gguf_split(const std::string& name, const std::string& subject);

} // namespace attnscope
