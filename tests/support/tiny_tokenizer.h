// Tokenizers of a few hundred tokens for tests: byte-level BPE that knows some English, as tokenizer.json and as GGUF.
#pragma once

#include "support/tiny_gguf.h"
#include "text/byte_alphabet.h"
#include "text/characters.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace attnscope::test {

inline const std::vector<std::string>& tiny_merges() {
    static const std::vector<std::string> merges{"h e", "l l",   "he ll",   "hell o", "Ġ w", "o r",
                                                 "l d", "Ġw or", "Ġwor ld", "1 2",    "Ġ Ġ", "ã ģ"};
    return merges;
}

/// The 256 bytes, then what the merges make, then <|end|>.
inline std::vector<std::string> tiny_tokens() {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) {
        tokens.emplace_back();
        append_utf8(tokens.back(), byte_character(static_cast<unsigned char>(byte)));
    }
    for (std::string merge : tiny_merges()) tokens.push_back(merge.erase(merge.find(' '), 1));
    tokens.push_back("<|end|>");
    return tokens;
}

inline nlohmann::json tiny_tokenizer_json() {
    using nlohmann::json;
    const std::vector<std::string> tokens = tiny_tokens();
    json vocabulary = json::object();
    for (std::size_t i = 0; i < tokens.size(); ++i) vocabulary[tokens[i]] = i;
    return {{"added_tokens", {{{"id", tokens.size() - 1}, {"content", tokens.back()}, {"special", true}}}},
            {"normalizer", nullptr},
            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
            {"post_processor", {{"type", "ByteLevel"}}},
            {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", tiny_merges()}}}};
}

inline TinyGguf& add_tiny_tokenizer(TinyGguf& file, const std::string& pre = "smollm") {
    const std::vector<std::string> tokens = tiny_tokens();
    std::vector<std::int32_t> types(tokens.size(), 1);
    types.back() = 3;
    const auto last = static_cast<std::uint32_t>(tokens.size() - 1);
    file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", pre);
    file.texts("tokenizer.ggml.tokens", tokens).texts("tokenizer.ggml.merges", tiny_merges());
    file.integers("tokenizer.ggml.token_type", types);
    return file.integer("tokenizer.ggml.bos_token_id", last).integer("tokenizer.ggml.eos_token_id", last);
}

} // namespace attnscope::test
