// A picture as data: what a panel shows on the screen and what is written to a file are the same Figure.
//
// Vocabulary: a Figure is a grid of Axes; an Axes holds elements (lines, points, bars, bands, heat maps, markers,
// texts) in data coordinates. No sizes in pixels or points here: those belong to the Style of whoever renders it.
#pragma once

#include <attnscope/error.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace attnscope {

/// Colours by role, resolved by the renderer's palette (screen theme, or print).
struct Colour {
    enum class Role {
        series,   ///< Okabe–Ito, `index` modulo 8
        accent,   ///< the selected thing
        muted,    ///< context that should recede (`alpha` applies)
        critical, ///< β_c and other thresholds
        text,
        light, ///< white in every theme: for what lies on a colour map
    } role = Role::series;
    int index = 0;
    float alpha = 1;
    bool operator==(const Colour&) const = default;
};
enum class Scale { linear, logarithmic };
enum class ColourMap { viridis, cividis, diverging };

struct Axis {
    std::string label, unit;
    Scale scale = Scale::linear;
    std::optional<std::array<double, 2>> range; ///< fitted to the data when absent
    std::vector<std::string> categories;        ///< tick i at position i, when not empty
    bool reversed = false;
};

/// NaN breaks a line (the only place where NaN is allowed: it means "no value here").
struct Line {
    std::string name; ///< legend entry; none when empty
    std::vector<double> x, y;
    Colour colour;
    float width = 1; ///< × the style's line width
    bool dashed = false, markers = false;
};
struct Points {
    std::string name;
    std::vector<double> x, y;
    std::vector<double> error_low, error_high; ///< empty or absolute y limits
    Colour colour;
    float size = 1;
    std::vector<std::uint32_t> ids; ///< what a click on the point means; empty or as many as x
};
/// Horizontal bars from 0 at y = position, or vertical ones at x = position; or a histogram (width = bin width).
struct Bars {
    std::string name;
    std::vector<double> position, value;
    double width = 0.7;
    bool horizontal = false;
    Colour colour;
};
struct Band { ///< filled between low and high over x; NaN in x breaks it
    std::string name;
    std::vector<double> x, low, high;
    Colour colour;
    bool hatched = false; ///< as nulls of a heat map are: no value here. Rectangles between neighbouring x
};
struct HeatMap {
    int width = 0, height = 0;
    std::vector<float> values; ///< (height, width), row 0 at y_min; NaN = null, hatched
    bool blank_nulls = false;  ///< nulls stay empty instead: cells that are masked rather than missing
    double x_min = 0, x_max = 1, y_min = 0, y_max = 1;
    ColourMap map = ColourMap::viridis;
    std::optional<std::array<double, 2>> range;
    std::string label; ///< of the colour bar, with unit
    bool colour_bar = true, smooth = false;
    std::vector<std::string> category_names; ///< values are integers naming these: a legend instead of a colour bar
};
/// Iso-lines of a grid laid out as HeatMap's.
struct Contours {
    int width = 0, height = 0;
    std::vector<float> values;
    double x_min = 0, x_max = 1, y_min = 0, y_max = 1;
    int levels = 12;
    Colour colour;
};
struct Marker { ///< a line across the axes at x or y = value, with a text at its end
    bool vertical = true;
    double value = 0;
    std::string label;
    Colour colour{Colour::Role::critical};
    bool dashed = true;
};
struct Annotation {
    double x = 0, y = 0;
    std::string text;
    enum class Anchor { left, centre, right } anchor = Anchor::left;
    bool axes_fraction = false; ///< x, y in 0…1 of the axes instead of data
    Colour colour{Colour::Role::text};
};
using Element = std::variant<Band, HeatMap, Contours, Line, Points, Bars, Marker, Annotation>;

struct Axes {
    std::string title;
    Axis x, y;
    std::vector<Element> elements; ///< drawn in this order
    enum class Legend { none, top_left, top_right, bottom_left, bottom_right, outside } legend = Legend::none;
    bool equal_aspect = false;
};

