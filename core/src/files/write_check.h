// Whether a file may be written, asked before anything is computed.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace attnscope {

/// Throws Error{usage} naming `subject` where writing `path` would overwrite one of `inputs`: the same file, by
/// whatever name or link, or a file of the model in a folder. Inputs that are not there are none. Only regular files
/// are compared.
void refuse_overwriting(const std::string& subject, const std::filesystem::path& path,
                        std::span<const std::filesystem::path> inputs);

} // namespace attnscope
