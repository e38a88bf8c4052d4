// The tokenizer of a GGUF file from a stranger, and texts through it.
#include "text/gguf_tokenizer.h"

#include "support/tokenizer_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 64 * 1024) return 0;
    attnscope::test::check_tokenizer(data, size, [&] {
        const auto metadata = attnscope::parse_gguf_metadata(std::as_bytes(std::span(data, size)), "fuzz");
        return attnscope::tokenizer_from_gguf(attnscope::read_gguf_tokenizer(metadata), "fuzz");
    });
    return 0;
}
