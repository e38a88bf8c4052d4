// A Python script that draws a figure again with matplotlib from the npz beside it: short, plain, meant to be edited.
#include "base/json_text.h"
#include "base/text_list.h"
#include "drawing/arrays.h"
#include "drawing/heat_map.h"
#include "drawing/layout.h"
#include "drawing/recipe_keys.h"
#include "drawing/scale.h"

#include <charconv>
#include <cmath>

namespace attnscope {
namespace {

// A JSON string is a Python string of the same value. Texts of strangers go through here and nowhere else.
std::string literal(const std::string& text) {
    return one_line(Json(text));
}
// matplotlib reads formulas between dollar signs.
std::string label(const std::string& text) {
    std::string plain;
    for (const char c : clean_utf8(text)) {
        if (c == '$') plain += '\\';
        plain += c;
    }
    return literal(plain);
}
std::string number(double value) {
    if (!std::isfinite(value)) return "float(\"nan\")";
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}
std::string colour(const Rgba& colour) {
    char text[16];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
    return literal(text);
}
std::string colour_and_alpha(const Colour& chosen) {
    const Rgba rgba = print_colour(chosen);
    std::string text = "color=" + colour(rgba);
    if (rgba.alpha < 1) text += ", alpha=" + number(std::round(rgba.alpha * 100) / 100);
    return text;
}

class ScriptWriter {
public:
    ScriptWriter(const Figure& figure, const Style& style, const std::string& npz_name)
        : figure_(figure), style_(style), npz_name_(npz_name) {}

    std::string write() {
        line("# Draws the figure below from " + literal(npz_name_) + ". Needs numpy and matplotlib.");
        line("from pathlib import Path");
        line("");
        line("import matplotlib.pyplot as plt");
        line("import numpy as np");
        line("from matplotlib.colors import BoundaryNorm, ListedColormap");
        line("");
        if (!figure_.recipe.empty()) line(recipe_keys::python_variable + literal(figure_.recipe));
        line("CAPTION = " + literal(figure_.caption));
        line("here = Path(__file__).resolve()");
        line("data = np.load(here.with_name(" + literal(npz_name_) + "))");
        line("");
        write_parameters();
        const std::size_t count = std::max<std::size_t>(figure_.axes.size(), 1);
        const auto columns = static_cast<std::size_t>(std::clamp<int>(figure_.columns, 1, static_cast<int>(count)));
        const std::size_t rows = (count + columns - 1) / columns;
        const Page page = lay_out(figure_, style_, Fonts(style_));
        line("fig, grid = plt.subplots(" + std::to_string(rows) + ", " + std::to_string(columns) + ", figsize=(" +
             number(std::round(page.width / 72 * 1000) / 1000) + ", " +
             number(std::round(page.height / 72 * 1000) / 1000) + "), squeeze=False, layout=\"constrained\")");
        for (std::size_t i = figure_.axes.size(); i < rows * columns; ++i)
            line("grid.flat[" + std::to_string(i) + "].axis(\"off\")");
        if (style_.title && !(figure_.title + figure_.subtitle).empty())
            line("fig.suptitle(" + label(figure_.title) + " + \"\\n\" + " + label(figure_.subtitle) +
                 ", x=0.01, ha=\"left\", fontsize=" + number(style_.tick_pt) + ", wrap=True)");
        for (std::size_t i = 0; i < figure_.axes.size(); ++i) write_axes(i);
        line("");
        line("if __name__ == \"__main__\":");
        line("    fig.savefig(here.with_suffix(\".pdf\"))");
        return std::move(out_);
    }

private:
    void line(const std::string& text) { out_ += text + "\n"; }
    std::string array(const char* name) const { return "data[\"" + prefix_ + name + "\"]"; }
    std::string named(const std::string& name) {
        named_ = named_ || !name.empty();
        return name.empty() ? "" : ", label=" + label(name);
    }
    std::string dashes(bool dashed) const { return dashed ? ", linestyle=\"--\"" : ""; }
    std::string width(double factor) const {
        return ", linewidth=" + number(std::round(factor * style_.line_pt * 100) / 100);
    }

