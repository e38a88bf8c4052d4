#include "state/figure_python.h"

#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

namespace attnscope::ui {

namespace {

std::string python_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

template <class Values>
std::string array(const Values& values) {
    std::string out = "np.array([";
    bool first = true;
    for (const auto value : values) {
        if (!first) out += ", ";
        first = false;
        if (std::isfinite(double(value))) {
            char digits[40];
            const auto end = std::to_chars(digits, digits + sizeof digits, value);
            out.append(digits, end.ptr);
        } else {
            out += "np.nan";
        }
    }
    return out + "])";
}

/// Writes the entries of the dictionary, each under a name of its own.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void axes(const Axes& axes, std::size_t number, std::size_t count) {
        prefix_ = count > 1 ? (axes.title.empty() ? "plot " + std::to_string(number + 1) : axes.title) + ": " : "";
        categories_ = &axes;
        for (const Element& element : axes.elements) std::visit([this](const auto& e) { write(e); }, element);
    }

private:
    void open(const std::string& name, const char* kind) {
        const std::string base = prefix_ + (name.empty() ? kind : name);
        std::string unique = base;
        for (int i = 2; !names_.insert(unique).second; ++i) unique = base + " " + std::to_string(i);
        out_ += "    " + python_text(unique) + ": {";
    }
    void close() { out_ += "},\n"; }

    void write(const Line& line) {
        open(line.name, "line");
        out_ += "\"x\": " + array(line.x) + ", \"y\": " + array(line.y);
        close();
    }
    void write(const Points& points) {
        open(points.name, "points");
        out_ += "\"x\": " + array(points.x) + ", \"y\": " + array(points.y);
        if (!points.error_low.empty())
            out_ += ", \"low\": " + array(points.error_low) + ", \"high\": " + array(points.error_high);
        if (!points.ids.empty()) out_ += ", \"id\": " + array(points.ids);
        close();
    }
    void write(const Bars& bars) {
        open(bars.name, "bars");
        out_ += "\"position\": " + array(bars.position) + ", \"value\": " + array(bars.value);
        const auto& names = bars.horizontal ? categories_->y.categories : categories_->x.categories;
        if (!names.empty()) {
            out_ += ", \"label\": [";
            for (std::size_t i = 0; i < names.size(); ++i) out_ += (i ? ", " : "") + python_text(names[i]);
            out_ += "]";
        }
        close();
    }
    void write(const Band& band) {
        open(band.name, "band");
        out_ += "\"x\": " + array(band.x) + ", \"low\": " + array(band.low) + ", \"high\": " + array(band.high);
        close();
    }
    void write(const HeatMap& map) {
        open(map.label, "map");
        const double limits[]{map.x_min, map.x_max, map.y_min, map.y_max};
        out_ += "\"values\": " + array(map.values) + ".reshape(" + std::to_string(map.height) + ", " +
                std::to_string(map.width) + "), \"extent\": " + array(limits);
        close();
    }
    void write(const Marker& marker) {
        if (marker.label.empty()) return;
        open(marker.label, "marker");
        const double value[]{marker.value};
        out_ += (marker.vertical ? "\"x\": " : "\"y\": ") + array(value);
        close();
    }
    void write(const Contours&) {} // of a map that is there
    void write(const Annotation&) {}

    std::string& out_;
    std::string prefix_;
    const Axes* categories_ = nullptr;
    std::set<std::string> names_;
};

} // namespace

std::string figure_python(const Figure& figure) {
    std::string out = "# " + figure.title;
    if (!figure.subtitle.empty()) out += " — " + figure.subtitle;
    out += "\nimport numpy as np\n\nseries = {\n";
    Writer writer(out);
    for (std::size_t i = 0; i < figure.axes.size(); ++i) writer.axes(figure.axes[i], i, figure.axes.size());
    return out + "}\n";
}

} // namespace attnscope::ui
