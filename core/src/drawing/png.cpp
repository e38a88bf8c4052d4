// PNG: the page drawn by Cairo, encoded with its resolution and its recipe.
#include "drawing/png_codec.h"

#include "drawing/cairo_page.h"
#include "drawing/recipe_keys.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>

namespace attnscope {

Image figure_image(const Figure& figure, const Style& style, double dpi) {
    const Fonts fonts(style);
    const Page page = lay_out(figure, style, fonts);
    // Cairo draws at most 32767 pixels a side.
    double scale = std::clamp(dpi, 1.0, 2400.0) / 72;
    scale = std::min(scale, 32000 / std::max(page.width, page.height));
    Image image;
    image.width = std::max(1, static_cast<int>(std::lround(page.width * scale)));
    image.height = std::max(1, static_cast<int>(std::lround(page.height * scale)));
    cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height);
    cairo_t* cairo = cairo_create(surface);
    const auto release = [&] {
        cairo_destroy(cairo);
        cairo_surface_destroy(surface);
    };
    try {
        cairo_set_source_rgb(cairo, 1, 1, 1);
        cairo_paint(cairo);
        cairo_scale(cairo, scale, scale);
        draw_page(cairo, page, fonts);
    } catch (...) {
        release();
        throw;
    }
    cairo_surface_flush(surface);
    const unsigned char* data = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    image.rgba.resize(4 * static_cast<std::size_t>(image.width) * image.height);
    std::uint8_t* to = image.rgba.data();
    for (int y = 0; y < image.height; ++y) {
        const auto* row = reinterpret_cast<const std::uint32_t*>(data + static_cast<std::ptrdiff_t>(y) * stride);
        for (int x = 0; x < image.width; ++x) {
            *to++ = static_cast<std::uint8_t>(row[x] >> 16);
            *to++ = static_cast<std::uint8_t>(row[x] >> 8);
            *to++ = static_cast<std::uint8_t>(row[x]);
            *to++ = 255;
        }
    }
    release();
    return image;
}

std::string figure_png(const Figure& figure, const Style& style, double dpi) {
    const Image image = figure_image(figure, style, dpi);
    std::vector<std::uint8_t> rgb;
    rgb.reserve(3 * static_cast<std::size_t>(image.width) * image.height);
    for (std::size_t i = 0; i < image.rgba.size(); i += 4)
        rgb.insert(rgb.end(), image.rgba.begin() + static_cast<std::ptrdiff_t>(i),
                   image.rgba.begin() + static_cast<std::ptrdiff_t>(i) + 3);
    return encode_png(image.width, image.height, 3, rgb, dpi,
                      {{"Title", clean_utf8(figure.title)},
                       {"Description", clean_utf8(figure.caption)},
                       {"Software", "attnscope " ATTNSCOPE_VERSION},
                       {recipe_keys::png, figure.recipe}});
}

} // namespace attnscope
