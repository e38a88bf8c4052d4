#include "drawing/layout.h"

#include "drawing/layout_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attnscope {
namespace {

constexpr double points_per_mm = 72 / 25.4;

} // namespace

Rect text_box(const TextShape& text) {
    const double shift = text.align == TextShape::Align::start    ? 0
                         : text.align == TextShape::Align::middle ? text.width / 2
                                                                  : text.width;
    const double angle = -text.angle * std::numbers::pi / 180, cosine = std::cos(angle), sine = std::sin(angle);
    double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
    for (const double along : {-shift, text.width - shift})
        for (const double across : {-text_ascent * text.size, text_descent * text.size}) {
            const double x = text.at.x + along * cosine - across * sine;
            const double y = text.at.y + along * sine + across * cosine;
            left = std::min(left, x);
            right = std::max(right, x);
            top = std::min(top, y);
            bottom = std::max(bottom, y);
        }
    return {left, top, right - left, bottom - top};
}

Rgba print_colour(const Colour& colour) {
    const double alpha = std::clamp(static_cast<double>(colour.alpha), 0.0, 1.0);
    switch (colour.role) {
    case Colour::Role::series: {
        const auto& series = series_colours();
        const auto& entry = series[static_cast<std::size_t>(std::max(colour.index, 0)) % series.size()];
        return {entry[0], entry[1], entry[2], alpha};
    }
    case Colour::Role::accent: return {0x17, 0x69, 0xd2, alpha};
    case Colour::Role::muted: return {0x8b, 0x93, 0xa0, alpha};
    case Colour::Role::critical: return {0xd0, 0x7a, 0x00, alpha};
    case Colour::Role::text: return {ink::text.red, ink::text.green, ink::text.blue, alpha};
    case Colour::Role::light: return {0xff, 0xff, 0xff, alpha};
    }
    return ink::text;
}

Page lay_out(const Figure& figure, const Style& style, const Fonts& fonts) {
    return LayoutEngine(figure, style, fonts).run();
}

// ---------------------------------------------------------------- shapes
void LayoutEngine::add_line(Position from, Position to, Rgba colour, double width, int clip) {
    PathShape path;
    path.parts = {{from, to}};
    path.stroke = colour;
    path.line_width = width;
    add(std::move(path), clip);
}

void LayoutEngine::add_rect(const Rect& rect, Rgba fill, int clip) {
    PathShape path;
    path.parts = {{{rect.x, rect.y}, {rect.right(), rect.y}, {rect.right(), rect.bottom()}, {rect.x, rect.bottom()}}};
    path.closed = true;
    path.fill = fill;
    add(std::move(path), clip);
}

int LayoutEngine::add_clip(const Rect& rect) {
    page_.clips.push_back(rect);
    return static_cast<int>(page_.clips.size()) - 1;
}

TextShape& LayoutEngine::add_text(TextShape::Kind kind, int axes, Position at, const std::string& text, double size,
                                  Rgba colour, TextShape::Align align, FontRole role) {
    TextShape shape;
    shape.kind = kind;
    shape.axes = axes;
    shape.at = at;
    shape.text = clean_utf8(text);
    shape.size = size;
    shape.colour = colour;
    shape.align = align;
    shape.role = role;
    shape.width = fonts_.width(shape.text, role, size);
    return add(std::move(shape));
}

// ---------------------------------------------------------------- the page
double LayoutEngine::place_heading() {
    const double margin = gap(), available = page_.width - 2 * margin;
    double y = margin;
    if (!style_.title) return y;
    const auto lines = [&](const std::string& text, double size, FontRole role, std::size_t most, Rgba colour,
                           TextShape::Kind kind) {
        for (const std::string& line : fonts_.wrap(text, role, size, available, most)) {
            y += text_ascent * size;
            add_text(kind, -1, {margin, y}, line, size, colour, TextShape::Align::start, role);
            y += (1.3 - text_ascent) * size;
        }
    };
    lines(figure_.title, style_.title_pt, FontRole::bold, 2, ink::text, TextShape::Kind::title);
    lines(figure_.subtitle, style_.tick_pt, FontRole::text, 3, ink::quiet, TextShape::Kind::subtitle);
    if (y > margin) y += 0.5 * style_.font_pt;
    return y;
}

std::vector<std::string> LayoutEngine::caption_lines() const {
    if (!style_.caption || figure_.caption.empty()) return {};
    return fonts_.wrap(figure_.caption, FontRole::text, style_.tick_pt, page_.width - 2 * gap(), 12);
}

