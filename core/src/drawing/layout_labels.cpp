// Names over and beside the data: of markers, notes and series. They look for room and keep clear of each other.
#include "drawing/heat_map.h"
#include "drawing/layout_plan.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

// Names on paper need more ink than lines of the same hue; light ones lie on a colour map and stay.
Rgba readable(const Colour& colour) {
    Rgba rgba = print_colour(colour);
    if (colour.role == Colour::Role::muted) return ink::quiet;
    if (colour.role == Colour::Role::critical) rgba = {0xa8, 0x5f, 0x00};
    rgba.alpha = 1;
    return rgba;
}

struct EntryOf {
    const Style& style;
    std::vector<LegendEntry>& entries;

    void add(LegendEntry entry) {
        if (!entry.name.empty()) entries.push_back(std::move(entry));
    }
    void operator()(const Line& line) {
        add({LegendEntry::Mark::line, line.name, print_colour(line.colour), line.width * style.line_pt, line.dashed,
             line.markers});
    }
    void operator()(const Points& points) { add({LegendEntry::Mark::disc, points.name, print_colour(points.colour)}); }
    void operator()(const Bars& bars) { add({LegendEntry::Mark::patch, bars.name, print_colour(bars.colour)}); }
    void operator()(const Band& band) { add({LegendEntry::Mark::patch, band.name, print_colour(band.colour)}); }
    void operator()(const HeatMap& map) {
        for (std::size_t i = 0; i < map.category_names.size(); ++i)
            add({LegendEntry::Mark::patch, map.category_names[i], category_colour(static_cast<int>(i))});
    }
    void operator()(const Contours&) {}
    void operator()(const Marker&) {}
    void operator()(const Annotation&) {}
};

bool has_categories(const Axes& axes) {
    return std::any_of(axes.elements.begin(), axes.elements.end(), [](const Element& element) {
        const auto* map = std::get_if<HeatMap>(&element);
        return map && !map->category_names.empty();
    });
}

} // namespace

std::vector<LegendEntry> LayoutEngine::legend_of(const Axes& axes) const {
    std::vector<LegendEntry> entries;
    if (axes.legend == Axes::Legend::none && !has_categories(axes)) return entries;
    EntryOf entry_of{style_, entries};
    for (const Element& element : axes.elements) std::visit(entry_of, element);
    return entries;
}

void LayoutEngine::measure_legend(AxesPlan& plan, double width, double height, double cell_width) const {
    if (plan.legend.empty()) return;
    // Colours of cells lie under everything: their names never fit over them.
    const double size = style_.tick_pt;
    plan.legend_outside = plan.axes->legend == Axes::Legend::outside || plan.axes->legend == Axes::Legend::none;
    const double beside = std::max(0.42 * cell_width, std::min(12 * size, 0.22 * page_.width));
    const double most = plan.legend_outside ? beside : 0.92 * width;
    plan.legend_width = 0;
    for (LegendEntry& entry : plan.legend) {
        const double room = most - swatch() - 1.2 * size;
        plan.legend_width = std::max(plan.legend_width, std::min(room, text_width(entry.name, size)));
    }
    plan.legend_width += swatch() + (plan.legend_outside ? 0.6 : 1.2) * size;
    plan.legend_height = static_cast<double>(plan.legend.size()) * legend_row() + 0.5 * size;
    if (!plan.legend_outside && plan.legend_height > 0.75 * height) plan.legend_outside = true;
}

std::size_t LayoutEngine::obstacles_in(const Rect& box) const {
    std::size_t count = 0;
    for (const Position at : obstacles_) count += box.contains(at);
    // A label under a label cannot be read at all.
    for (const Rect& label : labels_) count += box.overlaps(label) ? 1000 : 0;
    return count;
}

