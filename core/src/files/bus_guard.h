// Keeps the process alive when a mapped file shrinks under it.
//
// Reading a mapped page that is no longer backed by the file raises SIGBUS. For a guarded range the signal handler puts
// pages of zeros in the place of what is gone and marks the range as damaged; whoever used the numbers asks afterwards.
// Signal dispositions belong to the process, so the table behind this is the one piece of process-wide state here.
#pragma once

#include <cstddef>

namespace attnscope {

/// Guards [begin, begin + size), a whole mapping. Returns a ticket, negative when all places are taken: the range is
/// then as unprotected as any other mapping.
int guard_mapping(const void* begin, std::size_t size);
/// Must precede munmap. A negative ticket is allowed.
void release_mapping(int ticket) noexcept;
/// True once a page of the range had to be replaced.
bool mapping_damaged(int ticket) noexcept;

} // namespace attnscope
