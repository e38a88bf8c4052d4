// What holds for every tokenizer, whatever file it came from.
#pragma once

#include <attnscope/error.h>
#include <attnscope/tokenizer.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace attnscope::test {

/// Opens a tokenizer and sends texts through it, its own file's first bytes among them. Errors of the input are fine.
template <typename Open>
void check_tokenizer(const std::uint8_t* data, std::size_t size, Open open) {
    try {
        const auto tokenizer = open();
        const std::string_view file(reinterpret_cast<const char*>(data), size);
        for (const std::string_view text :
             {std::string_view("Unaffable caf\u00e9, \u65e5\u672c 12 [MASK]\t[CLS]\u0130!<|end|>\n\n"),
              file.substr(0, 2048)}) {
            std::vector<std::int64_t> ids;
            for (const Token& token : tokenizer->encode(text)) {
                ATTNSCOPE_ASSERT(token.begin <= token.end && token.end <= text.size());
                ATTNSCOPE_ASSERT(static_cast<std::size_t>(token.id) < tokenizer->vocabulary_size());
                ids.push_back(token.id);
            }
            tokenizer->decode(ids);
        }
    } catch (const Error& error) {
        if (error.kind == ErrorKind::internal) throw;
    }
}

} // namespace attnscope::test
