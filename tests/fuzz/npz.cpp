#include "files/npz.h"
#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    return fuzz::expect_error_or_result([&] {
        const SharedBytes file = fuzz::copy_of(data, size);
        fuzz::read_all(parse_npz(read_zip_directory(file.bytes, "input"), file, "input"));
    });
}
