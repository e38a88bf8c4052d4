// safetensors: eight bytes of header length, a JSON header, the elements.
#pragma once

#include "files/tensor_contents.h"

namespace attnscope {

bool looks_like_safetensors(std::span<const std::byte> bytes) noexcept;
/// Throws Error{input}: header above 100 MB or malformed, a name twice, offsets that do not tile the data.
TensorContents parse_safetensors(const SharedBytes& file, const std::string& subject);

} // namespace attnscope
