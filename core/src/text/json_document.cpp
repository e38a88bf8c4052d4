#include "text/json_document.h"

#include "data/input_error.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace attnscope {
namespace {

// Far beyond any tokenizer or configuration; keeps whatever walks the document off the end of the stack.
constexpr int deepest = 64;

} // namespace

nlohmann::json parse_json(std::string_view text, const std::string& subject) {
    const auto check_depth = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > deepest) {
            input_error(subject, "JSON nested at most " + std::to_string(deepest) + " deep", "deeper nesting");
        }
        return true;
    };
    try {
        return nlohmann::json::parse(text, check_depth);
    } catch (const nlohmann::json::parse_error& error) {
        input_error(subject, "JSON", "something else", "byte " + std::to_string(error.byte));
    } catch (const nlohmann::json::exception&) {
        input_error(subject, "JSON", "a number out of range");
    }
}

std::string describe(const nlohmann::json& value) {
    if (value.is_string())
        return excerpt(value.get_ref<const std::string&>());
    if (value.is_structured())
        return value.is_array() ? "a list" : "an object";
    return value.dump();
}

JsonMembers::JsonMembers(const nlohmann::json& object, std::string subject, std::string where)
    : object_(object), subject_(std::move(subject)), where_(std::move(where)) {
    if (!object_.is_object())
        input_error(subject_, "a JSON object", describe(object_), where_);
}

const nlohmann::json* JsonMembers::find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& JsonMembers::at(const char* name) const {
    const nlohmann::json* const value = find(name);
    if (!value)
        fail(name, "a value", "none");
    return *value;
}

JsonMembers JsonMembers::object(const char* name) const {
    return {at(name), subject_, path(name)};
}

bool JsonMembers::flag(const char* name, bool fallback) const {
    const nlohmann::json* const value = find(name);
    if (!value)
        return fallback;
    if (!value->is_boolean())
        fail(name, "true or false", describe(*value));
    return value->get<bool>();
}

std::string JsonMembers::text(const char* name) const {
    const nlohmann::json& value = at(name);
    if (!value.is_string())
        fail(name, "a text", describe(value));
    return value.get<std::string>();
}

std::string JsonMembers::text(const char* name, std::string fallback) const {
    return find(name) ? text(name) : std::move(fallback);
}

std::int64_t JsonMembers::integer(const char* name, std::int64_t least, std::int64_t most) const {
    const nlohmann::json& value = at(name);
    const std::string expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    if (!value.is_number_integer())
        fail(name, expected, describe(value));
    // An unsigned number beyond int64 would wrap when read as one.
    const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (too_large || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
        fail(name, expected, value.dump());
    }
    return value.get<std::int64_t>();
}

std::int64_t JsonMembers::integer(const char* name, std::int64_t least, std::int64_t most,
                                  std::int64_t fallback) const {
    return find(name) ? integer(name, least, most) : fallback;
}

double JsonMembers::number(const char* name, double fallback) const {
    const nlohmann::json* const value = find(name);
    if (!value)
        return fallback;
    if (!value->is_number() || !std::isfinite(value->get<double>()))
        fail(name, "a number", describe(*value));
    return value->get<double>();
}

std::string JsonMembers::path(const char* name) const {
    return where_.empty() ? name : where_ + "." + name;
}

void JsonMembers::fail(const char* name, std::string expected, std::string got) const {
    input_error(subject_, std::move(expected), std::move(got), path(name));
}

} // namespace attnscope
