#include "widgets/figure_view.h"

#include "widgets/text_layout.h"

#include <implot.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace attnscope::ui {

namespace {

constexpr float plot_text = 0.87f; // × the text of the interface
constexpr float strength_when_stale = 0.5f;
constexpr float seconds_to_dim = 0.35f;

ImPlotScale plot_scale(Scale scale) {
    return scale == Scale::logarithmic ? ImPlotScale_Log10 : ImPlotScale_Linear;
}

/// Pans with the middle button where the left one moves a cursor; no button fits, the double click is ours.
class InputScope {
public:
    explicit InputScope(bool cursor) : before_(ImPlot::GetInputMap()) {
        ImPlotInputMap& map = ImPlot::GetInputMap();
        map.Pan = cursor ? ImGuiMouseButton_Middle : ImGuiMouseButton_Left;
        map.Fit = ImGuiMouseButton_COUNT - 1;
    }
    ~InputScope() { ImPlot::GetInputMap() = before_; }
    InputScope(const InputScope&) = delete;
    InputScope& operator=(const InputScope&) = delete;

private:
    ImPlotInputMap before_;
};

} // namespace

std::string short_number(double value) {
    if (!std::isfinite(value)) return "–";
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

std::string axis_title(const Axis& axis) {
    return axis.unit.empty() ? axis.label : axis.label + " (" + axis.unit + ")";
}

std::string axis_value(const Axis& axis, double value) {
    if (!axis.categories.empty()) {
        const auto index = static_cast<std::ptrdiff_t>(std::lround(value));
        if (index >= 0 && index < std::ssize(axis.categories)) return axis.categories[std::size_t(index)];
    }
    return axis.unit.empty() ? short_number(value) : short_number(value) + " " + axis.unit;
}

void FigureView::follow_content(AxesState& state, const Axes& axes) {
    if (state.generation == generation_) return;
    state.generation = generation_;
    state.x_ticks.wanted = state.y_ticks.wanted = -1; // categories may have changed under equal limits
    const auto natural = [&](const Axis& axis, bool horizontal) {
        auto range = axis.range ? *axis.range : data_range(axes, horizontal);
        if (!(std::isfinite(range[0]) && std::isfinite(range[1])) || range[0] == range[1])
            range = axis.scale == Scale::logarithmic ? std::array{0.1, 10.0} : std::array{range[0] - 1, range[0] + 1};
        Limits limits{std::min(range[0], range[1]), std::max(range[0], range[1])};
        if (axis.scale == Scale::logarithmic && limits.low <= 0)
            limits = limits.high > 0 ? Limits{limits.high * 1e-6, limits.high} : Limits{0.1, 10};
        return limits;
    };
    state.x_natural = natural(axes.x, true);
    state.y_natural = natural(axes.y, false);
    // A zoom into a place where nothing is any more would leave the plot empty.
    const auto apart = [](Limits a, Limits b) { return a.high < b.low || b.high < a.low; };
    if (state.zoomed && (apart(state.x_natural, state.x_shown) || apart(state.y_natural, state.y_shown)))
        state.zoomed = false;
}

std::vector<Zoom> FigureView::zooms() const {
    std::vector<Zoom> zooms;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
        const AxesState& state = axes_[i];
        if (!state.zoomed) continue;
        zooms.push_back({i, {state.x_shown.low, state.x_shown.high}, {state.y_shown.low, state.y_shown.high}});
    }
    return zooms;
}