    void write_parameters() {
        line("plt.rcParams.update({");
        line("    \"font.family\": [" + literal(style_.font) +
             ", \"DejaVu Sans\"], \"font.size\": " + number(style_.font_pt) + ",");
        line("    \"axes.titlesize\": " + number(style_.font_pt) + ", \"figure.titlesize\": " +
             number(style_.title_pt) + ", \"legend.fontsize\": " + number(style_.tick_pt) + ",");
        line("    \"xtick.labelsize\": " + number(style_.tick_pt) + ", \"ytick.labelsize\": " + number(style_.tick_pt) +
             ", \"axes.linewidth\": " + number(style_.axis_pt) + ",");
        line("    \"axes.spines.top\": False, \"axes.spines.right\": False, \"svg.fonttype\": \"none\",");
        line("})");
    }

    void write_axes(std::size_t index) {
        const Axes& axes = figure_.axes[index];
        line("");
        line("ax = grid.flat[" + std::to_string(index) + "]");
        named_ = false;
        for (std::size_t e = 0; e < axes.elements.size(); ++e) {
            prefix_ = array_prefix(index, e);
            std::visit([&](const auto& element) { write(element); }, axes.elements[e]);
        }
        if (!axes.title.empty()) line("ax.set_title(" + label(axes.title) + ", loc=\"left\", fontweight=\"semibold\")");
        write_axis("x", axes.x, axis_limits(axes, true));
        write_axis("y", axes.y, axis_limits(axes, false));
        if (axes.equal_aspect) line("ax.set_aspect(\"equal\")");
        if (axes.legend != Axes::Legend::none && named_) {
            static constexpr const char* places[]{"best",       "upper left",  "upper right",
                                                  "lower left", "lower right", "center left"};
            std::string call = "ax.legend(loc=" + literal(places[static_cast<int>(axes.legend)]) + ", frameon=False";
            if (axes.legend == Axes::Legend::outside) call += ", bbox_to_anchor=(1, 0.5)";
            line(call + ")");
        }
    }

    void write_axis(const std::string& which, const Axis& axis, std::array<double, 2> limits) {
        if (axis.scale == Scale::logarithmic) line("ax.set_" + which + "scale(\"log\")");
        const std::string text = axis.unit.empty() ? axis.label : axis.label + " (" + axis.unit + ")";
        if (!text.empty()) line("ax.set_" + which + "label(" + label(text) + ")");
        if (!axis.categories.empty()) {
            std::string names;
            for (const std::string& name : axis.categories) add_to_list(names, label(name));
            line("ax.set_" + which + "ticks(range(" + std::to_string(axis.categories.size()) + "), [" + names + "])");
        }
        if (axis.reversed) std::swap(limits[0], limits[1]);
        line("ax.set_" + which + "lim(" + number(limits[0]) + ", " + number(limits[1]) + ")");
    }

