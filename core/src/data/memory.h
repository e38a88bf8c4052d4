// Memory for elements, shared and aligned to a cache line.
#pragma once

#include <attnscope/error.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

namespace attnscope {

/// Uninitialised. Throws Error{resource} when there is not as much.
inline std::shared_ptr<std::byte> allocate_bytes(std::size_t size, const std::string& subject) {
    constexpr std::size_t line = 64;
    const std::size_t rounded = size > SIZE_MAX - line ? SIZE_MAX : (size / line + 1) * line;
    void* memory = rounded == SIZE_MAX ? nullptr : std::aligned_alloc(line, rounded);
    if (memory == nullptr)
        throw Error(ErrorKind::resource, subject, std::to_string(size) + " bytes of memory", "less");
    return {static_cast<std::byte*>(memory), std::free};
}

} // namespace attnscope
