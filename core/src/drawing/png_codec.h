// PNG bytes from pixels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

/// `pixels`: height rows of width × channels (3 or 4) bytes. dpi 0 = not said. Texts that are ASCII become tEXt chunks,
/// others iTXt. Equal input gives equal bytes. Throws Error{internal}.
std::string encode_png(int width, int height, int channels, std::span<const std::uint8_t> pixels, double dpi = 0,
                       const std::vector<std::pair<std::string, std::string>>& texts = {});

} // namespace attnscope
