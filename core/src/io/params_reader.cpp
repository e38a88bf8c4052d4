#include "io/params_reader.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace attnscope {

namespace {
constexpr const char* infinity_text = "inf";
} // namespace

void ParamsReader::number(const char* name, double& value) const {
    if (const Json* const field = find(name, &Json::is_number, "a number"))
        value = field->get<double>();
}

void ParamsReader::number(const char* name, int& value) const {
    if (const Json* const field = find(name, &Json::is_number_integer, "a whole number")) {
        const auto wide = field->get<std::int64_t>();
        if (wide < 0 || wide > std::numeric_limits<int>::max())
            fail("a whole number", std::to_string(wide), name);
        value = static_cast<int>(wide);
    }
}

void ParamsReader::number(const char* name, std::size_t& value) const {
    if (const Json* const field = find(name, &Json::is_number_unsigned, "a whole number"))
        value = field->get<std::size_t>();
}

void ParamsReader::number_or_infinity(const char* name, double& value) const {
    const auto field = params_.find(name);
    if (field != params_.end() && *field == infinity_text)
        value = std::numeric_limits<double>::infinity();
    else
        number(name, value);
}

void ParamsReader::flag(const char* name, bool& value) const {
    if (const Json* const field = find(name, &Json::is_boolean, "true or false"))
        value = field->get<bool>();
}

void ParamsReader::text(const char* name, std::string& value) const {
    if (const Json* const field = find(name, &Json::is_string, "a text"))
        value = field->get<std::string>();
}

void ParamsReader::numbers(const char* name, std::vector<double>& values) const {
    each(name, &Json::is_number, "a list of numbers", values);
}

const Json* ParamsReader::object(const char* name) const {
    return find(name, &Json::is_object, "an object");
}

void ParamsReader::fail(const std::string& expected, const std::string& got, const std::string& name) {
    throw Error(ErrorKind::input, "recipe", expected, got, "params." + name);
}

const Json* ParamsReader::find(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected) const {
    const auto field = params_.find(name);
    if (field == params_.end())
        return nullptr;
    if (!((*field).*is_kind)())
        fail(expected, field->type_name(), name);
    return &*field;
}

Json number_or_infinity(double value) {
    return std::isinf(value) ? Json(infinity_text) : Json(value);
}

} // namespace attnscope
