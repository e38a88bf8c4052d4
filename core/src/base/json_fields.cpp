#include "base/json_fields.h"

#include "base/json_number.h"

#include <attnscope/error.h>

#include <limits>

namespace attnscope {

void JsonFields::fail(const std::string& expected, const std::string& got, const std::string& name) const {
    throw Error(ErrorKind::input, subject_, expected, got, where_.empty() ? name : where_ + "." + name);
}

const Json& JsonFields::field(const Json& object, const char* name) const {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (!object.is_object() || found == object.end()) fail("a value", "none", name);
    return *found;
}

const Json& JsonFields::list(const Json& object, const char* name, std::size_t most) const {
    const Json& value = field(object, name);
    if (!value.is_array() || value.size() > most)
        fail("a list of at most " + std::to_string(most),
             value.is_array() ? std::to_string(value.size()) : value.type_name(), name);
    return value;
}

int JsonFields::whole(const Json& object, const char* name, int least, int most) const {
    const Json& value = field(object, name);
    const auto number = number_in<int>(value, {least, most});
    if (!number) fail(std::to_string(least) + " to " + std::to_string(most), one_line(value), name);
    return *number;
}

std::string JsonFields::text(const Json& object, const char* name) const {
    const Json& value = field(object, name);
    if (!value.is_string()) fail("a text", value.type_name(), name);
    return value.get<std::string>();
}

double JsonFields::number(const Json& value, const std::string& name) const {
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!value.is_number()) fail("a number or null", value.type_name(), name);
    return value.get<double>();
}

std::vector<double> JsonFields::numbers(const Json& list, const std::string& name) const {
    if (!list.is_array()) fail("a list", list.type_name(), name);
    std::vector<double> values;
    for (const Json& value : list) values.push_back(number(value, name));
    return values;
}

} // namespace attnscope
