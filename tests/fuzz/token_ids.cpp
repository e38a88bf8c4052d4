// Files of token ids come from strangers: a list of numbers or one error, whatever stands there.
#include <attnscope/model_recipe.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] { parse_token_ids(text, "ids"); });
}
