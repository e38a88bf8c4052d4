// How much memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>

namespace attnscope {

/// Bytes that the process may hold in all, as far as the system says: the least of the machine's memory, of memory.max
/// and memory.high (cgroup v2) or memory.limit_in_bytes (v1) of its group and every group above, less what others in
/// these hold now and cannot be reclaimed, and of RLIMIT_AS and RLIMIT_DATA, less what of them is no data. 0 where
/// nothing can be found out. Reads small files; may be called from any thread.
std::uint64_t memory_limit();

/// The part of it that the files of a system say; `root` stands for /. Reads proc/meminfo, proc/self/cgroup,
/// proc/self/statm and sys/fs/cgroup below it. No limit: UINT64_MAX.
std::uint64_t memory_limit_of_system(const std::filesystem::path& root);

} // namespace attnscope
