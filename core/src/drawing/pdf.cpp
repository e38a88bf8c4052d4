// PDF through Cairo: embedded fonts, text that can be searched, a fixed date so that equal figures are equal files.
#include "drawing/cairo_page.h"

#include <cairo-pdf.h>

namespace attnscope {
namespace {

cairo_status_t append(void* closure, const unsigned char* data, unsigned length) {
    static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
    return CAIRO_STATUS_SUCCESS;
}

} // namespace

std::string figure_pdf(const Figure& figure, const Style& style) {
    const Fonts fonts(style);
    const Page page = lay_out(figure, style, fonts);
    std::string bytes;
    cairo_surface_t* surface = cairo_pdf_surface_create_for_stream(append, &bytes, page.width, page.height);
    const auto set = [&](cairo_pdf_metadata_t key, const std::string& text) {
        if (!text.empty()) cairo_pdf_surface_set_metadata(surface, key, text.c_str());
    };
    set(CAIRO_PDF_METADATA_TITLE, clean_utf8(figure.title));
    set(CAIRO_PDF_METADATA_SUBJECT, clean_utf8(figure.caption));
    set(CAIRO_PDF_METADATA_KEYWORDS, figure.recipe);
    set(CAIRO_PDF_METADATA_CREATOR, "attnscope " ATTNSCOPE_VERSION);
    set(CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    cairo_t* cairo = cairo_create(surface);
    try {
        draw_page(cairo, page, fonts);
    } catch (...) {
        cairo_destroy(cairo);
        cairo_surface_destroy(surface);
        throw;
    }
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    const auto status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    check_cairo(status);
    return bytes;
}

} // namespace attnscope
