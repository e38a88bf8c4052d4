// SVG, written here: text stays text, in the fonts of the style with fallbacks by name, so that a figure can be edited.
#include "drawing/layout.h"
#include "drawing/png_codec.h"
#include "drawing/recipe_keys.h"

#include <charconv>
#include <cmath>

namespace attnscope {
namespace {

std::string escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
        case '\n': escaped += "&#10;"; break;
        case '\r': escaped += "&#13;"; break;
        case '\t': escaped += "&#9;"; break;
        case '&': escaped += "&amp;"; break;
        case '<': escaped += "&lt;"; break;
        case '>': escaped += "&gt;"; break;
        case '"': escaped += "&quot;"; break;
        case '\'': escaped += "&#39;"; break;
        default: escaped += c;
        }
    }
    return escaped;
}

// A hundredth of a point is finer than any printer; locale plays no part.
std::string number(double value) {
    char buffer[40];
    value = std::round(value * 100) / 100;
    if (value == 0) value = 0;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

std::string hex(const Rgba& colour) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text = "#";
    for (const std::uint8_t part : {colour.red, colour.green, colour.blue}) {
        text += digits[part >> 4];
        text += digits[part & 15];
    }
    return text;
}

std::string base64(const std::string& bytes) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
        };
        const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
        text += digits[group >> 18];
        text += digits[group >> 12 & 63];
        text += i + 1 < bytes.size() ? digits[group >> 6 & 63] : '=';
        text += i + 2 < bytes.size() ? digits[group & 63] : '=';
    }
    return text;
}

class SvgWriter {
public:
    SvgWriter(const Figure& figure, const Page& page, const Fonts& fonts)
        : figure_(figure), page_(page), fonts_(fonts) {}

