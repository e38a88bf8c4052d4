// Built-in page styles and styles from JSON files.
#include "base/json_number.h"
#include "base/json_reader.h"
#include "base/text_list.h"

#include <attnscope/figure.h>
#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <cmath>

namespace attnscope {
namespace {

Style paper(const char* name, double width_mm, double height_ratio, double font_pt) {
    Style style;
    style.name = name;
    style.width_mm = width_mm;
    style.height_ratio = height_ratio;
    style.font_pt = font_pt;
    style.title_pt = font_pt + 1;
    style.tick_pt = font_pt - 1;
    return style;
}

// Widths are those of the text block (or column) of the venues' templates.
std::vector<Style> make_styles() {
    std::vector<Style> styles{paper("neurips", 139.7, 0.56, 8),  paper("iclr", 139.7, 0.56, 8),
                              paper("icml", 82.6, 0.72, 7.5),    paper("icml-wide", 171.5, 0.46, 8),
                              paper("acl", 77, 0.75, 7.5),       paper("nature", 89, 0.72, 7),
                              paper("nature-wide", 183, 0.46, 7)};
    for (Style& style : styles)
        if (style.name.starts_with("nature")) {
            style.tick_pt = 6; // Nature asks for 5 to 7 points
            style.line_pt = 0.9;
            style.axis_pt = 0.5;
        }
    Style slide = paper("slide", 338.7, 0.5625, 18);
    slide.title_pt = 24;
    slide.tick_pt = 15;
    slide.line_pt = 2.2;
    slide.axis_pt = 1.1;
    slide.marker_pt = 6.5;
    slide.caption = true;
    styles.push_back(slide);
    return styles;
}

[[noreturn]] void refuse(const std::filesystem::path& path, std::string expected, std::string got, std::string where) {
    throw Error{ErrorKind::input, path.filename().string(), std::move(expected), std::move(got), std::move(where)};
}

Style read_style(const std::filesystem::path& path) {
    const auto json = read_json<nlohmann::json>(path, json_kinds::style);
    if (!json.is_object()) refuse(path, "a JSON object with the fields of a style", "something else", "");
    Style style;
    style.name = path.stem().string();
    const auto number = [&](const std::string& key, const nlohmann::json& value, double& field, double low,
                            double high) {
        const auto number = number_in<double>(value, {low, high});
        if (!number) refuse(path, describe_range<double>({low, high}), value.dump(), key);
        field = *number;
    };
    const auto text = [&](const std::string& key, const nlohmann::json& value, std::string& field) {
        if (!value.is_string()) refuse(path, "a text", value.dump(), key);
        field = value.get<std::string>();
    };
    const auto flag = [&](const std::string& key, const nlohmann::json& value, bool& field) {
        if (!value.is_boolean()) refuse(path, "true or false", value.dump(), key);
        field = value.get<bool>();
    };
    for (const auto& [key, value] : json.items()) {
        if (key == "name")
            text(key, value, style.name);
        else if (key == "font")
            text(key, value, style.font);
        else if (key == "width_mm")
            number(key, value, style.width_mm, 30, 2000);
        else if (key == "height_ratio")
            number(key, value, style.height_ratio, 0.1, 5);
        else if (key == "font_pt")
            number(key, value, style.font_pt, 3, 72);
        else if (key == "title_pt")
            number(key, value, style.title_pt, 3, 96);
        else if (key == "tick_pt")
            number(key, value, style.tick_pt, 3, 72);
        else if (key == "line_pt")
            number(key, value, style.line_pt, 0.05, 20);
        else if (key == "axis_pt")
            number(key, value, style.axis_pt, 0.05, 20);
        else if (key == "marker_pt")
            number(key, value, style.marker_pt, 0.2, 40);
        else if (key == "title")
            flag(key, value, style.title);
        else if (key == "caption")
            flag(key, value, style.caption);
        else
            refuse(path,
                   "name, width_mm, height_ratio, font, font_pt, title_pt, tick_pt, line_pt, axis_pt, marker_pt, "
                   "title or caption",
                   key, "");
    }
    return style;
}

} // namespace

const std::vector<Style>& built_in_styles() {
    static const std::vector<Style> styles = make_styles();
    return styles;
}

Style find_style(const std::string& name_or_path) {
    for (const Style& style : built_in_styles())
        if (style.name == name_or_path) return style;
    const std::filesystem::path path = name_or_path;
    if (path.extension() == ".json") return read_style(path);
    std::string names;
    for (const Style& style : built_in_styles()) add_to_list(names, style.name);
    throw Error{ErrorKind::usage, "style", names + " or a path to a .json file", name_or_path};
}

} // namespace attnscope
