#include "drawing/cairo_page.h"

#include <cairo-ft.h>
#include <cairo.h>

#include <cmath>
#include <memory>
#include <numbers>

namespace attnscope {
namespace {

using FontFace = std::unique_ptr<cairo_font_face_t, decltype(&cairo_font_face_destroy)>;

// Cairo keeps faces in caches of its own for as long as it likes: each holds its FreeType face alive.
FontFace make_font_face(const std::shared_ptr<FT_FaceRec_>& face) {
    static const cairo_user_data_key_t key{};
    FontFace font(cairo_ft_font_face_create_for_ft_face(face.get(), FT_LOAD_NO_HINTING), cairo_font_face_destroy);
    auto keeper = std::make_unique<std::shared_ptr<FT_FaceRec_>>(face);
    const auto status = cairo_font_face_set_user_data(
        font.get(), &key, keeper.get(), [](void* held) { delete static_cast<std::shared_ptr<FT_FaceRec_>*>(held); });
    check_cairo(status);
    keeper.release();
    return font;
}

class PageDrawer {
public:
    PageDrawer(cairo_t* cairo, const Page& page, const Fonts& fonts) : cairo_(cairo), page_(page), fonts_(fonts) {
        for (const Fonts::Face& face : fonts.faces()) faces_.push_back(make_font_face(face.face));
    }

    void draw() {
        cairo_font_options_t* options = cairo_font_options_create();
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
        cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
        cairo_set_font_options(cairo_, options);
        cairo_font_options_destroy(options);
        cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
        for (const Shape& shape : page_.shapes) {
            cairo_save(cairo_);
            if (shape.clip >= 0) {
                const Rect& clip = page_.clips[static_cast<std::size_t>(shape.clip)];
                cairo_rectangle(cairo_, clip.x, clip.y, clip.width, clip.height);
                cairo_clip(cairo_);
            }
            std::visit([&](const auto& what) { draw(what); }, shape.what);
            cairo_restore(cairo_);
        }
        check_cairo(cairo_status(cairo_));
    }

private:
    void set_colour(const Rgba& colour) {
        cairo_set_source_rgba(cairo_, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0, colour.alpha);
    }

    void draw(const PathShape& path) {
        for (const auto& part : path.parts) {
            for (std::size_t i = 0; i < part.size(); ++i)
                i == 0 ? cairo_move_to(cairo_, part[i].x, part[i].y) : cairo_line_to(cairo_, part[i].x, part[i].y);
            if (path.closed) cairo_close_path(cairo_);
        }
        if (path.fill) {
            set_colour(*path.fill);
            path.stroke ? cairo_fill_preserve(cairo_) : cairo_fill(cairo_);
        }
        if (path.stroke) {
            set_colour(*path.stroke);
            cairo_set_line_width(cairo_, path.line_width);
            cairo_set_dash(cairo_, path.dashes.data(), static_cast<int>(path.dashes.size()), 0);
            cairo_stroke(cairo_);
        }
    }

    void draw(const DiscsShape& discs) {
        set_colour(discs.fill);
        for (const Position centre : discs.centres) {
            cairo_new_sub_path(cairo_);
            cairo_arc(cairo_, centre.x, centre.y, discs.radius, 0, 2 * std::numbers::pi);
            // Disc by disc, so that transparent ones darken where they overlap.
            cairo_fill(cairo_);
        }
    }

    void draw(const ImageShape& image) {
        cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height);
        check_cairo(cairo_surface_status(surface));
        unsigned char* data = cairo_image_surface_get_data(surface);
        const int stride = cairo_image_surface_get_stride(surface);
        for (int y = 0; y < image.height; ++y)
            for (int x = 0; x < image.width; ++x) {
                const std::uint8_t* rgb = &image.rgb[3 * (static_cast<std::size_t>(y) * image.width + x)];
                const std::uint32_t pixel = (std::uint32_t{rgb[0]} << 16) | (std::uint32_t{rgb[1]} << 8) | rgb[2];
                *reinterpret_cast<std::uint32_t*>(data + static_cast<std::ptrdiff_t>(y) * stride + 4 * x) = pixel;
            }
        cairo_surface_mark_dirty(surface);
        cairo_rectangle(cairo_, image.place.x, image.place.y, image.place.width, image.place.height);
        cairo_clip(cairo_);
        cairo_translate(cairo_, image.place.x, image.place.y);
        cairo_scale(cairo_, image.place.width / image.width, image.place.height / image.height);
        cairo_set_source_surface(cairo_, surface, 0, 0);
        cairo_surface_destroy(surface);
        // Smooth maps come interpolated already; whatever has cells shows them.
        cairo_pattern_set_filter(cairo_get_source(cairo_), CAIRO_FILTER_NEAREST);
        cairo_paint(cairo_);
    }

