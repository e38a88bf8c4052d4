// A tokenizer.json from a stranger, and texts through whatever tokenizer it makes.
#include "text/tokenizer.h"

#include "support/tokenizer_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 64 * 1024) return 0;
    attnscope::test::check_tokenizer(data, size, [&] {
        return attnscope::tokenizer_from_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    });
    return 0;
}