void LayoutEngine::draw_legend(const AxesPlan& plan) {
    if (plan.legend.empty()) return;
    const Rect& plot = plan.plot;
    const double size = style_.tick_pt, inset = 0.6 * size;
    Rect box{plot.right() + 2 * gap(), plot.y, plan.legend_width, plan.legend_height};
    if (plan.legend_outside) {
        if (plan.bar) box.x = plot.right() + plan.right - plan.legend_width;
    } else {
        // The corner that was asked for, then the others, then anywhere: the first place with the least under it.
        using Legend = Axes::Legend;
        const Legend asked = plan.axes->legend;
        const double across = plot.width - 2 * inset - plan.legend_width;
        const double down = plot.height - 2 * inset - plan.legend_height;
        std::vector<Position> places; // shares of the free room
        for (const Legend where :
             {asked, Legend::top_right, Legend::top_left, Legend::bottom_left, Legend::bottom_right}) {
            const bool left = where == Legend::top_left || where == Legend::bottom_left;
            const bool top = where == Legend::top_left || where == Legend::top_right;
            places.push_back({left ? 0.0 : 1.0, top ? 0.0 : 1.0});
        }
        for (int row = 0; row <= 16; ++row)
            for (int column = 0; column <= 16; ++column) places.push_back({column / 16.0, row / 16.0});
        std::size_t least = SIZE_MAX;
        for (const Position place : places) {
            const Rect there{plot.x + inset + std::max(across, 0.0) * place.x,
                             plot.y + inset + std::max(down, 0.0) * place.y, plan.legend_width, plan.legend_height};
            if (const std::size_t count = obstacles_in(there); count < least) {
                least = count;
                box = there;
            }
        }
        add_rect(box, {255, 255, 255, 0.86});
    }
    double y = box.y + 0.25 * size;
    const double x = box.x + (plan.legend_outside ? 0 : 0.4 * size);
    for (const LegendEntry& entry : plan.legend) {
        const double middle = y + legend_row() / 2, length = 1.25 * size;
        if (entry.mark == LegendEntry::Mark::patch) {
            add_rect({x, middle - 0.36 * size, length, 0.72 * size}, entry.colour);
        } else {
            if (entry.mark == LegendEntry::Mark::line) {
                PathShape path;
                path.parts = {{{x, middle}, {x + length, middle}}};
                path.stroke = entry.colour;
                path.line_width = entry.line_width;
                if (entry.dashed) path.dashes = {3.2 * style_.line_pt, 2 * style_.line_pt};
                add(std::move(path));
            }
            if (entry.mark == LegendEntry::Mark::disc || entry.discs) {
                DiscsShape disc;
                disc.centres = {{x + length / 2, middle}};
                disc.radius = 0.5 * style_.marker_pt;
                disc.fill = entry.colour;
                add(std::move(disc));
            }
        }
        const double room = box.right() - (x + swatch()) + 0.01;
        add_text(TextShape::Kind::legend, plan.index, {x + swatch(), middle + 0.36 * size},
                 fonts_.fit(entry.name, FontRole::text, size, room), size, ink::text);
        y += legend_row();
    }
}

