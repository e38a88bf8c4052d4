#include "base/json_members.h"

#include "base/input_error.h"

namespace attnscope {

std::string describe(const nlohmann::json& value) {
    if (value.is_string()) return excerpt(value.get_ref<const std::string&>());
    if (value.is_structured()) return value.is_array() ? "a list" : "an object";
    return value.dump();
}

JsonMembers::JsonMembers(const nlohmann::json& object, std::string subject, std::string where)
    : object_(object), subject_(std::move(subject)), where_(std::move(where)) {
    if (!object_.is_object()) input_error(subject_, "a JSON object", describe(object_), where_);
}

const nlohmann::json* JsonMembers::find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& JsonMembers::at(const char* name) const {
    const nlohmann::json* const value = find(name);
    if (!value) fail(name, "a value", "none");
    return *value;
}

JsonMembers JsonMembers::object(const char* name) const {
    return {at(name), subject_, path(name)};
}

bool JsonMembers::flag(const char* name, bool fallback) const {
    const nlohmann::json* const value = find(name);
    if (!value) return fallback;
    if (!value->is_boolean()) fail(name, "true or false", describe(*value));
    return value->get<bool>();
}

std::optional<JsonMembers> JsonMembers::find_object(const char* name) const {
    const nlohmann::json* const value = find(name);
    return value ? std::optional(JsonMembers(*value, subject_, path(name))) : std::nullopt;
}

std::string JsonMembers::text(const char* name) const {
    const nlohmann::json& value = at(name);
    if (!value.is_string()) fail(name, "a text", describe(value));
    return value.get<std::string>();
}

std::string JsonMembers::text(const char* name, std::string fallback) const {
    return find(name) ? text(name) : std::move(fallback);
}

std::int64_t JsonMembers::integer(const char* name, std::int64_t least, std::int64_t most) const {
    return value<std::int64_t>(name, {least, most});
}

std::int64_t JsonMembers::integer(const char* name, std::int64_t least, std::int64_t most,
                                  std::int64_t fallback) const {
    return value_or<std::int64_t>(name, fallback, {least, most});
}

double JsonMembers::number(const char* name, double fallback) const {
    return value_or(name, fallback);
}

const nlohmann::json& JsonMembers::list(const char* name) const {
    const nlohmann::json& value = at(name);
    if (!value.is_array()) fail(name, "a list", describe(value));
    return value;
}

std::vector<std::string> JsonMembers::texts(const char* name) const {
    std::vector<std::string> texts;
    for (const nlohmann::json& entry : list(name)) {
        if (!entry.is_string()) fail(name, "a list of texts", describe(entry));
        texts.push_back(entry.get<std::string>());
    }
    return texts;
}

std::vector<std::string> JsonMembers::texts(const char* name, std::vector<std::string> fallback) const {
    return find(name) ? texts(name) : std::move(fallback);
}

std::string JsonMembers::path(const char* name) const {
    return where_.empty() ? name : where_ + "." + name;
}

void JsonMembers::fail(const char* name, std::string expected, std::string got) const {
    input_error(subject_, std::move(expected), std::move(got), path(name));
}

} // namespace attnscope