void FigureView::set_up(AxesState& state, const Axes& axes, ImVec2 size, float em) {
    const auto flags = [&](const Axis& axis) {
        ImPlotAxisFlags set = ImPlotAxisFlags_NoMenus | ImPlotAxisFlags_NoSideSwitch | ImPlotAxisFlags_NoHighlight;
        if (axis.reversed) set |= ImPlotAxisFlags_Invert;
        if (axis.label.empty()) set |= ImPlotAxisFlags_NoLabel;
        if (!axis.categories.empty()) set |= ImPlotAxisFlags_NoGridLines | ImPlotAxisFlags_NoTickMarks;
        if (&axis == &axes.x && state.x_ticks.slanted) set |= ImPlotAxisFlags_NoTickLabels | ImPlotAxisFlags_NoLabel;
        return set;
    };
    const std::string x_title = elide(axis_title(axes.x), size.x * 0.95f);
    const std::string y_title = elide(axis_title(axes.y), size.y * 0.95f);
    ImPlot::SetupAxes(x_title.c_str(), y_title.c_str(), flags(axes.x), flags(axes.y));
    ImPlot::SetupAxisScale(ImAxis_X1, plot_scale(axes.x.scale));
    ImPlot::SetupAxisScale(ImAxis_Y1, plot_scale(axes.y.scale));
    if (fitting_) state.zoomed = false;
    // A plot that is given limits takes none from the mouse in that frame, so it gets them only when they are new to
    // it.
    const auto give = [](Limits x, Limits y) {
        ImPlot::SetupAxisLimits(ImAxis_X1, x.low, x.high, ImPlotCond_Always);
        ImPlot::SetupAxisLimits(ImAxis_Y1, y.low, y.high, ImPlotCond_Always);
    };
    const bool given = state.x_natural == state.x_given && state.y_natural == state.y_given &&
                       state.size.x == state.size_given.x && state.size.y == state.size_given.y;
    if (!state.zoomed && (fitting_ || !given)) {
        give(state.x_natural, state.y_natural);
        state.x_given = state.x_natural;
        state.y_given = state.y_natural;
        state.size_given = state.size;
    } else if (state.zoomed && std::exchange(state.limits_wanted, false)) {
        give(state.x_shown, state.y_shown);
    }
    const Limits x = state.zoomed ? state.x_shown : state.x_natural, y = state.zoomed ? state.y_shown : state.y_natural;
    if (axes.x.categories.empty()) update_ticks(state.x_ticks, axes.x, x, std::clamp(int(size.x / (em * 4.5f)), 2, 9));
    if (axes.y.categories.empty()) update_ticks(state.y_ticks, axes.y, y, std::clamp(int(size.y / (em * 2.6f)), 2, 8));
    const auto label_ticks = [](ImAxis axis, const Ticks& ticks) {
        if (ticks.values.empty()) return;
        ImPlot::SetupAxisTicks(axis, ticks.values.data(), int(ticks.values.size()), ticks.pointers.data());
    };
    // Long names of categories take at most a third of the width.
    if (!axes.y.categories.empty()) {
        for (std::size_t i = 0; i < state.y_ticks.labels.size(); ++i) {
            state.y_ticks.labels[i] = elide(state.y_ticks.labels[i], size.x * 0.33f);
            state.y_ticks.pointers[i] = state.y_ticks.labels[i].c_str();
        }
    }
    label_ticks(ImAxis_X1, state.x_ticks);
    label_ticks(ImAxis_Y1, state.y_ticks);
}

