// Memory for vectors of numbers, aligned for any instruction set.
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <new>

namespace attnscope::kernels {

/// hwy::AllocateAligned(), which says that there is no memory by a null pointer. Uninitialised. Throws std::bad_alloc.
template <class T>
hwy::AlignedFreeUniquePtr<T[]> allocate_aligned(std::size_t count) {
    auto memory = hwy::AllocateAligned<T>(count);
    if (!memory) throw std::bad_alloc();
    return memory;
}

} // namespace attnscope::kernels
