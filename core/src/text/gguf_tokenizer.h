// Tokenizers out of the metadata of a GGUF file.
#pragma once

#include "files/gguf.h"

#include <attnscope/tokenizer.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// What a file says under tokenizer.ggml.*; empty or none where it says nothing.
struct GgufTokenizerData {
    std::string model;               ///< gpt2: byte-level BPE; llama: SentencePiece BPE; bert: WordPiece
    std::string pre;                 ///< how gpt2 splits a text
    std::vector<std::string> tokens; ///< by id
    std::vector<std::string> merges; ///< "a b", the lowest rank first
    std::vector<float> scores;       ///< llama: the token of the highest is merged first
    std::vector<int> types;          ///< 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
    std::optional<bool> add_bos, add_eos, add_space_prefix;
    std::int64_t bos = -1, eos = -1, unknown = -1;                  ///< ids, −1 = none
    std::int64_t cls = -1, separator = -1, padding = -1, mask = -1; ///< the same, of WordPiece
};

/// Throws Error{input}: a value of another type, no tokenizer.
GgufTokenizerData read_gguf_tokenizer(const GgufMetadata& metadata);

/// Control, user-defined and unknown tokens written in a text become their ids; a text begins with the token for its
/// beginning only where add_bos says so. WordPiece sets cls and the separator around every text; it takes words in
/// lower case and without accents unless the vocabulary has upper case or accents, since no file says which. Throws
/// Error{input} with `subject`, naming a kind or `pre` not known.
std::unique_ptr<Tokenizer> tokenizer_from_gguf(GgufTokenizerData data, const std::string& subject);

} // namespace attnscope
