// The whole figure model as JSON: what a reader needs to draw it again.
#include "base/json_reader.h"
#include "drawing/fonts.h"

#include <attnscope/figure.h>

#include <nlohmann/json.hpp>

#include <cmath>

namespace attnscope {
namespace {

using Json = nlohmann::ordered_json;

Json numbers(const auto& values) {
    Json array = Json::array();
    for (const auto value : values) array.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
    return array;
}

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json texts(const std::vector<std::string>& values) {
    Json array = Json::array();
    for (const std::string& value : values) array.push_back(clean_utf8(value));
    return array;
}

Json colour(const Colour& colour) {
    static constexpr const char* roles[]{"series", "accent", "muted", "critical", "text", "light"};
    Json json{{"role", roles[static_cast<int>(colour.role)]}};
    if (colour.role == Colour::Role::series) json["index"] = colour.index;
    if (colour.alpha != 1) json["alpha"] = colour.alpha;
    return json;
}

Json axis(const Axis& axis) {
    Json json{{"label", clean_utf8(axis.label)},
              {"unit", clean_utf8(axis.unit)},
              {"scale", axis.scale == Scale::linear ? "linear" : "logarithmic"}};
    if (axis.range) json["range"] = numbers(*axis.range);
    if (!axis.categories.empty()) json["categories"] = texts(axis.categories);
    if (axis.reversed) json["reversed"] = true;
    return json;
}

template <class Grid>
void add_grid(Json& json, const Grid& grid) {
    json["width"] = grid.width;
    json["height"] = grid.height;
    json["x"] = numbers(std::array{grid.x_min, grid.x_max});
    json["y"] = numbers(std::array{grid.y_min, grid.y_max});
    json["values"] = numbers(grid.values);
}

struct ElementJson {
    Json operator()(const Line& line) const {
        return {{"type", "line"},        {"name", clean_utf8(line.name)}, {"x", numbers(line.x)},
                {"y", numbers(line.y)},  {"colour", colour(line.colour)}, {"width", line.width},
                {"dashed", line.dashed}, {"markers", line.markers}};
    }
    Json operator()(const Points& points) const {
        Json json{{"type", "points"},       {"name", clean_utf8(points.name)}, {"x", numbers(points.x)},
                  {"y", numbers(points.y)}, {"colour", colour(points.colour)}, {"size", points.size}};
        if (!points.error_low.empty()) json["error_low"] = numbers(points.error_low);
        if (!points.error_high.empty()) json["error_high"] = numbers(points.error_high);
        if (!points.ids.empty()) json["ids"] = points.ids;
        return json;
    }
    Json operator()(const Bars& bars) const {
        return {{"type", "bars"},
                {"name", clean_utf8(bars.name)},
                {"position", numbers(bars.position)},
                {"value", numbers(bars.value)},
                {"width", bars.width},
                {"horizontal", bars.horizontal},
                {"colour", colour(bars.colour)}};
    }
    Json operator()(const Band& band) const {
        Json json{{"type", "band"},           {"name", clean_utf8(band.name)}, {"x", numbers(band.x)},
                  {"low", numbers(band.low)}, {"high", numbers(band.high)},    {"colour", colour(band.colour)}};
        if (band.hatched) json["hatched"] = true;
        return json;
    }
    Json operator()(const HeatMap& map) const {
        static constexpr const char* maps[]{"viridis", "cividis", "diverging"};
        Json json{{"type", "heat map"}, {"label", clean_utf8(map.label)}, {"map", maps[static_cast<int>(map.map)]}};
        add_grid(json, map);
        if (map.blank_nulls) json["blank_nulls"] = true;
        if (map.range) json["range"] = numbers(*map.range);
        if (!map.category_names.empty()) json["category_names"] = texts(map.category_names);
        return json;
    }
    Json operator()(const Contours& contours) const {
        Json json{{"type", "contours"}, {"levels", contours.levels}, {"colour", colour(contours.colour)}};
        add_grid(json, contours);
        return json;
    }
    Json operator()(const Marker& marker) const {
        return {{"type", "marker"},
                {"vertical", marker.vertical},
                {"value", number(marker.value)},
                {"label", clean_utf8(marker.label)},
                {"colour", colour(marker.colour)},
                {"dashed", marker.dashed}};
    }
    Json operator()(const Annotation& note) const {
        static constexpr const char* anchors[]{"left", "centre", "right"};
        return {{"type", "annotation"},
                {"x", number(note.x)},
                {"y", number(note.y)},
                {"text", clean_utf8(note.text)},
                {"anchor", anchors[static_cast<int>(note.anchor)]},
                {"axes_fraction", note.axes_fraction},
                {"colour", colour(note.colour)}};
    }
};

/// Readable as a part of the file; as a text where it is no JSON.
Json recipe_of_figure(const std::string& recipe) {
    try {
        return parse_json(recipe, "recipe", json_kinds::recipe);
    } catch (const Error&) {
        return clean_utf8(recipe);
    }
}

} // namespace

std::string figure_json(const Figure& figure) {
    Json json{{"schema", "attnscope.figure/1"},
              {"id", clean_utf8(figure.id)},
              {"title", clean_utf8(figure.title)},
              {"subtitle", clean_utf8(figure.subtitle)},
              {"caption", clean_utf8(figure.caption)}};
    if (!figure.recipe.empty()) json["recipe"] = recipe_of_figure(figure.recipe);
    json["columns"] = figure.columns;
    json["axes"] = Json::array();
    static constexpr const char* legends[]{"none", "top_left", "top_right", "bottom_left", "bottom_right", "outside"};
    for (const Axes& axes : figure.axes) {
        Json entry{{"title", clean_utf8(axes.title)},
                   {"x", axis(axes.x)},
                   {"y", axis(axes.y)},
                   {"legend", legends[static_cast<int>(axes.legend)]},
                   {"equal_aspect", axes.equal_aspect},
                   {"elements", Json::array()}};
        for (const Element& element : axes.elements) entry["elements"].push_back(std::visit(ElementJson{}, element));
        json["axes"].push_back(std::move(entry));
    }
    return json.dump() + "\n";
}

} // namespace attnscope
