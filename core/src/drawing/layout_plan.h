// The layout's working state: one plan an Axes, and the page being filled.
#pragma once

#include "drawing/layout.h"
#include "drawing/scale.h"

#include <string>
#include <vector>

namespace attnscope {

struct Tick {
    double value = 0;
    std::string label;
    double width = 0;
};
struct LegendEntry {
    enum class Mark { line, disc, patch } mark = Mark::line;
    std::string name;
    Rgba colour;
    double line_width = 1;
    bool dashed = false, discs = false;
};

/// One Axes: what it shows, the room its labels need around the plot, and where the plot came to lie.
struct AxesPlan {
    const Axes* axes = nullptr;
    int index = 0;
    std::array<double, 2> x_limits{0, 1}, y_limits{0, 1};
    std::vector<Tick> x_ticks, y_ticks, bar_ticks;
    std::vector<double> x_minor, y_minor;
    bool x_turned = false; ///< category names below the axis stand at an angle
    double x_tick_height = 0, y_tick_width = 0, bar_tick_width = 0;
    const HeatMap* bar = nullptr; ///< the heat map with a colour bar
    bool has_heat_map = false;
    std::vector<LegendEntry> legend;
    bool legend_outside = false;
    double legend_width = 0, legend_height = 0;
    double left = 0, right = 0, top = 0, bottom = 0; ///< room around the plot
    double marker_strip = 0;                         ///< part of `top` for the names of vertical markers
    Rect plot;

    AxisMap x_map() const;
    AxisMap y_map() const;
};

/// Shared by the parts of the engine; lengths derive from the style's type sizes.
class LayoutEngine {
public:
    LayoutEngine(const Figure& figure, const Style& style, const Fonts& fonts)
        : figure_(figure), style_(style), fonts_(fonts) {}
    Page run();

private:
    // layout.cpp: the page
    double place_heading();
    double heading_height();
    std::vector<std::string> caption_lines() const;
    void make_grid(double top, double bottom_room);
    // layout_axes.cpp: room and frame of one Axes
    AxesPlan start_plan(int index) const;
    void measure(AxesPlan& plan, double width, double height, double cell_width) const;
    void choose_x_ticks(AxesPlan& plan, double width) const;
    void choose_y_ticks(AxesPlan& plan, double height, double cell_width) const;
    void draw_grid(const AxesPlan& plan);
    void draw_frame(const AxesPlan& plan);
    void draw_colour_bar(const AxesPlan& plan);
    // layout_elements.cpp
    void draw_elements(AxesPlan& plan);
    void draw(const AxesPlan& plan, const Band& band);
    void draw(const AxesPlan& plan, const HeatMap& map);
    void draw(const AxesPlan& plan, const Contours& contours);
    void draw(const AxesPlan& plan, const Line& line);
    void draw(const AxesPlan& plan, const Points& points);
    void draw(const AxesPlan& plan, const Bars& bars);
    void draw(const AxesPlan& plan, const Marker& marker);
    void draw(const AxesPlan&, const Annotation&) {} // with the labels, above everything
    void draw_discs(const AxesPlan& plan, const std::vector<Position>& centres, double radius, Rgba fill);
    // layout_labels.cpp: names over and beside the data
    std::vector<LegendEntry> legend_of(const Axes& axes) const;
    void draw_marker_labels(const AxesPlan& plan);
    void draw_annotations(const AxesPlan& plan);
    void draw_legend(const AxesPlan& plan);
    void measure_legend(AxesPlan& plan, double width, double height, double cell_width) const;
    std::size_t obstacles_in(const Rect& box) const;

    template <class What>
    What& add(What what, int clip = -1) {
        Shape& shape = page_.shapes.emplace_back();
        shape.clip = clip;
        return shape.what.emplace<What>(std::move(what));
    }
    void add_line(Position from, Position to, Rgba colour, double width, int clip = -1);
    void add_rect(const Rect& rect, Rgba fill, int clip = -1);
    int add_clip(const Rect& rect);
    TextShape& add_text(TextShape::Kind kind, int axes, Position at, const std::string& text, double size, Rgba colour,
                        TextShape::Align align = TextShape::Align::start, FontRole role = FontRole::text);
    double text_width(const std::string& text, double size, FontRole role = FontRole::text) const {
        return fonts_.width(text, role, size);
    }
    double tick_gap() const { return 0.62 * style_.tick_pt; }
    double tick_length() const { return 0.28 * style_.tick_pt; }
    double gap() const { return 0.5 * style_.font_pt; }
    double legend_row() const { return 1.32 * style_.tick_pt; }
    double swatch() const { return 1.7 * style_.tick_pt; }

    const Figure& figure_;
    const Style& style_;
    const Fonts& fonts_;
    Page page_;
    std::vector<AxesPlan> plans_;
    std::vector<Position> obstacles_; ///< of the Axes being drawn: where its data lie
    std::vector<Rect> labels_;        ///< of the Axes being drawn: texts placed over its data
};

} // namespace attnscope
