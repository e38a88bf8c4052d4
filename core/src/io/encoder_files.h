// The file by which a recipe knows an encoder.
#pragma once

#include <filesystem>

namespace attnscope {

/// The weights in an encoder's folder; empty when there are none.
std::filesystem::path encoder_weights(const std::filesystem::path& folder);

}  // namespace attnscope
