// Memory for elements, shared and aligned to a cache line or more.
#pragma once

#include <attnscope/error.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#include <sys/mman.h>

namespace attnscope {

/// Uninitialised. Throws Error{resource} when there is not as much.
inline std::shared_ptr<std::byte> allocate_bytes(std::size_t size, const std::string& subject) {
    constexpr std::size_t line = 64, huge_page = std::size_t{2} << 20;
    // In small pages a large block costs as long to be handed out by the system as to be filled.
    const bool large = size >= 4 * huge_page;
    const std::size_t unit = large ? huge_page : line;
    const std::size_t rounded = size > SIZE_MAX - unit ? SIZE_MAX : (size / unit + 1) * unit;
    void* memory = rounded == SIZE_MAX ? nullptr : std::aligned_alloc(unit, rounded);
    if (memory != nullptr && large)
        madvise(memory, rounded, MADV_HUGEPAGE);
    if (memory == nullptr)
        throw Error(ErrorKind::resource, subject, std::to_string(size) + " bytes of memory", "less");
    return {static_cast<std::byte*>(memory), std::free};
}

} // namespace attnscope