void LayoutEngine::make_grid(double top, double bottom_room) {
    const int count = static_cast<int>(figure_.axes.size());
    const double margin = gap(), between = 1.3 * style_.font_pt;
    const double inner = page_.width - 2 * margin;
    // A column narrower than its title, its numbers or its names serves worse than fewer columns on a taller page.
    double narrowest = 8.2 * style_.font_pt;
    for (const Axes& axes : figure_.axes) {
        narrowest = std::max(narrowest, text_width(axes.title, style_.font_pt, FontRole::bold));
        if (!axes.y.categories.empty()) narrowest = std::max(narrowest, 20 * style_.font_pt);
    }
    const int fitting = std::max(1, static_cast<int>((inner + between) / (narrowest + between)));
    const int columns = std::clamp(figure_.columns, 1, std::min(count, fitting));
    const int rows = (count + columns - 1) / columns;
    const double cell_width = (inner - (columns - 1) * between) / columns;

    // The plots of a column share their edges. Alone in its row, a plot takes what its own labels leave.
    const auto share_of = [&](int i) { return columns > 1 ? i % columns : i; };
    const int shares = columns > 1 ? columns : count;

    // The room for labels depends on the ticks, the ticks on the size of the plot: a few rounds settle it.
    std::vector<double> width(shares, 0.75 * cell_width), left(shares), right(shares), above(rows), below(rows);
    double height = 0.7 * (page_.height - top - bottom_room) / rows;
    for (int round = 0; round < 6; ++round) {
        for (AxesPlan& plan : plans_) measure(plan, width[share_of(plan.index)], height, cell_width);
        if (round < 4) // after that the room only grows, so that it ends
            for (auto* room : {&left, &right, &above, &below}) std::fill(room->begin(), room->end(), 0);
        double least_height = 5 * style_.font_pt;
        for (int i = 0; i < count; ++i) {
            const AxesPlan& plan = plans_[i];
            const auto grow = [](double& room, double needed) { room = std::max(room, needed); };
            grow(left[share_of(i)], plan.left);
            // Beside the last plot of an unfinished row there is an empty cell for its legend.
            const bool beside_empty = i == count - 1 && i % columns < columns - 1 && plan.legend_outside;
            grow(right[share_of(i)], plan.right - (beside_empty ? 2 * gap() + plan.legend_width : 0));
            grow(above[i / columns], plan.top);
            grow(below[i / columns], plan.bottom);
            // A few names all find their line; of many, some are left out.
            if (const std::size_t names = plan.axes->y.categories.size(); names <= 24)
                grow(least_height, 1.5 * style_.tick_pt * static_cast<double>(names));
        }
        double down = (rows - 1) * between + margin;
        for (int r = 0; r < rows; ++r) down += above[r] + below[r];
        double across = inner - (columns - 1) * between;
        if (columns > 1)
            for (int c = 0; c < columns; ++c) across -= left[c] + right[c];
        for (int k = 0; k < shares; ++k)
            width[k] = std::max(columns > 1 ? across / columns : across - left[k] - right[k], 2 * style_.font_pt);
        const double narrowest_plot = *std::min_element(width.begin(), width.end());
        height = (style_.height_ratio * page_.width - top - bottom_room - down) / rows;
        height = std::max({height, least_height, std::min(0.62 * narrowest_plot, 14 * style_.font_pt)});
        // A row of many narrow plots needs no tall page.
        if (columns >= 4) height = std::max(least_height, std::min(height, 1.25 * narrowest_plot));
        page_.height = top + rows * height + down + bottom_room;
    }

    double y = top;
    for (int r = 0; r < rows; ++r) {
        double x = margin;
        for (int i = r * columns; i < std::min(count, (r + 1) * columns); ++i) {
            const int k = share_of(i);
            AxesPlan& plan = plans_[i];
            plan.plot = {x + left[k], y + above[r], width[k], height};
            if (plan.axes->equal_aspect && plan.axes->x.scale == Scale::linear && plan.axes->y.scale == Scale::linear) {
                const double aspect = (plan.x_limits[1] - plan.x_limits[0]) / (plan.y_limits[1] - plan.y_limits[0]);
                plan.plot.width = std::min(width[k], height * aspect);
                plan.plot.height = plan.plot.width / aspect;
                plan.plot.x += (width[k] - plan.plot.width) / 2;
                // A single plot gives back the height it has no use for.
                if (count == 1)
                    page_.height -= height - plan.plot.height;
                else
                    plan.plot.y += (height - plan.plot.height) / 2;
                measure(plan, plan.plot.width, plan.plot.height, cell_width);
            }
            x += left[k] + width[k] + right[k] + between;
        }
        y += above[r] + height + below[r] + between;
    }
}

Page LayoutEngine::run() {
    page_.width = style_.width_mm * points_per_mm;
    page_.height = page_.width * style_.height_ratio;
    const double top = place_heading();
    const auto caption = caption_lines();
    const double line = 1.35 * style_.tick_pt;
    const double caption_height = caption.empty() ? 0 : static_cast<double>(caption.size()) * line + 2 * gap();
    for (std::size_t i = 0; i < figure_.axes.size(); ++i) plans_.push_back(start_plan(static_cast<int>(i)));
    if (!plans_.empty()) make_grid(top, caption_height);
    double y = page_.height - gap() - caption_height + 2 * gap();
    for (const std::string& text : caption) {
        add_text(TextShape::Kind::caption, -1, {gap(), y + text_ascent * style_.tick_pt}, text, style_.tick_pt,
                 ink::quiet);
        y += line;
    }
    for (AxesPlan& plan : plans_) {
        obstacles_.clear();
        labels_.clear();
        draw_grid(plan);
        draw_elements(plan);
        draw_frame(plan);
        draw_colour_bar(plan);
        draw_marker_labels(plan);
        draw_annotations(plan);
        draw_legend(plan);
        page_.plots.push_back(plan.plot);
    }
    return std::move(page_);
}

} // namespace attnscope
