// A tokenizer.json from a stranger, and texts through whatever tokenizer it makes.
#include "text/tokenizer.h"

#include <attnscope/error.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 64 * 1024)
        return 0;
    const std::string_view document(reinterpret_cast<const char*>(data), size);
    try {
        const auto tokenizer = attnscope::tokenizer_from_json(document, "fuzz");
        for (const std::string_view text :
             {std::string_view("Unaffable caf\u00e9, \u65e5\u672c [MASK]\t[CLS]\u0130!"), document.substr(0, 2048)}) {
            for (const attnscope::Token& token : tokenizer->encode(text)) {
                ATTNSCOPE_ASSERT(token.begin <= token.end && token.end <= text.size());
                ATTNSCOPE_ASSERT(static_cast<std::size_t>(token.id) < tokenizer->vocabulary_size());
            }
        }
    } catch (const attnscope::Error& error) {
        if (error.kind == attnscope::ErrorKind::internal)
            throw;
    }
    return 0;
}
