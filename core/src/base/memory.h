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
    constexpr std::size_t line = 64, small_page = 4096, huge_page = std::size_t{2} << 20;
    // In small pages a large block costs as long to be handed out by the system as to be filled, and again to be taken
    // back: the weights of a small model would hold up the end of a cancelled program. What is left over past whole
    // huge pages has one of its own where that wastes little.
    const bool large = size >= huge_page;
    const bool whole = size >= 4 * huge_page || size % huge_page > huge_page / 2;
    const std::size_t unit = !large ? line : whole ? huge_page : small_page;
    const std::size_t rounded = size > SIZE_MAX - unit ? SIZE_MAX : (size / unit + 1) * unit;
    // aligned_alloc() would want a multiple of the alignment.
    void* memory = nullptr;
    const bool there = rounded != SIZE_MAX && posix_memalign(&memory, large ? huge_page : line, rounded) == 0;
    if (there && large) madvise(memory, rounded, MADV_HUGEPAGE);
    if (!there) throw Error(ErrorKind::resource, subject, std::to_string(size) + " bytes of memory", "less");
    return {static_cast<std::byte*>(memory), std::free};
}

} // namespace attnscope
