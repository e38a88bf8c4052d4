#include "base/json_text.h"

#include <attnscope/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace attnscope {
namespace {

constexpr std::size_t indent_width = 2;

bool is_flat(const Json& json) {
    return std::none_of(json.begin(), json.end(), [](const Json& child) { return child.is_structured(); });
}

void write_readable(std::string& out, const Json& json, std::size_t indent) {
    if (!json.is_structured() || is_flat(json)) {
        out += one_line(json);
        return;
    }
    const bool object = json.is_object();
    out += object ? '{' : '[';
    bool first = true;
    for (const auto& [key, child] : json.items()) {
        if (!first) out += ',';
        first = false;
        out += '\n';
        out.append(indent + indent_width, ' ');
        if (object) {
            out += one_line(Json(key));
            out += ": ";
        }
        write_readable(out, child, indent + indent_width);
    }
    out += '\n';
    out.append(indent, ' ');
    out += object ? '}' : ']';
}

} // namespace

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json number(float value) {
    return std::isfinite(value) ? Json(as_written(value)) : Json(nullptr);
}

double as_written(float value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    double result = value;
    std::from_chars(text, end, result);
    return result;
}

std::string one_line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string readable(const Json& json) {
    std::string out;
    write_readable(out, json, 0);
    out += '\n';
    return out;
}

} // namespace attnscope
