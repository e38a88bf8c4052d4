// PyTorch's zip files (.pt, .pth, .bin): a pickle, data.pkl, and a stored member for each storage it refers to.
#pragma once

#include "files/zip_archive.h"

namespace attnscope {

bool looks_like_pytorch(const std::vector<ZipMember>& members) noexcept;
/// Throws Error{input}: what read_pickled_tensors refuses, big-endian or compressed storages, no tensor at all.
TensorContents parse_pytorch_zip(const std::vector<ZipMember>& members, const SharedBytes& archive,
                                 const std::string& subject);

} // namespace attnscope