    std::string write() {
        const auto mm = [](double points) { return number(points * 25.4 / 72) + "mm"; };
        out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
               mm(page_.width) + "\" height=\"" + mm(page_.height) + "\" viewBox=\"0 0 " + number(page_.width) + " " +
               number(page_.height) + "\" font-family=\"" + fonts_.css_families(FontRole::text) + "\">\n";
        out_ += "<title>" + escape(clean_utf8(figure_.title)) + "</title>\n";
        if (!figure_.caption.empty()) out_ += "<desc>" + escape(clean_utf8(figure_.caption)) + "</desc>\n";
        if (!figure_.recipe.empty()) {
            const std::string element = recipe_keys::svg_element;
            out_ += "<metadata><" + element + " xmlns:attnscope=\"" + recipe_keys::svg_namespace + "\">" +
                    escape(figure_.recipe) + "</" + element + "></metadata>\n";
        }
        write_definitions();
        out_ +=
            "<rect width=\"" + number(page_.width) + "\" height=\"" + number(page_.height) + "\" fill=\"#ffffff\"/>\n";
        for (const Shape& shape : page_.shapes) {
            clip_ = shape.clip < 0 ? "" : " clip-path=\"url(#clip" + std::to_string(shape.clip) + ")\"";
            std::visit([&](const auto& what) { write(what); }, shape.what);
        }
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    void write_definitions() {
        out_ += "<defs>\n";
        for (std::size_t i = 0; i < page_.clips.size(); ++i)
            out_ += "<clipPath id=\"clip" + std::to_string(i) + "\">" + rectangle(page_.clips[i]) + "/></clipPath>\n";
        for (const Shape& shape : page_.shapes) {
            if (!std::holds_alternative<HatchShape>(shape.what)) continue;
            out_ += "<pattern id=\"hatch\" width=\"3\" height=\"3\" patternUnits=\"userSpaceOnUse\" "
                    "patternTransform=\"rotate(45)\"><rect width=\"3\" height=\"3\" fill=\"" +
                    hex(ink::hatch_ground) + "\"/><rect width=\"0.8\" height=\"3\" fill=\"" + hex(ink::hatch) +
                    "\"/></pattern>\n";
            break;
        }
        out_ += "</defs>\n";
    }

    static std::string rectangle(const Rect& rect) {
        return "<rect x=\"" + number(rect.x) + "\" y=\"" + number(rect.y) + "\" width=\"" + number(rect.width) +
               "\" height=\"" + number(rect.height) + "\"";
    }

    static std::string paint(const char* attribute, const std::optional<Rgba>& colour) {
        const std::string name = attribute;
        if (!colour) return name == "fill" ? " fill=\"none\"" : "";
        std::string text = " " + name + "=\"" + hex(*colour) + "\"";
        if (colour->alpha < 1) text += " " + name + "-opacity=\"" + number(colour->alpha) + "\"";
        return text;
    }

    void write(const PathShape& path) {
        out_ += "<path" + clip_ + " d=\"";
        for (const auto& part : path.parts) {
            for (std::size_t i = 0; i < part.size(); ++i)
                out_ += (i == 0 ? "M" : "L") + number(part[i].x) + " " + number(part[i].y);
            if (path.closed) out_ += "Z";
        }
        out_ += "\"" + paint("fill", path.fill) + paint("stroke", path.stroke);
        if (path.stroke) out_ += " stroke-width=\"" + number(path.line_width) + "\" stroke-linejoin=\"round\"";
        if (!path.dashes.empty()) {
            out_ += " stroke-dasharray=\"";
            for (std::size_t i = 0; i < path.dashes.size(); ++i) out_ += (i > 0 ? "," : "") + number(path.dashes[i]);
            out_ += "\"";
        }
        out_ += "/>\n";
    }

    void write(const DiscsShape& discs) {
        out_ += "<g" + clip_ + paint("fill", discs.fill) + ">\n";
        for (const Position centre : discs.centres)
            out_ += "<circle cx=\"" + number(centre.x) + "\" cy=\"" + number(centre.y) + "\" r=\"" +
                    number(discs.radius) + "\"/>\n";
        out_ += "</g>\n";
    }

    void write(const ImageShape& image) {
        const std::string png = encode_png(image.width, image.height, 3, image.rgb);
        out_ += "<image" + clip_ + " x=\"" + number(image.place.x) + "\" y=\"" + number(image.place.y) + "\" width=\"" +
                number(image.place.width) + "\" height=\"" + number(image.place.height) +
                "\" preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" "
                "href=\"data:image/png;base64," +
                base64(png) + "\"/>\n";
    }

    void write(const HatchShape& hatch) {
        out_ += "<g" + clip_ + " fill=\"url(#hatch)\">\n";
        for (const Rect& cell : hatch.cells) out_ += rectangle(cell) + "/>\n";
        out_ += "</g>\n";
    }

    void write(const TextShape& text) {
        out_ += "<text x=\"" + number(text.at.x) + "\" y=\"" + number(text.at.y) + "\" font-size=\"" +
                number(text.size) + "\"" + paint("fill", text.colour);
        if (text.role == FontRole::number) out_ += " font-family=\"" + fonts_.css_families(FontRole::number) + "\"";
        if (text.role == FontRole::bold) out_ += " font-weight=\"600\"";
        if (text.align == TextShape::Align::middle) out_ += " text-anchor=\"middle\"";
        if (text.align == TextShape::Align::end) out_ += " text-anchor=\"end\"";
        if (text.angle != 0)
            out_ += " transform=\"rotate(" + number(-text.angle) + " " + number(text.at.x) + " " + number(text.at.y) +
                    ")\"";
        if (text.halo)
            out_ += " paint-order=\"stroke\" stroke=\"#ffffff\" stroke-opacity=\"0.9\" stroke-linejoin=\"round\" "
                    "stroke-width=\"" +
                    number(0.3 * text.size) + "\"";
        out_ += " xml:space=\"preserve\">";
        double rise = 0;
        for (const TextPiece& piece : fonts_.shape(text.text, text.role, text.size).pieces) {
            if (piece.rise == rise && piece.size_factor == 1) {
                out_ += escape(piece.text);
                continue;
            }
            // dy is relative to the piece before.
            out_ += "<tspan dy=\"" + number(rise - piece.rise) + "\"";
            if (piece.size_factor != 1) out_ += " font-size=\"" + number(text.size * piece.size_factor) + "\"";
            out_ += ">" + escape(piece.text) + "</tspan>";
            rise = piece.rise;
        }
        out_ += "</text>\n";
    }

    const Figure& figure_;
    const Page& page_;
    const Fonts& fonts_;
    std::string out_, clip_;
};

} // namespace

std::string figure_svg(const Figure& figure, const Style& style) {
    const Fonts fonts(style);
    const Page page = lay_out(figure, style, fonts);
    return SvgWriter(figure, page, fonts).write();
}

} // namespace attnscope
