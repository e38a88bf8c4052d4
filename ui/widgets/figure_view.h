// Draws a Figure with ImPlot's axes: a grid of plots with their legends and colour bars, zoom and pan, and what the
// cursor points at.
#pragma once

#include "widgets/figure_elements.h"
#include "widgets/figure_keys.h"
#include "widgets/theme.h"

#include <attnscope/figure.h>

#include <imgui.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

struct FigureViewOptions {
    ImVec2 size{0, 0};                        ///< 0 = what is left of the window
    bool stale = false;                       ///< the figure waits for a newer result: drawn dimmed
    std::optional<int> cursor_axes;           ///< pressing and dragging in it moves a cursor instead of panning;
                                              ///< all axes when −1
    std::optional<std::uint32_t> selected_id; ///< ringed
    /// Fills the tooltip of a point that has an id; names and values without it.
    std::function<void(std::uint32_t)> id_tooltip;
    /// Draws over the elements of an axes, inside its plot.
    std::function<void(int axes, const PlotArea&)> overlay;
    bool square = false;        ///< plots as wide as high
    float smallest_width = 11;  ///< × font height; narrower columns wrap into more rows
    bool legends_above = false; ///< in rows above the plots, as those that have no room in or beside theirs
};

struct FigureInteraction {
    std::optional<FigureHit> hovered;
    std::vector<std::pair<std::string, std::string>> values; ///< of what is hovered, named by the axes
    bool clicked = false, double_clicked = false;            ///< the left button, without a drag
    std::optional<double> dragged_x;                         ///< of cursor axes, while the button is down
};

class FigureView {
public:
    /// `generation` names the figure's content: equal for the same figure, never taken again for another.
    FigureInteraction draw(const char* id, const Figure& figure, std::uint64_t generation, const ThemeColours& theme,
                           const FigureViewOptions& options = {});
    /// Shows every axes whole again.
    void fit() { fit_wanted_ = true; }
    /// What is in sight of every axes that the user zoomed into.
    std::vector<Zoom> zooms() const;
    /// Shows these parts from the next frame on.
    void zoom_to(std::vector<Zoom> zooms) { wanted_zooms_ = std::move(zooms); }

private:
    struct Limits {
        double low = 0, high = 1;
        bool operator==(const Limits&) const = default;
    };
    struct Ticks {
        Limits limits;
        int wanted = -1; ///< how many; of categories every so many
        std::vector<double> values;
        std::vector<std::string> labels;
        std::vector<const char*> pointers;
        bool slanted = false; ///< names too long to lie side by side
    };
    struct AxesState {
        AxesCache cache;
        Limits x_natural, y_natural;     ///< of the content
        Limits x_drawn_for, y_drawn_for; ///< those when it was last drawn
        Limits x_shown, y_shown;
        Limits x_given, y_given; ///< those of the content that the plot was last given, at size_given
        ImVec2 size{0, 0}, size_given{0, 0};
        ImVec2 around{0, 0};        ///< what labels and titles took of the room beside the plot
        bool zoomed = false;        ///< by the user: the limits are his
        bool limits_wanted = false; ///< the plot takes them over in this frame
        Ticks x_ticks, y_ticks;
        std::uint64_t generation = ~std::uint64_t{0};
        ImVec2 pressed{0, 0}; ///< where the left button went down in this plot
        bool press_open = false;
        bool legend_above = false;                           ///< explained above all plots, not in or beside its own
        std::uint64_t legend_generation = ~std::uint64_t{0}; ///< for which legend_at was looked for
        ImVec2 legend_at{0, 0}, legend_for{0, 0};            ///< relative to the plot, and its size then
    };
    struct Cell {
        ImVec2 at, size;
        float margin = 0; ///< to the right of the cell, for a legend outside; 0 = none
    };

    void draw_axes(int index, const Axes& axes, Cell cell, bool titled, const ThemeColours& theme,
                   const FigureViewOptions& options, FigureInteraction& interaction);
    /// Of so many columns over `width`: what a colour bar takes is added, so that plots side by side are equally wide.
    std::vector<float> column_widths(const Figure& figure, int columns, float width) const;
    /// Of axes whose legend has no room in its cell of this size, or beside it in the margins; marks their state.
    std::vector<LegendEntry> legends_above(const Figure& figure, const std::vector<ImVec2>& cells,
                                           const std::vector<float>& margins, bool all);
    /// Draws them over `width` and hides or shows the series that is clicked.
    void draw_legends_above(const std::vector<LegendEntry>& entries, ImVec2 at, float width, const ThemeColours& theme);
    void follow_content(AxesState& state, const Axes& axes);
    /// Room below the plot for slanted names; 0 when they fit side by side or there are none.
    static float plan_names(AxesState& state, const Axes& axes, ImVec2 size, float em);
    static void draw_slanted_names(const AxesState& state, const Axes& axes, const PlotArea& area, float room,
                                   ImDrawList& draw, const ThemeColours& theme);
    void set_up(AxesState& state, const Axes& axes, ImVec2 size, float em);
    void interact(int index, const Axes& axes, const PlotArea& area, bool keys_hovered,
                  const FigureViewOptions& options, FigureInteraction& interaction);
    static void update_ticks(Ticks& ticks, const Axis& axis, Limits limits, int wanted);

    std::vector<AxesState> axes_;
    std::uint64_t generation_ = 0;
    float dim_ = 0; ///< 0 … 1, grows while the figure is stale
    bool fit_wanted_ = false, fitting_ = false;
    std::vector<Zoom> wanted_zooms_;
    int dragged_axes_ = -1;
};

std::string axis_title(const Axis& axis); ///< with its unit
/// "12.3 mm" or the category's name: a value on an axis as the tooltip and the Inspector show it.
std::string axis_value(const Axis& axis, double value);
/// Four significant digits, scientific where that is shorter.
std::string short_number(double value);

} // namespace attnscope::ui
