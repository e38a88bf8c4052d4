// The one layout engine: a Figure in a Style becomes positioned shapes on a page, in points, y downwards. Renderers
// only draw them; nothing is decided after this.
#pragma once

#include "drawing/fonts.h"

#include <attnscope/figure.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace attnscope {

struct Rgba {
    std::uint8_t red = 0, green = 0, blue = 0;
    double alpha = 1;
    bool operator==(const Rgba&) const = default;
};
struct Position {
    double x = 0, y = 0;
};
struct Rect {
    double x = 0, y = 0, width = 0, height = 0;
    double right() const { return x + width; }
    double bottom() const { return y + height; }
    bool contains(Position p) const { return p.x >= x && p.x <= right() && p.y >= y && p.y <= bottom(); }
    bool overlaps(const Rect& other) const {
        return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
    }
};

/// Straight pieces, filled or stroked.
struct PathShape {
    std::vector<std::vector<Position>> parts;
    bool closed = false;
    std::optional<Rgba> fill, stroke;
    double line_width = 1;
    std::vector<double> dashes;
};
/// Equal discs.
struct DiscsShape {
    std::vector<Position> centres;
    double radius = 1;
    Rgba fill;
};
struct TextShape {
    /// What the text is for; tests and readers of the layout tell labels apart by it.
    enum class Kind {
        title,
        subtitle,
        caption,
        axes_title,
        axis_label,
        x_tick,
        y_tick,
        bar_tick,
        bar_label,
        legend,
        marker,
        annotation
    } kind = Kind::annotation;
    enum class Align { start, middle, end } align = Align::start;
    int axes = -1; ///< index of the Axes it belongs to
    Position at;   ///< of the baseline
    std::string text;
    FontRole role = FontRole::text;
    double size = 8;
    double angle = 0; ///< degrees, counter-clockwise
    Rgba colour;
    bool halo = false; ///< a white rim, for texts over data
    double width = 0;  ///< as measured
};
/// Pixels over a rectangle, first row on top; never blurred when enlarged.
struct ImageShape {
    Rect place;
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
};
/// Cells without a value.
struct HatchShape {
    std::vector<Rect> cells;
};
struct Shape {
    std::variant<PathShape, DiscsShape, TextShape, ImageShape, HatchShape> what;
    int clip = -1; ///< index into Page::clips
};
struct Page {
    double width = 0, height = 0;
    std::vector<Rect> clips;
    std::vector<Shape> shapes;
    std::vector<Rect> plots; ///< of each Axes
};

Page lay_out(const Figure& figure, const Style& style, const Fonts& fonts);

/// The rectangle a text covers, upright around it when it is turned.
Rect text_box(const TextShape& text);

/// Colours of print: always on white.
Rgba print_colour(const Colour& colour);
namespace ink {
inline constexpr Rgba text{0x16, 0x19, 0x1d}, quiet{0x57, 0x5f, 0x6b}, axis{0x4a, 0x51, 0x5b}, grid{0xe8, 0xea, 0xee},
    paper{0xff, 0xff, 0xff}, hatch{0xb4, 0xba, 0xc2}, hatch_ground{0xf4, 0xf5, 0xf7};
}

} // namespace attnscope
