// Archives, and pickles alone: checksums keep mutations of an archive from ever reaching its pickle.
#include "files/pytorch_zip.h"
#include "base/input_error.h"
#include "files/pickle.h"
#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    return fuzz::expect_error_or_result([&] {
        const SharedBytes file = fuzz::copy_of(data, size);
        if (looks_like_zip(file.bytes)) {
            const auto members = read_zip_directory(file.bytes, "input");
            if (looks_like_pytorch(members)) fuzz::read_all(parse_pytorch_zip(members, file, "input"));
            return;
        }
        // A storage's key is its size in bytes.
        const StorageFinder find_storage = [](std::string_view key) {
            if (key.empty() || key.size() > 3 || key.find_first_not_of("0123456789") != key.npos)
                input_error("input", "a storage", "none");
            const std::vector<std::uint8_t> zeros(std::stoul(std::string(key)));
            return fuzz::copy_of(zeros.data(), zeros.size());
        };
        fuzz::read_all({"pytorch", read_pickled_tensors(file, find_storage, "input"), {}});
    });
}
