// Room and frame of one Axes: limits, ticks, titles, the colour bar.
#include "drawing/heat_map.h"
#include "drawing/layout_plan.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

constexpr double turned_by = 50; // degrees, for names too long to lie side by side
const double turned_sine = std::sin(turned_by / 57.29577951308232);

std::string label_of(const Axis& axis) {
    return axis.unit.empty() ? axis.label : axis.label + " (" + axis.unit + ")";
}

// Marks between the decades of a logarithmic axis, where they do not run together.
std::vector<double> minor_ticks(const std::array<double, 2>& limits, Scale scale) {
    std::vector<double> minor;
    if (scale != Scale::logarithmic || std::log10(limits[1] / limits[0]) > 7) return minor;
    for (int k = static_cast<int>(std::floor(std::log10(limits[0]))); std::pow(10.0, k) < limits[1]; ++k)
        for (int digit = 1; digit < 10; ++digit) {
            const double value = digit * std::pow(10.0, k);
            if (value >= limits[0] && value <= limits[1]) minor.push_back(value);
        }
    return minor;
}

int stride_for(double wanted_room, double room) {
    constexpr double most = 1e6; // where there is no room at all
    return static_cast<int>(std::clamp(std::ceil(wanted_room / std::max(room, 1e-9)), 1.0, most));
}

} // namespace

AxisMap AxesPlan::x_map() const {
    AxisMap map{x_limits[0], x_limits[1], plot.x, plot.right(), axes->x.scale};
    if (axes->x.reversed) std::swap(map.from, map.to);
    return map;
}

AxisMap AxesPlan::y_map() const {
    AxisMap map{y_limits[0], y_limits[1], plot.bottom(), plot.y, axes->y.scale};
    if (axes->y.reversed) std::swap(map.from, map.to);
    return map;
}

AxesPlan LayoutEngine::start_plan(int index) const {
    AxesPlan plan;
    plan.index = index;
    plan.axes = &figure_.axes[index];
    plan.x_limits = axis_limits(*plan.axes, true);
    plan.y_limits = axis_limits(*plan.axes, false);
    plan.x_minor = minor_ticks(plan.x_limits, plan.axes->x.scale);
    plan.y_minor = minor_ticks(plan.y_limits, plan.axes->y.scale);
    for (const Element& element : plan.axes->elements)
        if (const auto* map = std::get_if<HeatMap>(&element)) {
            plan.has_heat_map = true;
            if (map->colour_bar && map->category_names.empty() && !plan.bar) plan.bar = map;
        }
    plan.legend = legend_of(*plan.axes);
    return plan;
}

void LayoutEngine::choose_x_ticks(AxesPlan& plan, double width) const {
    const Axis& axis = plan.axes->x;
    const double size = style_.tick_pt;
    plan.x_ticks.clear();
    plan.x_turned = false;
    plan.x_tick_height = (text_ascent + text_descent) * size;
    if (!axis.categories.empty()) {
        const double slot = width / (plan.x_limits[1] - plan.x_limits[0]);
        double widest = 0;
        std::vector<Tick> all;
        for (std::size_t i = 0; i < axis.categories.size(); ++i) {
            if (static_cast<double>(i) < plan.x_limits[0] || static_cast<double>(i) > plan.x_limits[1]) continue;
            Tick tick{static_cast<double>(i), fonts_.fit(axis.categories[i], FontRole::text, size, 9 * size), 0};
            tick.width = text_width(tick.label, size);
            widest = std::max(widest, tick.width);
            all.push_back(std::move(tick));
        }
        plan.x_turned = widest + 0.5 * size > slot;
        const int stride = plan.x_turned ? stride_for(1.15 * size / turned_sine, slot) : 1;
        widest = 0; // of those that are shown
        for (std::size_t i = 0; i < all.size(); i += static_cast<std::size_t>(stride)) {
            widest = std::max(widest, all[i].width);
            plan.x_ticks.push_back(std::move(all[i]));
        }
        if (plan.x_turned) plan.x_tick_height = widest * turned_sine + size;
        return;
    }
    const AxisMap map{plan.x_limits[0], plan.x_limits[1], 0, width, axis.scale};
    for (int wanted = std::clamp(static_cast<int>(width / (2.8 * size)), 2, 9); wanted >= 1; --wanted) {
        const auto values = axis_ticks(plan.x_limits[0], plan.x_limits[1], axis.scale, wanted);
        const auto labels = format_ticks(values, axis.scale);
        plan.x_ticks.clear();
        bool apart = true;
        for (std::size_t i = 0; i < values.size(); ++i) {
            plan.x_ticks.push_back({values[i], labels[i], text_width(labels[i], size, FontRole::number)});
            if (i == 0) continue;
            const Tick &before = plan.x_ticks[i - 1], &now = plan.x_ticks[i];
            apart = apart && map(now.value) - map(before.value) > (before.width + now.width) / 2 + 0.6 * size;
        }
        if (apart) return;
    }
    plan.x_ticks.resize(std::min<std::size_t>(plan.x_ticks.size(), 1));
}

