#include "gui/screenshot.h"

#include "drawing/png_codec.h"

#include <attnscope/tensor_file.h>

#include <GLFW/glfw3.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attnscope {

void write_screenshot(const std::filesystem::path& path, int width, int height) {
    constexpr std::size_t channels = 3;
    const auto row = static_cast<std::size_t>(width) * channels;
    std::vector<std::uint8_t> pixels(row * static_cast<std::size_t>(height));
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, pixels.data());
    // OpenGL counts rows from below, pictures from above.
    for (int y = 0; y < height / 2; ++y)
        std::swap_ranges(pixels.begin() + static_cast<std::ptrdiff_t>(row) * y,
                         pixels.begin() + static_cast<std::ptrdiff_t>(row) * (y + 1),
                         pixels.begin() + static_cast<std::ptrdiff_t>(row) * (height - 1 - y));
    write_file(path, encode_png(width, height, static_cast<int>(channels), pixels));
}

} // namespace attnscope
