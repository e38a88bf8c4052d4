#include "files/npy.h"
#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    return fuzz::expect_error_or_result([&] { fuzz::read_all(parse_npy(fuzz::copy_of(data, size), "input")); });
}