void LayoutEngine::choose_y_ticks(AxesPlan& plan, double height, double cell_width) const {
    const Axis& axis = plan.axes->y;
    const double size = style_.tick_pt;
    plan.y_ticks.clear();
    plan.y_tick_width = 0;
    if (!axis.categories.empty()) {
        const double slot = height / (plan.y_limits[1] - plan.y_limits[0]);
        const auto stride = static_cast<std::size_t>(stride_for(1.12 * size, slot));
        for (std::size_t i = 0; i < axis.categories.size(); i += stride) {
            if (static_cast<double>(i) < plan.y_limits[0] || static_cast<double>(i) > plan.y_limits[1]) continue;
            plan.y_ticks.push_back(
                {static_cast<double>(i), fonts_.fit(axis.categories[i], FontRole::text, size, 0.55 * cell_width), 0});
            plan.y_ticks.back().width = text_width(plan.y_ticks.back().label, size);
        }
    } else {
        const AxisMap map{plan.y_limits[0], plan.y_limits[1], 0, height, axis.scale};
        for (int wanted = std::clamp(static_cast<int>(height / (2.2 * size)), 3, 7); wanted >= 1; --wanted) {
            const auto values = axis_ticks(plan.y_limits[0], plan.y_limits[1], axis.scale, wanted);
            const auto labels = format_ticks(values, axis.scale);
            plan.y_ticks.clear();
            bool apart = true;
            for (std::size_t i = 0; i < values.size(); ++i) {
                plan.y_ticks.push_back({values[i], labels[i], text_width(labels[i], size, FontRole::number)});
                apart = apart && (i == 0 || map(values[i]) - map(values[i - 1]) > 1.15 * size);
            }
            if (apart) break;
            if (wanted == 1) plan.y_ticks.resize(std::min<std::size_t>(plan.y_ticks.size(), 1));
        }
    }
    for (const Tick& tick : plan.y_ticks) plan.y_tick_width = std::max(plan.y_tick_width, tick.width);
}

void LayoutEngine::measure(AxesPlan& plan, double width, double height, double cell_width) const {
    const Axes& axes = *plan.axes;
    const double size = style_.tick_pt;
    choose_x_ticks(plan, width);
    choose_y_ticks(plan, height, cell_width);

    plan.left = tick_gap() + plan.y_tick_width;
    if (!label_of(axes.y).empty()) plan.left += gap() + (text_ascent + text_descent) * style_.font_pt;
    plan.bottom = tick_gap() + plan.x_tick_height;
    if (!label_of(axes.x).empty()) plan.bottom += 0.3 * gap() + (text_ascent + text_descent) * style_.font_pt;
    plan.top = 0.5 * size;
    if (!axes.title.empty()) plan.top += 1.25 * style_.font_pt;
    plan.marker_strip = 0;
    for (const Element& element : axes.elements)
        if (const auto* marker = std::get_if<Marker>(&element))
            if (marker->vertical && !marker->label.empty() && marker->value >= plan.x_limits[0] &&
                marker->value <= plan.x_limits[1])
                plan.marker_strip = 1.3 * size;
    plan.top += plan.marker_strip;
    plan.right = 0.4 * size;
    if (plan.bar) {
        const auto range = heat_map_range(*plan.bar);
        const auto values =
            axis_ticks(range[0], range[1], Scale::linear, std::clamp(static_cast<int>(height / (2.5 * size)), 2, 7));
        const auto labels = format_ticks(values, Scale::linear);
        plan.bar_ticks.clear();
        plan.bar_tick_width = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            plan.bar_ticks.push_back({values[i], labels[i], text_width(labels[i], size, FontRole::number)});
            plan.bar_tick_width = std::max(plan.bar_tick_width, plan.bar_ticks.back().width);
        }
        plan.right += 2 * gap() + size + tick_gap() + plan.bar_tick_width;
        if (!plan.bar->label.empty()) plan.right += gap() + (text_ascent + text_descent) * style_.font_pt;
    }
    measure_legend(plan, width, height, cell_width);
    if (plan.legend_outside) plan.right += 2 * gap() + plan.legend_width;
    // Half of the outermost labels hangs over the ends of the axis.
    const AxisMap map{plan.x_limits[0], plan.x_limits[1], axes.x.reversed ? width : 0, axes.x.reversed ? 0 : width,
                      axes.x.scale};
    for (const Tick& tick : plan.x_ticks) {
        if (plan.x_turned) {
            plan.left = std::max(plan.left, tick.width * std::cos(turned_by / 57.29577951308232) - map(tick.value));
            continue;
        }
        plan.left = std::max(plan.left, tick.width / 2 - map(tick.value));
        plan.right = std::max(plan.right, map(tick.value) + tick.width / 2 - width);
    }
}

