// A config.json from a stranger.
#include "files/model_config.h"

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        const ModelConfig config = parse_model_config(text, "input");
        ATTNSCOPE_ASSERT(config.layers > 0 && config.heads > 0 && config.head_dim > 0);
        ATTNSCOPE_ASSERT(config.heads % config.key_value_heads == 0);
        ATTNSCOPE_ASSERT(config.rotary.dimensions <= config.head_dim);
        for (std::int64_t layer = 0; layer < config.layers; ++layer) ATTNSCOPE_ASSERT(config.window(layer) >= 0);
    });
}
