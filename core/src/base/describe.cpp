#include "base/describe.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

namespace attnscope {

namespace {

constexpr const char* infinity_text = "inf";

std::string with_dashes(std::string name) {
    std::ranges::replace(name, '_', '-');
    return name;
}

/// Long values are cut: a message is one line.
std::string brief(const std::string& text) {
    constexpr std::size_t longest = 60;
    return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

template <class Number>
std::optional<Number> parsed(const std::string& text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

} // namespace

namespace described {

std::optional<std::int64_t> whole(const std::string& text) {
    return parsed<std::int64_t>(text);
}

std::optional<double> number(const std::string& text) {
    const auto value = parsed<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string number_text(double value) {
    char text[32];
    const auto [end, failure] = std::to_chars(text, text + sizeof text, value);
    return failure == std::errc{} ? std::string(text, end) : std::string();
}

std::string several(const std::string& one) {
    for (const auto& [article, plural] : {std::pair{"an integer", "integers"}, {"a number", "numbers"}})
        if (one.starts_with(article)) return plural + one.substr(std::string_view(article).size());
    return "a list of " + one;
}

std::optional<std::vector<std::string>> parts(const std::string& text) {
    std::vector<std::string> items;
    std::istringstream list(text);
    for (std::string item; std::getline(list, item, ',');) items.push_back(std::move(item));
    const bool ends_open = text.empty() || text.back() == ',';
    if (ends_open || std::ranges::any_of(items, &std::string::empty)) return std::nullopt;
    return items;
}

} // namespace described

std::optional<bool> Written<bool>::parse(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
}

std::optional<std::uint64_t> InMebibytes::parse(const std::string& text) {
    const auto value = described::whole(text);
    if (!value || !number_in(Json(*value), mebibytes)) return std::nullopt;
    return static_cast<std::uint64_t>(*value) << shift;
}

std::string AboveZeroOrInfinity::text(double value) {
    return std::isinf(value) ? infinity_text : described::number_text(value);
}
std::optional<double> AboveZeroOrInfinity::parse(const std::string& text) {
    if (text == infinity_text) return std::numeric_limits<double>::infinity();
    return Written<double>{above_zero<double>}.parse(text);
}
Json AboveZeroOrInfinity::json(double value) {
    return std::isinf(value) ? Json(infinity_text) : Json(value);
}
std::optional<double> AboveZeroOrInfinity::read(const Json& json) {
    return json == infinity_text ? parse(infinity_text) : number_in(json, above_zero<double>);
}

std::string OneOf::expected() const {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return "one of " + list;
}
std::optional<std::string> OneOf::parse(const std::string& text) const {
    return std::ranges::find(names, text) == names.end() ? std::nullopt : std::optional(text);
}

std::string Field::option() const {
    if (info_.option == "-") return {};
    return "--" + (info_.option.empty() ? with_dashes(info_.name) : info_.option);
}

std::string Field::command() const {
    return info_.command.empty() ? info_.name : info_.command;
}

void write_fields(const Fields& fields, Json& params) {
    for (const auto& field : fields) params[field->info().name] = field->json();
}

Json fields_json(const Fields& fields) {
    Json params = Json::object();
    write_fields(fields, params);
    return params;
}

void read_fields(const Fields& fields, const Json& params, const char* where) {
    for (const auto& field : fields) {
        const auto found = params.find(field->info().name);
        if (found == params.end()) continue;
        try {
            field->read(*found);
        } catch (const FieldFault& fault) {
            throw Error(ErrorKind::input, "recipe", fault.expected, brief(fault.got), where + field->info().name);
        }
    }
}

void read_fields(const Fields& fields, const JsonMembers& object) {
    for (const auto& field : fields) {
        const char* name = field->info().name.c_str();
        if (!object.find(name) && !field->info().session.empty()) name = field->info().session.c_str();
        const nlohmann::json* const value = object.find(name);
        if (!value) continue;
        try {
            field->read(Json(*value));
        } catch (const FieldFault& fault) {
            object.fail(name, fault.expected, attnscope::describe(*value));
        }
    }
}

Field* find_field(const Fields& fields, const std::string& name) {
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return field->info().name == name; });
    return found == fields.end() ? nullptr : found->get();
}

} // namespace attnscope