void LayoutEngine::draw_grid(const AxesPlan& plan) {
    if (plan.has_heat_map) return;
    const AxisMap x = plan.x_map(), y = plan.y_map();
    const double width = 0.8 * style_.axis_pt;
    if (plan.axes->x.categories.empty())
        for (const Tick& tick : plan.x_ticks)
            add_line({x(tick.value), plan.plot.y}, {x(tick.value), plan.plot.bottom()}, ink::grid, width);
    if (plan.axes->y.categories.empty())
        for (const Tick& tick : plan.y_ticks)
            add_line({plan.plot.x, y(tick.value)}, {plan.plot.right(), y(tick.value)}, ink::grid, width);
}

void LayoutEngine::draw_frame(const AxesPlan& plan) {
    const Axes& axes = *plan.axes;
    const Rect& plot = plan.plot;
    const double size = style_.tick_pt, label_size = style_.font_pt;
    PathShape frame;
    frame.stroke = ink::axis;
    frame.line_width = style_.axis_pt;
    if (plan.has_heat_map) {
        frame.parts = {
            {{plot.x, plot.y}, {plot.right(), plot.y}, {plot.right(), plot.bottom()}, {plot.x, plot.bottom()}}};
        frame.closed = true;
    } else {
        frame.parts = {{{plot.x, plot.y}, {plot.x, plot.bottom()}, {plot.right(), plot.bottom()}}};
    }
    const AxisMap x = plan.x_map(), y = plan.y_map();
    PathShape marks = frame;
    marks.parts.clear();
    marks.closed = false;
    const auto mark = [&](bool horizontal, double value, double length) {
        if (horizontal)
            marks.parts.push_back({{x(value), plot.bottom()}, {x(value), plot.bottom() + length}});
        else
            marks.parts.push_back({{plot.x, y(value)}, {plot.x - length, y(value)}});
    };
    for (const double value : plan.x_minor) mark(true, value, 0.55 * tick_length());
    for (const double value : plan.y_minor) mark(false, value, 0.55 * tick_length());
    if (axes.x.categories.empty())
        for (const Tick& tick : plan.x_ticks) mark(true, tick.value, tick_length());
    if (axes.y.categories.empty())
        for (const Tick& tick : plan.y_ticks) mark(false, tick.value, tick_length());
    add(std::move(frame));
    if (!marks.parts.empty()) add(std::move(marks));

    const FontRole x_role = axes.x.categories.empty() ? FontRole::number : FontRole::text;
    const FontRole y_role = axes.y.categories.empty() ? FontRole::number : FontRole::text;
    for (const Tick& tick : plan.x_ticks) {
        const double top = plot.bottom() + tick_gap();
        if (plan.x_turned) {
            TextShape& text =
                add_text(TextShape::Kind::x_tick, plan.index, {x(tick.value) + 0.3 * size, top + 0.7 * size},
                         tick.label, size, ink::quiet, TextShape::Align::end, x_role);
            text.angle = turned_by;
        } else {
            add_text(TextShape::Kind::x_tick, plan.index, {x(tick.value), top + text_ascent * size}, tick.label, size,
                     ink::quiet, TextShape::Align::middle, x_role);
        }
    }
    for (const Tick& tick : plan.y_ticks)
        add_text(TextShape::Kind::y_tick, plan.index, {plot.x - tick_gap(), y(tick.value) + 0.36 * size}, tick.label,
                 size, ink::quiet, TextShape::Align::end, y_role);

    // Labels keep to the room beside their plot: smaller first, then shortened.
    const auto add_label = [&](const std::string& text, double room, TextShape::Kind kind, Position at) -> TextShape& {
        double fitted = label_size;
        const double wanted = text_width(text, label_size);
        if (wanted > room) fitted = std::max(0.8 * label_size, label_size * room / wanted);
        return add_text(kind, plan.index, at, fonts_.fit(text, FontRole::text, fitted, room), fitted, ink::text,
                        TextShape::Align::middle);
    };
    if (const std::string label = label_of(axes.x); !label.empty()) {
        const double room = plot.width + 2 * std::min(plan.left, std::max(plan.right, gap()));
        add_label(label, room, TextShape::Kind::axis_label,
                  {plot.x + plot.width / 2,
                   plot.bottom() + tick_gap() + plan.x_tick_height + 0.3 * gap() + text_ascent * label_size});
    }
    if (const std::string label = label_of(axes.y); !label.empty()) {
        const double room = plot.height + 0.9 * size; // no further: titles stand above
        const double x_at = plot.x - tick_gap() - plan.y_tick_width - gap() - text_descent * label_size;
        add_label(label, room, TextShape::Kind::axis_label, {x_at, plot.y + plot.height / 2}).angle = 90;
    }
    if (!axes.title.empty()) {
        const double wanted = text_width(axes.title, label_size, FontRole::bold), room = plot.width + plan.right;
        const double back = std::clamp(wanted - room, 0.0, plan.left);
        add_text(TextShape::Kind::axes_title, plan.index,
                 {plot.x - back, plot.y - plan.marker_strip - 0.5 * size - text_descent * label_size},
                 fonts_.fit(axes.title, FontRole::bold, label_size, room + back), label_size, ink::text,
                 TextShape::Align::start, FontRole::bold);
    }
}

