// Which build this is, and whose arithmetic its numbers are.
#pragma once

#include <string>

namespace attnscope {

/// SHA-256 in hex of every source of the core, the compiler with its flags, and LibTorch's version. Modules are loaded,
/// and numbers on disk used again, only where theirs is the same.
const char* build_id() noexcept;

/// The build with the instruction sets that its kernels choose from on this machine: numbers that were computed under
/// the same key, from the same input, are the same to the bit.
std::string arithmetic_key();

} // namespace attnscope
