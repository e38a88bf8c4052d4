#include "drawing/png_codec.h"

#include <attnscope/error.h>

#include <png.h>

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

struct Writer {
    std::string bytes, message;
};

// libpng reports failure by longjmp; nothing with a destructor lives in this frame.
bool write_png(Writer& writer, int width, int height, int channels, double dpi, png_textp texts, int text_count,
               png_bytepp rows) {
    png_structp png = png_create_write_struct(
        PNG_LIBPNG_VER_STRING, &writer,
        [](png_structp failing, png_const_charp message) {
            static_cast<Writer*>(png_get_error_ptr(failing))->message = message;
            png_longjmp(failing, 1);
        },
        [](png_structp, png_const_charp) {});
    if (!png) return false;
    png_infop info = png_create_info_struct(png);
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(
        png, &writer,
        [](png_structp writing, png_bytep data, std::size_t length) {
            static_cast<Writer*>(png_get_io_ptr(writing))->bytes.append(reinterpret_cast<char*>(data), length);
        },
        nullptr);
    png_set_compression_level(png, 7);
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 8,
                 channels == 4 ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (dpi > 0) {
        const auto per_metre = static_cast<png_uint_32>(std::lround(dpi / 0.0254));
        png_set_pHYs(png, info, per_metre, per_metre, PNG_RESOLUTION_METER);
    }
    if (text_count > 0) png_set_text(png, info, texts, text_count);
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    return true;
}

} // namespace

std::string encode_png(int width, int height, int channels, std::span<const std::uint8_t> pixels, double dpi,
                       const std::vector<std::pair<std::string, std::string>>& texts) {
    const std::size_t row_bytes = static_cast<std::size_t>(width) * channels;
    ATTNSCOPE_ASSERT(width > 0 && height > 0 && pixels.size() == row_bytes * static_cast<std::size_t>(height));
    std::vector<png_bytep> rows(static_cast<std::size_t>(height));
    // libpng takes rows it does not write to without const.
    for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = const_cast<png_bytep>(pixels.data() + y * row_bytes);
    std::vector<png_text> entries;
    for (const auto& [key, text] : texts) {
        if (text.empty()) continue;
        const bool ascii =
            std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
        png_text entry{};
        entry.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
        entry.key = const_cast<png_charp>(key.c_str());
        entry.text = const_cast<png_charp>(text.c_str());
        entry.text_length = ascii ? text.size() : 0;
        entry.itxt_length = ascii ? 0 : text.size();
        entries.push_back(entry);
    }
    Writer writer;
    if (!write_png(writer, width, height, channels, dpi, entries.data(), static_cast<int>(entries.size()), rows.data()))
        // Pictures of this program are as libpng wants them: what can fail is its memory.
        throw Error{ErrorKind::resource, "PNG", "memory to write it", writer.message};
    return std::move(writer.bytes);
}

} // namespace attnscope
