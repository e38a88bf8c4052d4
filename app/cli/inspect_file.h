// What a file or folder is, without computing anything.
#pragma once

#include "base/json_text.h"

#include <attnscope/tensor_file.h>

#include <filesystem>
#include <string>

namespace attnscope::cli {

/// {"name","kind","format",…,"bytes","sha256","tensors":[{"name","dtype","shape","elements","bytes"}]}. Throws
/// Error{input} for what is none of the files this program reads.
Json inspect_file(const std::filesystem::path& path);

/// [{"name","dtype","shape","elements","bytes"}].
Json tensors_json(const TensorFile& file);

/// "64 kB", "92 MB".
std::string size_text(std::uint64_t bytes);

} // namespace attnscope::cli