    void write(const Line& what) {
        if (what.x.empty() || what.y.empty()) return;
        std::string marker;
        if (what.markers) marker = ", marker=\"o\", markersize=" + number(style_.marker_pt);
        line("ax.plot(" + array("x") + ", " + array("y") + ", " + colour_and_alpha(what.colour) + width(what.width) +
             dashes(what.dashed) + marker + named(what.name) + ")");
    }
    void write(const Points& what) {
        if (what.x.empty() || what.y.empty()) return;
        const double size = style_.marker_pt * what.size;
        line("ax.scatter(" + array("x") + ", " + array("y") + ", s=" + number(std::round(size * size * 100) / 100) +
             ", linewidths=0, zorder=3, " + colour_and_alpha(what.colour) + named(what.name) + ")");
        if (what.error_low.size() == what.x.size() && what.error_high.size() == what.x.size())
            line("ax.vlines(" + array("x") + ", " + array("error_low") + ", " + array("error_high") + ", " +
                 colour_and_alpha(what.colour) + width(0.8) + ")");
    }
    void write(const Bars& what) {
        if (what.position.empty() || what.value.empty()) return;
        const std::string thickness = what.horizontal ? ", height=" : ", width=";
        line(std::string(what.horizontal ? "ax.barh(" : "ax.bar(") + array("position") + ", " + array("value") +
             thickness + number(what.width) + ", " + colour_and_alpha(what.colour) + named(what.name) + ")");
    }
    void write(const Band& what) {
        if (what.x.empty() || what.low.empty() || what.high.empty()) return;
        const std::string fill = what.hatched ? "facecolor=\"#f4f5f7\", edgecolor=\"#b4bac2\", hatch=\"//////\""
                                              : colour_and_alpha(what.colour);
        line("ax.fill_between(" + array("x") + ", " + array("low") + ", " + array("high") + ", linewidth=0, " + fill +
             named(what.name) + ")");
    }
    template <class Grid>
    bool has_values(const Grid& what) const {
        return what.width > 0 && what.values.size() == static_cast<std::size_t>(what.width) * what.height;
    }
    void write(const HeatMap& what) {
        if (!has_values(what)) return;
        if (!what.blank_nulls) line("ax.set_facecolor(\"#f4f5f7\")  # cells without a value");
        const std::string extent = "(" + number(what.x_min) + ", " + number(what.x_max) + ", " + number(what.y_min) +
                                   ", " + number(what.y_max) + ")";
        std::string call = "image = ax.imshow(" + array("values") +
                           ", origin=\"lower\", aspect=\"auto\", extent=" + extent +
                           ", interpolation=" + (what.smooth ? "\"bicubic\"" : "\"nearest\"");
        if (!what.category_names.empty()) {
            const auto count = static_cast<int>(what.category_names.size());
            std::string colours;
            for (int i = 0; i < count; ++i) colours += (i > 0 ? ", " : "") + colour(category_colour(i));
            line("colours = [" + colours + "]");
            line(call + ", cmap=ListedColormap(colours), norm=BoundaryNorm(np.arange(-0.5, " + std::to_string(count) +
                 "), " + std::to_string(count) + "))");
            for (int i = 0; i < count; ++i)
                line("ax.plot([], [], \"s\", color=colours[" + std::to_string(i) + "]" +
                     named(what.category_names[static_cast<std::size_t>(i)]) + ")");
            line("ax.legend(loc=\"center left\", bbox_to_anchor=(1, 0.5), frameon=False)");
            return;
        }
        static constexpr const char* maps[]{"viridis", "cividis", "RdBu_r"};
        const auto range = heat_map_range(what);
        line(call + ", cmap=\"" + maps[static_cast<int>(what.map)] + "\", vmin=" + number(range[0]) +
             ", vmax=" + number(range[1]) + ")");
        if (what.colour_bar) line("fig.colorbar(image, ax=ax, label=" + label(what.label) + ")");
    }
    void write(const Contours& what) {
        if (!has_values(what) || what.width < 2 || what.height < 2) return;
        const auto centres = [](double low, double high, int count) {
            const double half = (high - low) / count / 2;
            return "np.linspace(" + number(low + half) + ", " + number(high - half) + ", " + std::to_string(count) +
                   ")";
        };
        const Rgba rgba = print_colour(what.colour);
        line("ax.contour(" + centres(what.x_min, what.x_max, what.width) + ", " +
             centres(what.y_min, what.y_max, what.height) + ", " + array("values") +
             ", levels=" + std::to_string(what.levels) + ", colors=[" + colour(rgba) + "], alpha=" +
             number(std::round(rgba.alpha * 100) / 100) + ", linewidths=" + number(0.55 * style_.line_pt) + ")");
    }
    void write(const Marker& what) {
        line(std::string(what.vertical ? "ax.axvline(" : "ax.axhline(") + number(what.value) + ", " +
             colour_and_alpha(what.colour) + width(1) + dashes(what.dashed) + ")");
        if (what.label.empty()) return;
        const std::string at = number(what.value);
        line((what.vertical ? "ax.annotate(" + label(what.label) + ", (" + at +
                                  ", 1), xycoords=(\"data\", "
                                  "\"axes fraction\"), xytext=(0, 2), ha=\"center\", va=\"bottom\""
                            : "ax.annotate(" + label(what.label) + ", (1, " + at +
                                  "), xycoords=(\"axes fraction\", "
                                  "\"data\"), xytext=(-2, 2), ha=\"right\", va=\"bottom\"") +
             ", textcoords=\"offset points\", fontsize=" + number(style_.tick_pt) + ", " +
             colour_and_alpha(what.colour) + ")");
    }
    void write(const Annotation& what) {
        static constexpr const char* anchors[]{"left", "center", "right"};
        line("ax.text(" + number(what.x) + ", " + number(what.y) + ", " + label(what.text) + ", ha=\"" +
             anchors[static_cast<int>(what.anchor)] + "\", va=\"center\", fontsize=" + number(style_.tick_pt) + ", " +
             colour_and_alpha(what.colour) + (what.axes_fraction ? ", transform=ax.transAxes" : "") + ")");
    }

    const Figure& figure_;
    const Style& style_;
    const std::string& npz_name_;
    std::string out_, prefix_;
    bool named_ = false; ///< an element of the axes being written has a legend entry
};

} // namespace

std::string figure_matplotlib(const Figure& figure, const Style& style, const std::string& npz_name) {
    return ScriptWriter(figure, style, npz_name).write();
}

} // namespace attnscope
