// A chat template from a stranger: recognised or refused, never run.
#include <attnscope/chat.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        recognise_chat_template(text, {"<s>", "</s>"}, "fuzz").apply(" a message ");
    });
}
