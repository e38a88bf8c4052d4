#include "panels/figure_panel.h"

#include <algorithm>
#include <array>
#include <utility>

namespace attnscope::ui {

namespace {

/// The curve that stands for its axes: the accented one, else the widest.
const Line* leading_line(const Axes& axes) {
    const Line* leading = nullptr;
    const auto weight = [](const Line& line) {
        return line.width + (line.colour.role == Colour::Role::accent ? 100.0f : 0.0f);
    };
    for (const Element& element : axes.elements)
        if (const auto* line = std::get_if<Line>(&element); line && (!leading || weight(*line) > weight(*leading)))
            leading = line;
    return leading;
}

}  // namespace

void overlay_pinned(Figure& figure, const Figure& pinned) {
    bool explained = false;
    for (std::size_t i = 0; i < std::min(figure.axes.size(), pinned.axes.size()); ++i) {
        const Line* const leading = leading_line(pinned.axes[i]);
        if (!leading) continue;
        Line line = *leading;
        line.name = "A";
        line.colour = {.role = Colour::Role::text, .alpha = 0.75f};
        line.width = 1.2f;
        line.dashed = true;
        line.markers = false;
        // Over the fills, under the curves of the current view.
        auto& elements = figure.axes[i].elements;
        const auto first_line = std::find_if(elements.begin(), elements.end(), [](const Element& element) {
            return std::holds_alternative<Line>(element) || std::holds_alternative<Points>(element);
        });
        elements.insert(first_line, std::move(line));
        if (figure.axes[i].legend == Axes::Legend::none && !explained) figure.axes[i].legend = Axes::Legend::top_right;
        explained = true;
    }
}

namespace {

HeatMap* heat_map_of(Figure& figure) {
    if (figure.axes.empty()) return nullptr;
    for (Element& element : figure.axes.front().elements)
        if (auto* map = std::get_if<HeatMap>(&element)) return map;
    return nullptr;
}

}  // namespace

bool subtract_pinned(Figure& figure, const Figure& pinned) {
    HeatMap* const map = heat_map_of(figure);
    const HeatMap* const other = heat_map_of(const_cast<Figure&>(pinned));
    const auto place = [](const HeatMap& m) { return std::array{m.x_min, m.x_max, m.y_min, m.y_max}; };
    if (!map || !other || map->width != other->width || map->height != other->height || place(*map) != place(*other))
        return false;
    for (std::size_t i = 0; i < map->values.size(); ++i) map->values[i] -= other->values[i];
    map->map = ColourMap::diverging;
    map->range.reset();
    map->label = "Δ to A" + (map->label.empty() ? "" : ", " + plain_label(map->label));
    // A part in detail has nothing that it could be compared with.
    bool first = true;
    std::erase_if(figure.axes.front().elements, [&first](const Element& element) {
        return std::holds_alternative<HeatMap>(element) && !std::exchange(first, false);
    });
    return true;
}

void add_pinned_beside(Figure& figure, const Figure& pinned) {
    if (figure.axes.empty() || pinned.axes.empty()) return;
    figure.axes.resize(1);
    figure.axes.front().title = "now";
    figure.axes.push_back(pinned.axes.front());
    figure.axes.back().title = "A";
    figure.columns = 2;
}

void FigurePanel::show(Figure figure) {
    figure_ = std::move(figure);
    has_figure_ = true;
    ++generation_;
}

std::optional<Figure> FigurePanel::figure(PanelContext& context) {
    update(context);
    if (!has_figure_ || answer_.stale) return std::nullopt;
    return figure_;
}

void FigurePanel::draw(PanelContext& context) {
    update(context);
    const auto awaited = loading(context);
    PanelStatus status;
    status.has_figure = has_figure_;
    status.subtitle = has_figure_ ? figure_.subtitle : "";
    status.busy = has_figure_ && answer_.stale && !answer_.error;
    status.progress = answer_.progress;
    panel_header(*this, status, context);
    if (auto words = hint(context)) {
        draw_hint(*words, context);
    } else if (awaited && !has_figure_) {
        draw_waiting(awaited->second, "Loading " + awaited->first, context.theme);
    } else if (!has_figure_) {
        draw_waiting(answer_.progress, "Computing", context.theme);
    } else {
        if (answer_.error) {
            // The picture below answers an earlier wish; say why there is no newer one.
            ImGui::PushTextWrapPos(0);
            ImGui::TextColored(context.theme.error, "%s", answer_.error->what());
            ImGui::PopTextWrapPos();
        }
        body(context);
    }
    panel_context_menu(*this, status, context);
}

FigureViewOptions FigurePanel::view_options(PanelContext&) {
    FigureViewOptions options;
    options.stale = answer_.stale;
    return options;
}

FigureInteraction FigurePanel::draw_figure(const Figure& figure, PanelContext& context) {
    FigureInteraction interaction = view_.draw(id_.c_str(), figure, generation_, context.theme, view_options(context));
    if (interaction.hovered) context.services.readout().set({title(), interaction.values}, ImGui::GetFrameCount());
    return interaction;
}

void FigurePanel::body(PanelContext& context) { respond(draw_figure(figure_, context), context); }

}  // namespace attnscope::ui
