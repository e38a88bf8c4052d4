// What every fuzz target of a tensor format does with what it parsed.
#pragma once

#include "files/elements.h"
#include "files/tensor_contents.h"

#include <attnscope/error.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace attnscope::fuzz {

/// A copy in memory of its own size, so that reading past the end is noticed.
inline SharedBytes copy_of(const std::uint8_t* data, std::size_t size) {
    const std::shared_ptr<std::byte[]> memory(new std::byte[size]);
    if (size > 0) std::memcpy(memory.get(), data, size);
    return {{memory.get(), size}, memory, false};
}

/// Reads every element of every tensor. A reader's promise is that what it accepted lies inside the bytes.
inline void read_all(const TensorContents& contents) {
    constexpr std::size_t enough = std::size_t{1} << 22; // a deflated member may ask for a thousand times its size
    for (const StoredTensor& tensor : contents.tensors) {
        const std::size_t count = tensor.info.elements();
        if (count > enough) continue;
        const SharedBytes storage = tensor.load ? tensor.load() : tensor.storage;
        check_extent(tensor.info, stored_elements(tensor.info.dtype, storage.bytes.size()), "input");
        std::vector<float> values(count);
        copy_as_float(tensor.info, storage.bytes, values.data());
        if (tensor.info.shape.size() == 2 && count > 0) {
            const auto width = static_cast<std::size_t>(tensor.info.shape[1]);
            const std::int64_t last = tensor.info.shape[0] - 1;
            std::vector<float> row(width);
            copy_rows_as_float(tensor.info, storage.bytes, {&last, 1}, row.data());
            if (std::memcmp(row.data(), values.data() + count - width, width * sizeof(float)) != 0) std::abort();
        }
        if (is_integer(tensor.info.dtype)) {
            std::vector<std::int64_t> integers(count);
            copy_as_integers(tensor.info, storage.bytes, integers.data());
        }
    }
}

/// Runs `parse` and expects either a result or an error of the input; anything else ends the program.
template <class Parse>
int expect_error_or_result(Parse parse) {
    try {
        parse();
    } catch (const Error& error) {
        if (error.kind != ErrorKind::input) std::abort();
    }
    return 0;
}

} // namespace attnscope::fuzz