struct Figure {
    std::string id; ///< panel id, e.g. retrieval.entropy
    std::string title, subtitle, caption;
    int columns = 1; ///< Axes fill rows of this many
    std::vector<Axes> axes;
    std::string recipe; ///< JSON text of the recipe; empty = none
};

/// The part of an axes that is in sight, in its data coordinates, low before high.
struct Zoom {
    std::size_t axes = 0; ///< its place in the figure
    std::array<double, 2> x{0, 1}, y{0, 1};
    bool operator==(const Zoom&) const = default;
};
/// Shows these parts of the figure alone. One of an axes that the figure does not have, or of an empty or infinite
/// range, is left out.
void zoom_into(Figure& figure, const std::vector<Zoom>& zooms);

/// A label without the remark it has in brackets; a unit stays.
std::string plain_label(const std::string& label);

/// Physical size and type of a written figure.
struct Style {
    std::string name;
    double width_mm = 139.7, height_ratio = 0.62;
    std::string font = "Inter"; ///< family, or a path to a font file
    double font_pt = 8, title_pt = 9, tick_pt = 7;
    double line_pt = 1.0, axis_pt = 0.6, marker_pt = 3.0;
    bool title = true;    ///< draw the title and the subtitle
    bool caption = false; ///< draw the caption below; it is in the file's metadata either way
};
/// neurips, iclr, icml, icml-wide, acl, nature, nature-wide, slide.
const std::vector<Style>& built_in_styles();
/// A built-in name or a path to a JSON file with the fields of Style. Throws Error{usage} / Error{input}.
Style find_style(const std::string& name_or_path);

// Renderings. Equal figure and style give equal bytes. Throw Error{internal} only.
std::string figure_svg(const Figure& figure, const Style& style); ///< text stays text; recipe in <metadata>
std::string figure_pdf(const Figure& figure, const Style& style); ///< embedded fonts; recipe in the keywords
std::string figure_png(const Figure& figure, const Style& style, double dpi = 300); ///< recipe in a tEXt chunk
std::string figure_csv(const Figure& figure, char separator = ','); ///< every series; nulls are empty fields
std::string figure_json(const Figure& figure);
std::string figure_npz(const Figure& figure);
/// A Python script that draws the figure from the npz named `npz_name` beside it.
std::string figure_matplotlib(const Figure& figure, const Style& style, const std::string& npz_name);
/// By the extension of `path`: svg, pdf, png, csv, json, npz, py (py also writes the npz). Throws Error{usage} for an
/// unknown extension, Error{resource} when it cannot be written.
void write_figure(const std::filesystem::path& path, const Figure& figure, const Style& style, double dpi = 300);
/// RGBA of figure_png's picture, for previews.
struct Image {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgba;
};
Image figure_image(const Figure& figure, const Style& style, double dpi);
/// The recipe inside a written figure (svg, pdf, png, json, npz, py) or a result JSON. Throws Error{input} when there
/// is none.
std::string read_recipe(const std::filesystem::path& path);

/// 256 RGB entries of a perceptually uniform map.
const std::array<std::array<std::uint8_t, 3>, 256>& colour_table(ColourMap map);
/// Okabe–Ito, 8 colours; the first is readable on light and dark.
const std::array<std::array<std::uint8_t, 3>, 8>& series_colours();
/// Ticks at 1/2/5·10^k for a linear range, decades (with 2 and 5 when few) for a logarithmic one.
std::vector<double> axis_ticks(double low, double high, Scale scale, int wanted);
std::string format_tick(double value, Scale scale);
/// Data limits over all elements of an axes in a direction, padded by `margin` of the span. {0,1} when empty.
std::array<double, 2> data_range(const Axes& axes, bool horizontal, double margin = 0.03);
/// Iso-lines as segments {x0, y0, x1, y1} in data coordinates; `levels` values evenly inside the range of the grid.
std::vector<std::array<double, 4>> contour_segments(const Contours& contours);

} // namespace attnscope
