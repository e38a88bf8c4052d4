// npz: a zip archive with an npy array a member.
#pragma once

#include "data/zip_archive.h"

namespace attnscope {

/// All members together may inflate to this many bytes.
inline constexpr std::size_t max_inflated = std::size_t{8} << 30;

/// Tensors carry their member's name without ".npy"; other members are passed over. Reads headers only. Throws
/// Error{input}: no array at all, what parse_npy_header refuses, more than max_inflated.
TensorContents parse_npz(const std::vector<ZipMember>& members, const SharedBytes& archive, const std::string& subject);

} // namespace attnscope
