// The index of a model's shards from a stranger: no shard may lie anywhere but beside it.
#include "files/sharded_file.h"

#include "fuzz/support/read_all.h"

#include <filesystem>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        for (const auto& [name, tensors] : parse_shard_index(text, "input")) {
            ATTNSCOPE_ASSERT((std::filesystem::path("/models") / name).lexically_normal().parent_path() == "/models");
            ATTNSCOPE_ASSERT(!tensors.empty());
        }
    });
}
