// What stands along an axis: numbers, or names of categories, as many as fit, slanted below the plot where they are
// long.
#include "widgets/figure_view.h"
#include "widgets/text_layout.h"
#include "widgets/turned_text.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr float slant = 1.0f;     // radians
constexpr float longest_name = 7; // × em
constexpr float short_name = 1.9f;

} // namespace

void FigureView::update_ticks(Ticks& ticks, const Axis& axis, Limits limits, int wanted) {
    if (ticks.limits == limits && ticks.wanted == wanted) return;
    ticks.limits = limits;
    ticks.wanted = wanted;
    ticks.values.clear();
    ticks.labels.clear();
    ticks.pointers.clear();
    const double low = std::min(limits.low, limits.high), high = std::max(limits.low, limits.high);
    if (!axis.categories.empty()) {
        const double last = double(axis.categories.size()) - 1;
        const auto every = std::size_t(std::max(1, wanted));
        const auto first = std::size_t(std::clamp(std::ceil(low), 0.0, std::max(0.0, last)));
        for (std::size_t i = (first + every - 1) / every * every; double(i) <= std::min(high, last); i += every) {
            ticks.values.push_back(double(i));
            ticks.labels.push_back(axis.categories[i]);
        }
    } else {
        for (const double tick : axis_ticks(low, high, axis.scale, wanted)) {
            ticks.values.push_back(tick);
            ticks.labels.push_back(format_tick(tick, axis.scale));
        }
    }
    for (const std::string& label : ticks.labels) ticks.pointers.push_back(label.c_str());
}

float FigureView::plan_names(AxesState& state, const Axes& axes, ImVec2 size, float em) {
    const Limits x = state.zoomed ? state.x_shown : state.x_natural, y = state.zoomed ? state.y_shown : state.y_natural;
    const float width = state.size.x > 0 ? state.size.x : size.x * 0.8f,
                height = state.size.y > 0 ? state.size.y : size.y;
    state.x_ticks.slanted = false;
    if (!axes.y.categories.empty()) {
        const double slot = height / std::max(1.0, y.high - y.low);
        update_ticks(state.y_ticks, axes.y, y, int(std::ceil(em * 1.05 / slot)));
    }
    if (axes.x.categories.empty()) return 0;
    const double slot = width / std::max(1.0, x.high - x.low);
    update_ticks(state.x_ticks, axes.x, x, int(std::ceil(em * 1.35 / slot)));
    float widest = 0;
    for (const char* name : state.x_ticks.pointers) widest = std::max(widest, ImGui::CalcTextSize(name).x);
    if (widest < short_name * em) { // numbers, for instance: every so many side by side
        update_ticks(state.x_ticks, axes.x, x, int(std::ceil((widest + em * 0.6f) / slot)));
        return 0;
    }
    state.x_ticks.slanted = widest + em * 0.5f > slot;
    return state.x_ticks.slanted ? std::min(widest, longest_name * em) * std::sin(slant) + em * 0.9f : 0;
}

void FigureView::draw_slanted_names(const AxesState& state, const Axes& axes, const PlotArea& area, float room,
                                    ImDrawList& draw, const ThemeColours& theme) {
    const ImU32 colour = element_colour({.role = Colour::Role::muted}, theme, area.strength);
    for (std::size_t i = 0; i < state.x_ticks.values.size(); ++i) {
        const float x = float(area.x.pixel(state.x_ticks.values[i]));
        if (x < area.min.x - 1 || x > area.max.x + 1) continue;
        const std::string name = elide(state.x_ticks.labels[i], longest_name * area.em);
        draw_turned_text(draw, {x + area.em * 0.2f, area.max.y + area.em * 0.5f}, slant, TurnedAnchor::end, colour,
                         name.c_str());
    }
    if (axes.x.label.empty()) return;
    const std::string title = elide(axis_title(axes.x), area.width());
    const ImVec2 extent = ImGui::CalcTextSize(title.c_str());
    draw.AddText({area.min.x + (area.width() - extent.x) / 2, area.max.y + room},
                 element_colour({.role = Colour::Role::text}, theme, area.strength), title.c_str());
}

} // namespace attnscope::ui