    void draw(const HatchShape& hatch) {
        constexpr double spacing = 3;
        double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
        for (const Rect& cell : hatch.cells) {
            cairo_rectangle(cairo_, cell.x, cell.y, cell.width, cell.height);
            left = std::min(left, cell.x);
            right = std::max(right, cell.right());
            top = std::min(top, cell.y);
            bottom = std::max(bottom, cell.bottom());
        }
        set_colour(ink::hatch_ground);
        cairo_fill_preserve(cairo_);
        cairo_clip(cairo_);
        // One family of lines over the page: neighbouring cells continue each other.
        const double first = std::floor((left + top) / spacing) * spacing;
        for (double at = first; at <= right + bottom + spacing; at += spacing) {
            cairo_move_to(cairo_, at - top, top);
            cairo_line_to(cairo_, at - bottom, bottom);
        }
        set_colour(ink::hatch);
        cairo_set_line_width(cairo_, 0.6);
        cairo_stroke(cairo_);
    }

    void draw(const TextShape& text) {
        const ShapedText shaped = fonts_.shape(text.text, text.role, text.size);
        cairo_translate(cairo_, text.at.x, text.at.y);
        if (text.angle != 0) cairo_rotate(cairo_, -text.angle * std::numbers::pi / 180);
        if (text.align == TextShape::Align::middle) cairo_translate(cairo_, -shaped.width / 2, 0);
        if (text.align == TextShape::Align::end) cairo_translate(cairo_, -shaped.width, 0);
        if (text.halo) {
            set_colour({255, 255, 255, 0.9});
            cairo_set_line_width(cairo_, 0.3 * text.size);
            each_run(shaped, text.text, [&](const auto& glyphs, const auto&, std::string_view) {
                cairo_glyph_path(cairo_, glyphs.data(), static_cast<int>(glyphs.size()));
                cairo_stroke(cairo_);
            });
        }
        set_colour(text.colour);
        each_run(shaped, text.text, [&](const auto& glyphs, const auto& clusters, std::string_view bytes) {
            cairo_show_text_glyphs(cairo_, bytes.data(), static_cast<int>(bytes.size()), glyphs.data(),
                                   static_cast<int>(glyphs.size()), clusters.data(), static_cast<int>(clusters.size()),
                                   cairo_text_cluster_flags_t{});
        });
    }

    // Neighbouring glyphs of one face and size, with the bytes they stand for: a PDF's text can be copied.
    template <class Use>
    void each_run(const ShapedText& shaped, std::string_view text, const Use& use) {
        for (std::size_t begin = 0; begin < shaped.glyphs.size();) {
            const PlacedGlyph& first = shaped.glyphs[begin];
            std::vector<cairo_glyph_t> glyphs;
            std::vector<cairo_text_cluster_t> clusters;
            std::size_t end = begin;
            for (; end < shaped.glyphs.size(); ++end) {
                const PlacedGlyph& glyph = shaped.glyphs[end];
                if (glyph.face != first.face || glyph.size != first.size) break;
                glyphs.push_back({glyph.index, glyph.x, -glyph.rise});
                clusters.push_back({static_cast<int>(glyph.end - glyph.begin), 1});
            }
            cairo_set_font_face(cairo_, faces_[static_cast<std::size_t>(first.face)].get());
            cairo_set_font_size(cairo_, first.size);
            use(glyphs, clusters, text.substr(first.begin, shaped.glyphs[end - 1].end - first.begin));
            begin = end;
        }
    }

    cairo_t* cairo_;
    const Page& page_;
    const Fonts& fonts_;
    std::vector<FontFace> faces_;
};

} // namespace

void check_cairo(int status) {
    if (status != CAIRO_STATUS_SUCCESS)
        throw Error{status == CAIRO_STATUS_NO_MEMORY ? ErrorKind::resource : ErrorKind::internal, "Cairo", "to draw",
                    cairo_status_to_string(static_cast<cairo_status_t>(status))};
}

void draw_page(cairo_t* cairo, const Page& page, const Fonts& fonts) {
    PageDrawer(cairo, page, fonts).draw();
}

} // namespace attnscope