void FigureView::interact(int index, const Axes& axes, const PlotArea& area, bool keys_hovered,
                          const FigureViewOptions& options, FigureInteraction& interaction) {
    AxesState& state = axes_[std::size_t(index)];
    const ImGuiIO& io = ImGui::GetIO();
    const bool hovered = ImPlot::IsPlotHovered() && !keys_hovered;
    const bool has_cursor = options.cursor_axes && (*options.cursor_axes == -1 || *options.cursor_axes == index);

    if (hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
        state.pressed = io.MousePos;
        state.press_open = true;
        if (has_cursor) dragged_axes_ = index;
    }
    if (dragged_axes_ == index) {
        const double pixel = std::clamp(io.MousePos.x, area.min.x, area.max.x);
        interaction.dragged_x = area.x.value(pixel);
        if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) dragged_axes_ = -1;
    }
    if (state.press_open && ImGui::IsMouseReleased(ImGuiMouseButton_Left)) {
        state.press_open = false;
        const float moved = std::hypot(io.MousePos.x - state.pressed.x, io.MousePos.y - state.pressed.y);
        interaction.clicked = hovered && moved < area.em * 0.4f;
    }
    auto hit = hovered && dragged_axes_ == -1 ? hit_elements(axes, area, state.cache, io.MousePos) : std::nullopt;
    if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
        interaction.double_clicked = true;
        // On a thing that has a meaning of its own the double click is the panel's.
        if (!has_cursor && !(hit && hit->id)) fit_wanted_ = true;
    }
    const bool keyed = !io.WantTextInput && ImGui::IsKeyPressed(ImGuiKey_F, false) && !io.KeyCtrl && !io.KeyAlt;
    if (hovered && keyed) fit_wanted_ = true;
    if ((ImPlot::IsAxisHovered(ImAxis_X1) || ImPlot::IsAxisHovered(ImAxis_Y1)) &&
        (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left) || keyed))
        fit_wanted_ = true;

    if (!hit) return;
    hit->axes = index;
    if (hit->id || !hit->value)
        area.draw->AddCircle(hit->pixel, area.em * 0.35f, ImGui::GetColorU32(ImGuiCol_Text), 20, area.em * 0.1f);
    if (!hit->series.empty()) interaction.values.emplace_back(hit->series, "");
    const auto add = [&](const Axis& axis, double value) {
        interaction.values.emplace_back(axis.label.empty() ? "value" : axis.label, axis_value(axis, value));
    };
    add(axes.x, hit->x);
    add(axes.y, hit->y);
    if (hit->value && interaction.values.front().second.empty())
        interaction.values.front().second = short_number(*hit->value);
    interaction.hovered = std::move(hit);
}