void LayoutEngine::draw_colour_bar(const AxesPlan& plan) {
    if (!plan.bar) return;
    const double size = style_.tick_pt;
    const Rect place{plan.plot.right() + 2 * gap(), plan.plot.y, size, plan.plot.height};
    const auto range = heat_map_range(*plan.bar);
    ImageShape image;
    image.place = place;
    image.width = 1;
    image.height = 256;
    const auto& table = colour_table(plan.bar->map);
    for (int i = 255; i >= 0; --i) image.rgb.insert(image.rgb.end(), table[i].begin(), table[i].end());
    add(std::move(image));
    PathShape frame;
    frame.parts = {
        {{place.x, place.y}, {place.right(), place.y}, {place.right(), place.bottom()}, {place.x, place.bottom()}}};
    frame.closed = true;
    frame.stroke = ink::axis;
    frame.line_width = 0.7 * style_.axis_pt;
    const AxisMap map{range[0], range[1], place.bottom(), place.y, Scale::linear};
    PathShape marks = frame;
    marks.parts.clear();
    marks.closed = false;
    for (const Tick& tick : plan.bar_ticks) {
        marks.parts.push_back({{place.right(), map(tick.value)}, {place.right() + tick_length(), map(tick.value)}});
        add_text(TextShape::Kind::bar_tick, plan.index, {place.right() + tick_gap(), map(tick.value) + 0.36 * size},
                 tick.label, size, ink::quiet, TextShape::Align::start, FontRole::number);
    }
    add(std::move(frame));
    if (!marks.parts.empty()) add(std::move(marks));
    if (plan.bar->label.empty()) return;
    const double x = place.right() + tick_gap() + plan.bar_tick_width + gap() + text_ascent * style_.font_pt;
    const double room = plan.plot.height + 0.9 * size;
    add_text(TextShape::Kind::bar_label, plan.index, {x, plan.plot.y + plan.plot.height / 2},
             fonts_.fit(plan.bar->label, FontRole::text, style_.font_pt, room), style_.font_pt, ink::text,
             TextShape::Align::middle)
        .angle = 90;
}

} // namespace attnscope
