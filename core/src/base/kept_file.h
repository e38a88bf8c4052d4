// Files in the cache folder that can be made again: used while they are what was kept, under the key they are wanted
// for.
#pragma once

#include <attnscope/tensor_file.h>

#include <filesystem>
#include <string>

namespace attnscope {

/// Whether `path` was kept under the key and its bytes are still those. Reads the file, `between` after every few
/// megabytes. A file without a record, e.g. one whose writer was ended, was not kept.
bool is_kept(const std::filesystem::path& path, const std::string& key, const BytesDone& between = {});

/// Records the key and the SHA-256 of the file beside it, in PATH.sha256. Throws Error.
void keep_file(const std::filesystem::path& path, const std::string& key);

} // namespace attnscope
