// Every series of a figure as one long table, for spreadsheets and for the clipboard.
#include <attnscope/figure.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace attnscope {
namespace {

enum Column { axes_column, series, kind, x, y, value, low, high, id, text, column_count };
constexpr std::array<const char*, column_count> headings{"axes",  "series", "kind", "x",  "y",
                                                         "value", "low",    "high", "id", "text"};
using Row = std::array<std::string, column_count>;

// The shortest text that reads back as the same number; nothing for NaN and infinity.
std::string field(double number) {
    if (!std::isfinite(number)) return {};
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr};
}
std::string field(float number) {
    if (!std::isfinite(number)) return {};
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr};
}

struct RowsOf {
    std::vector<Row>& rows;
    Row row; ///< axes, series and kind are set

    template <class Fill>
    void each(std::size_t count, const Fill& fill) {
        for (std::size_t i = 0; i < count; ++i) {
            Row next = row;
            fill(next, i);
            rows.push_back(std::move(next));
        }
    }
    void operator()(const Line& line) {
        each(std::min(line.x.size(), line.y.size()), [&](Row& next, std::size_t i) {
            next[x] = field(line.x[i]);
            next[y] = field(line.y[i]);
        });
    }
    void operator()(const Points& points) {
        each(std::min(points.x.size(), points.y.size()), [&](Row& next, std::size_t i) {
            next[x] = field(points.x[i]);
            next[y] = field(points.y[i]);
            if (i < points.error_low.size()) next[low] = field(points.error_low[i]);
            if (i < points.error_high.size()) next[high] = field(points.error_high[i]);
            if (i < points.ids.size()) next[id] = std::to_string(points.ids[i]);
        });
    }
    void operator()(const Bars& bars) {
        each(std::min(bars.position.size(), bars.value.size()), [&](Row& next, std::size_t i) {
            next[bars.horizontal ? y : x] = field(bars.position[i]);
            next[value] = field(bars.value[i]);
            if (categories && bars.position[i] >= 0 && bars.position[i] < static_cast<double>(categories->size()))
                next[text] = (*categories)[static_cast<std::size_t>(bars.position[i])];
        });
    }
    void operator()(const Band& band) {
        each(std::min({band.x.size(), band.low.size(), band.high.size()}), [&](Row& next, std::size_t i) {
            next[x] = field(band.x[i]);
            next[low] = field(band.low[i]);
            next[high] = field(band.high[i]);
        });
    }
    template <class Grid>
    void grid(const Grid& map) {
        if (map.width < 1 || map.values.size() != static_cast<std::size_t>(map.width) * map.height) return;
        each(map.values.size(), [&](Row& next, std::size_t i) {
            const double column = static_cast<double>(i % map.width), line = static_cast<double>(i / map.width);
            next[x] = field(map.x_min + (column + 0.5) / map.width * (map.x_max - map.x_min));
            next[y] = field(map.y_min + (line + 0.5) / map.height * (map.y_max - map.y_min));
            next[value] = field(map.values[i]);
        });
    }
    void operator()(const HeatMap& map) {
        const std::size_t first = rows.size();
        grid(map);
        for (std::size_t i = first; i < rows.size(); ++i) {
            const float category = map.values[i - first];
            if (category >= 0 && category < static_cast<float>(map.category_names.size()))
                rows[i][text] = map.category_names[static_cast<std::size_t>(category)];
        }
    }
    void operator()(const Contours& contours) { grid(contours); }
    void operator()(const Marker& marker) {
        each(1, [&](Row& next, std::size_t) {
            next[marker.vertical ? x : y] = field(marker.value);
            next[text] = marker.label;
        });
    }
    void operator()(const Annotation& note) {
        each(1, [&](Row& next, std::size_t) {
            if (!note.axes_fraction) {
                next[x] = field(note.x);
                next[y] = field(note.y);
            }
            next[text] = note.text;
        });
    }

    const std::vector<std::string>* categories = nullptr;
};

struct KindOf {
    const char* operator()(const Line&) const { return "line"; }
    const char* operator()(const Points&) const { return "points"; }
    const char* operator()(const Bars&) const { return "bars"; }
    const char* operator()(const Band&) const { return "band"; }
    const char* operator()(const HeatMap&) const { return "heat map"; }
    const char* operator()(const Contours&) const { return "contours"; }
    const char* operator()(const Marker&) const { return "marker"; }
    const char* operator()(const Annotation&) const { return "note"; }
};

struct NameOf {
    std::string operator()(const Line& line) const { return line.name; }
    std::string operator()(const Points& points) const { return points.name; }
    std::string operator()(const Bars& bars) const { return bars.name; }
    std::string operator()(const Band& band) const { return band.name; }
    std::string operator()(const HeatMap& map) const { return map.label; }
    template <class Other>
    std::string operator()(const Other&) const {
        return {};
    }
};

std::string quoted(const std::string& content, char separator) {
    if (content.find_first_of("\"\r\n") == std::string::npos && content.find(separator) == std::string::npos)
        return content;
    std::string text = "\"";
    for (const char c : content) {
        if (c == '"') text += '"';
        text += c;
    }
    return text + '"';
}

} // namespace

std::string figure_csv(const Figure& figure, char separator) {
    std::vector<Row> rows;
    for (std::size_t a = 0; a < figure.axes.size(); ++a) {
        const Axes& axes = figure.axes[a];
        for (std::size_t e = 0; e < axes.elements.size(); ++e) {
            RowsOf rows_of{rows, {}};
            rows_of.row[axes_column] = axes.title.empty() ? std::to_string(a + 1) : axes.title;
            rows_of.row[series] = std::visit(NameOf{}, axes.elements[e]);
            if (rows_of.row[series].empty()) rows_of.row[series] = std::to_string(e + 1);
            rows_of.row[kind] = std::visit(KindOf{}, axes.elements[e]);
            rows_of.categories = !axes.y.categories.empty() ? &axes.y.categories : &axes.x.categories;
            std::visit(rows_of, axes.elements[e]);
        }
    }
    // Columns that nothing uses are left out.
    std::array<bool, column_count> used{};
    used[series] = used[kind] = used[x] = used[y] = true;
    used[axes_column] = figure.axes.size() > 1;
    for (const Row& row : rows)
        for (int column = value; column < column_count; ++column) used[column] = used[column] || !row[column].empty();
    std::string csv;
    const auto write = [&](const auto& cell_of) {
        bool first = true;
        for (int column = 0; column < column_count; ++column) {
            if (!used[column]) continue;
            if (!first) csv += separator;
            csv += quoted(cell_of(column), separator);
            first = false;
        }
        csv += '\n';
    };
    write([&](int column) { return std::string(headings[column]); });
    for (const Row& row : rows) write([&](int column) { return row[column]; });
    return csv;
}

} // namespace attnscope
