// Tokenizers: text into token ids and back, with the place in the text that every token came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// A token with the half-open byte range of the original text it came from (empty range for special tokens).
struct Token {
    std::int64_t id = 0;
    std::string text;
    std::size_t begin = 0, end = 0;
};

/// Of each its id.
std::vector<std::int64_t> token_ids(std::span<const Token> tokens);

class Tokenizer {
public:
    virtual ~Tokenizer() = default;
    /// With the special tokens the tokenizer adds by itself ([CLS] … [SEP] for an encoder). `between` is called now and
    /// then while a long text is encoded, and may throw to end it.
    virtual std::vector<Token> encode(std::string_view text, const std::function<void()>& between = {}) const = 0;
    /// The tokens of the text alone: nothing is set around it.
    virtual std::vector<Token> encode_alone(std::string_view text, const std::function<void()>& between = {}) const = 0;
    /// Text of tokens that need not have come from a text, e.g. read from a file of ids: readable UTF-8, where bytes of
    /// a character cut in two show as U+FFFD. An id outside the vocabulary gives an empty text.
    virtual std::string token_text(std::int64_t id) const = 0;
    /// The text of a sequence; special tokens are written out. Inverse of encode() wherever the tokenizer keeps all of
    /// the text (byte-level BPE does, WordPiece does not).
    virtual std::string decode(std::span<const std::int64_t> ids) const = 0;
    virtual std::size_t vocabulary_size() const = 0;
};

/// From a Hugging Face folder's tokenizer.json (or vocab.txt for WordPiece), from tokenizer.json itself, or from the
/// metadata of a GGUF file. Truncation and padding settings in the file are ignored. Throws Error{input} naming what is
/// not supported.
std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& path);

} // namespace attnscope