void LayoutEngine::draw_marker_labels(const AxesPlan& plan) {
    const double size = style_.tick_pt, apart = 0.5 * size;
    const Rect& plot = plan.plot;
    // Vertical markers are named above the plot: pushed apart where they would touch, nearest to their lines.
    struct Name {
        const Marker* marker;
        std::string label;
        double centre, width;
    };
    std::vector<Name> names;
    const AxisMap x = plan.x_map(), y = plan.y_map();
    for (const Element& element : plan.axes->elements) {
        const auto* marker = std::get_if<Marker>(&element);
        if (!marker || !marker->vertical || marker->label.empty()) continue;
        if (!(marker->value >= plan.x_limits[0] && marker->value <= plan.x_limits[1])) continue;
        const std::string label = fonts_.fit(marker->label, FontRole::text, size, plot.width);
        names.push_back({marker, label, x(marker->value), text_width(label, size)});
    }
    std::stable_sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.centre < b.centre; });
    const double left_end = plot.x - plan.left, right_end = plot.right() + plan.right;
    for (int round = 0; round < 200; ++round) {
        bool moved = false;
        for (std::size_t i = 0; i + 1 < names.size(); ++i) {
            const double overlap =
                (names[i].width + names[i + 1].width) / 2 + apart - (names[i + 1].centre - names[i].centre);
            if (overlap < 1e-6) continue;
            names[i].centre -= overlap / 2;
            names[i + 1].centre += overlap / 2;
            moved = true;
        }
        for (Name& name : names)
            name.centre = std::clamp(name.centre, left_end + name.width / 2,
                                     std::max(left_end + name.width / 2, right_end - name.width / 2));
        if (!moved) break;
    }
    double reached = -INFINITY;
    for (const Name& name : names) {
        if (name.centre - name.width / 2 < reached) continue; // no room left: the line alone
        add_text(TextShape::Kind::marker, plan.index,
                 {name.centre, plot.y - 0.28 * plan.marker_strip - text_descent * size}, name.label, size,
                 readable(name.marker->colour), TextShape::Align::middle);
        reached = name.centre + name.width / 2;
    }

    for (const Element& element : plan.axes->elements) {
        const auto* marker = std::get_if<Marker>(&element);
        if (!marker || marker->vertical || marker->label.empty()) continue;
        if (!(marker->value >= plan.y_limits[0] && marker->value <= plan.y_limits[1])) continue;
        const std::string label = fonts_.fit(marker->label, FontRole::text, size, plot.width - size);
        const double at = y(marker->value), width = text_width(label, size);
        const double above = at - 0.45 * size, below = at + (text_ascent + 0.25) * size;
        std::size_t least = SIZE_MAX;
        Rect best;
        Position place;
        for (const bool over : {true, false})
            for (const bool right : {true, false}) {
                const Position candidate{right ? plot.right() - 0.4 * size - width : plot.x + 0.5 * size,
                                         over ? above : below};
                const Rect box{candidate.x - 0.2 * size, candidate.y - text_ascent * size, width + 0.4 * size,
                               (text_ascent + text_descent) * size};
                std::size_t count = obstacles_in(box);
                if (box.y < plot.y || box.bottom() > plot.bottom()) count += 100;
                if (count < least) {
                    least = count;
                    best = box;
                    place = candidate;
                }
            }
        add_text(TextShape::Kind::marker, plan.index, place, label, size, readable(marker->colour)).halo =
            !plan.has_heat_map;
        labels_.push_back(best);
    }
}

void LayoutEngine::draw_annotations(const AxesPlan& plan) {
    const double size = style_.tick_pt;
    const AxisMap x = plan.x_map(), y = plan.y_map();
    for (const Element& element : plan.axes->elements) {
        const auto* note = std::get_if<Annotation>(&element);
        if (!note || note->text.empty()) continue;
        Position at{x(note->x), y(note->y)};
        if (note->axes_fraction)
            at = {plan.plot.x + note->x * plan.plot.width, plan.plot.bottom() - note->y * plan.plot.height};
        const Rect reach{plan.plot.x - 1, plan.plot.y - 1, plan.plot.width + 2, plan.plot.height + 2};
        if (!reach.contains(at)) continue;
        at.y += 0.36 * size;
        const double room = plan.plot.width + plan.right;
        const std::string shown = fonts_.fit(note->text, FontRole::text, size, room);
        const double width = text_width(shown, size);
        const double shift = note->anchor == Annotation::Anchor::left     ? 0
                             : note->anchor == Annotation::Anchor::centre ? width / 2
                                                                          : width;
        // Kept beside its own plot whatever it says.
        const double left =
            std::clamp(at.x - shift, plan.plot.x, std::max(plan.plot.x, plan.plot.right() + plan.right - width));
        Rgba colour = readable(note->colour);
        TextShape& text = add_text(TextShape::Kind::annotation, plan.index, {left, at.y}, shown, size, colour);
        text.halo = !plan.has_heat_map;
        labels_.push_back(text_box(text));
    }
}

} // namespace attnscope