void FigureView::draw_axes(int index, const Axes& axes, Cell cell, bool titled, const ThemeColours& theme,
                           const FigureViewOptions& options, FigureInteraction& interaction) {
    AxesState& state = axes_[std::size_t(index)];
    const float em = ImGui::GetFontSize();
    follow_content(state, axes);
    ImDrawList* const window = ImGui::GetWindowDrawList();
    const float strength = 1 - dim_ * (1 - strength_when_stale);
    if (titled) {
        if (theme.fonts.bold) ImGui::PushFont(theme.fonts.bold, 0);
        const std::string title = elide(axes.title, cell.size.x - em);
        window->AddText({cell.at.x + em * 0.5f, cell.at.y}, ImGui::GetColorU32(ImGuiCol_Text), title.c_str());
        if (theme.fonts.bold) ImGui::PopFont();
        cell.at.y += em * 1.35f;
        cell.size.y -= em * 1.35f;
    }
    const std::vector<LegendEntry> entries = legend_entries(axes);
    const HeatMap* const map = explained_heat_map(axes);
    const bool bar = map && map->colour_bar && map->category_names.empty();
    const Axes::Legend wish = legend_wish(axes);
    const ImVec2 legend = wish == Axes::Legend::none ? ImVec2(0, 0) : legend_size(entries, em);
    const bool outside = wish == Axes::Legend::outside && legend.x > 0 && cell.margin > 0 && !state.legend_above;
    const float beside = bar ? colour_bar_width(*map, state.cache, em) : 0;
    const float title = axes.x.label.empty() ? 0 : em * 1.3f;
    float names = plan_names(state, axes, cell.size, em);
    if (names > cell.size.y * 0.4f) { // too little height to spend on names
        names = 0;
        state.x_ticks.slanted = false;
    }
    const float below = names > 0 ? names + title : 0;
    ImVec2 size{std::max(em * 4, cell.size.x - beside), std::max(em * 3, cell.size.y - below)};
    if (options.square && state.around.x > 0) {
        const float side = std::max(em * 2, std::min(size.x - state.around.x, size.y - state.around.y));
        size = {side + state.around.x, side + state.around.y};
    }

    const bool has_cursor = options.cursor_axes && (*options.cursor_axes == -1 || *options.cursor_axes == index);
    const InputScope input(has_cursor);
    ImGui::SetCursorScreenPos(cell.at);
    ImGui::PushID(index);
    ImPlotFlags flags = ImPlotFlags_NoTitle | ImPlotFlags_NoLegend | ImPlotFlags_NoMouseText | ImPlotFlags_NoMenus |
                        ImPlotFlags_NoFrame;
    if (ImPlot::BeginPlot("##plot", size, flags)) {
        set_up(state, axes, size, em);
        ImPlot::SetupFinish();
        const ImPlotRect shown = ImPlot::GetPlotLimits();
        const ImVec2 at = ImPlot::GetPlotPos(), extent = ImPlot::GetPlotSize();
        const Limits x{shown.X.Min, shown.X.Max}, y{shown.Y.Min, shown.Y.Max};
        // Limits that moved without the content or the size having changed were moved by the user.
        const bool same_place = state.x_natural == state.x_drawn_for && state.y_natural == state.y_drawn_for &&
                                extent.x == state.size.x && extent.y == state.size.y;
        if (same_place && !fitting_ && !(x == state.x_shown && y == state.y_shown)) {
            state.zoomed = true;
            state.size_given = {0, 0};
        }
        state.x_shown = x;
        state.y_shown = y;
        state.x_drawn_for = state.x_natural;
        state.y_drawn_for = state.y_natural;
        state.size = extent;
        state.around = {size.x - extent.x, size.y - extent.y};

        PlotArea area;
        area.min = at;
        area.max = {at.x + extent.x, at.y + extent.y};
        area.x = PlotAxis::between(x.low, x.high, axes.x.reversed ? area.max.x : area.min.x,
                                   axes.x.reversed ? area.min.x : area.max.x, axes.x.scale);
        area.y = PlotAxis::between(y.low, y.high, axes.y.reversed ? area.min.y : area.max.y,
                                   axes.y.reversed ? area.max.y : area.min.y, axes.y.scale);
        area.draw = ImPlot::GetPlotDrawList();
        area.em = em;
        area.strength = strength;

        ImVec2 legend_at{cell.at.x + cell.size.x + em * 0.4f, area.min.y};
        const bool inside = legend.x > 0 && !outside && !state.legend_above;
        if (inside) {
            // Looked for once these lines are there rather than those before, and kept while content and size stay.
            const bool drawn_before = std::ranges::any_of(
                state.cache.elements, [this](const ElementCache& kept) { return kept.generation == generation_; });
            if (state.legend_generation != generation_ || state.legend_for.x != extent.x ||
                state.legend_for.y != extent.y) {
                const ImVec2 place = legend_place(axes, area, state.cache, legend);
                state.legend_at = {place.x - area.min.x, place.y - area.min.y};
                state.legend_for = extent;
                if (drawn_before) state.legend_generation = generation_;
            }
            legend_at = {area.min.x + state.legend_at.x, area.min.y + state.legend_at.y};
        }
        ElementStyle style{theme, generation_, options.selected_id, {}};
        if (inside) style.taken.push_back({legend_at.x, legend_at.y, legend_at.x + legend.x, legend_at.y + legend.y});
        ImPlot::PushPlotClipRect();
        draw_elements(axes, area, state.cache, style);
        if (options.overlay) options.overlay(index, area);
        ImPlot::PopPlotClipRect();
        bool keys_hovered = false;
        if (inside || outside)
            keys_hovered = draw_legend(entries, legend_at, *window, em, strength, theme, state.cache);
        interact(index, axes, area, keys_hovered, options, interaction);
        ImPlot::EndPlot();
        if (names > 0) draw_slanted_names(state, axes, area, names, *window, theme);
        if (bar)
            draw_colour_bar(*map, {area.max.x, area.min.y}, area.height(), *window, em, strength, theme, state.cache);
    }
    ImGui::PopID();
}

