// The window's picture as a file.
#pragma once

#include <filesystem>

namespace attnscope {

/// Reads the current framebuffer of the given size and writes it as PNG. Throws Error{resource} when it cannot be
/// written.
void write_screenshot(const std::filesystem::path& path, int width, int height);

} // namespace attnscope