FigureInteraction FigureView::draw(const char* id, const Figure& figure, std::uint64_t generation,
                                   const ThemeColours& theme, const FigureViewOptions& options) {
    FigureInteraction interaction;
    if (figure.axes.empty()) return interaction;
    if (std::exchange(generation_, generation) != generation)
        for (AxesState& state : axes_) state.cache.value_ranges.clear();
    fitting_ = std::exchange(fit_wanted_, false);
    axes_.resize(figure.axes.size());
    for (const Zoom& zoom : std::exchange(wanted_zooms_, {})) {
        if (zoom.axes >= axes_.size()) continue;
        AxesState& state = axes_[zoom.axes];
        state.zoomed = state.limits_wanted = true;
        state.x_shown = {zoom.x[0], zoom.x[1]};
        state.y_shown = {zoom.y[0], zoom.y[1]};
    }
    dim_ = options.stale ? std::min(1.0f, dim_ + ImGui::GetIO().DeltaTime / seconds_to_dim) : 0;

    const ImVec2 at = ImGui::GetCursorScreenPos(), left = ImGui::GetContentRegionAvail();
    const ImVec2 size{options.size.x > 0 ? options.size.x : left.x, options.size.y > 0 ? options.size.y : left.y};
    ImGui::PushID(id);
    ImGui::PushFont(nullptr, ImGui::GetStyle().FontSizeBase * plot_text);
    const float em = ImGui::GetFontSize(), spacing = em * 0.4f;
    const int count = int(figure.axes.size());
    const int fitting = std::max(1, int(size.x / (options.smallest_width * em)));
    const int columns = std::clamp(std::min(figure.columns, fitting), 1, count);
    const int rows = (count + columns - 1) / columns;
    // Legends outside stand to the right of the last column.
    float margin = 0;
    for (int i = 0; i < count && !options.legends_above; ++i) {
        const Axes& axes = figure.axes[std::size_t(i)];
        if (legend_wish(axes) != Axes::Legend::outside || i % columns != columns - 1) continue;
        margin = std::max(margin, legend_size(legend_entries(axes), em).x + em * 0.4f);
    }
    if (margin > size.x * 0.42f) margin = 0;
    const auto widths = column_widths(figure, columns, size.x - margin - spacing * float(columns - 1));
    float height = (size.y - spacing * float(rows - 1)) / float(rows);
    std::vector<ImVec2> cells;
    std::vector<float> margins;
    for (int i = 0; i < count; ++i) {
        const int column = i % columns;
        cells.emplace_back(widths[std::size_t(column)], height);
        // After the last of an unfinished row there is a cell free.
        margins.push_back(column == columns - 1 ? margin : i == count - 1 ? widths[std::size_t(column) + 1] : 0);
    }
    const std::vector<LegendEntry> above = legends_above(figure, cells, margins, options.legends_above);
    const float keys = legend_rows_height(above, size.x, em);
    draw_legends_above(above, at, size.x, theme);
    height -= keys / float(rows);
    if (*std::ranges::min_element(widths) > em * 4 && height > em * 3) {
        // Column by column, so that the plots below each other share their left and right borders.
        float left_border = at.x;
        for (int column = 0; column < columns; ++column) {
            const float width = widths[std::size_t(column)];
            ImGui::PushID(column);
            const bool aligned = rows > 1 && ImPlot::BeginAlignedPlots("##column", true);
            for (int row = 0; row < rows; ++row) {
                const int index = row * columns + column;
                if (index >= count) break;
                const Axes& axes = figure.axes[std::size_t(index)];
                const bool titled = !axes.title.empty() && count > 1;
                const ImVec2 corner{left_border, at.y + keys + (height + spacing) * float(row)};
                const Cell cell{corner, {width, height}, margins[std::size_t(index)]};
                draw_axes(index, axes, cell, titled, theme, options, interaction);
            }
            if (aligned) ImPlot::EndAlignedPlots();
            ImGui::PopID();
            left_border += width + spacing;
        }
    }
    ImGui::PopFont();
    ImGui::PopID();
    ImGui::SetCursorScreenPos(at);
    ImGui::Dummy(size);

    if (interaction.hovered && ImGui::BeginTooltip()) {
        if (interaction.hovered->id && options.id_tooltip) {
            options.id_tooltip(*interaction.hovered->id);
        } else {
            for (const auto& [name, value] : interaction.values) {
                if (value.empty())
                    ImGui::TextUnformatted(name.c_str());
                else
                    ImGui::Text("%s  %s", name.c_str(), value.c_str());
            }
        }
        ImGui::EndTooltip();
    }
    return interaction;
}

} // namespace attnscope::ui
