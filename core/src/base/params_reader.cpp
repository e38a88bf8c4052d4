#include "base/params_reader.h"

#include <cmath>
#include <limits>

namespace attnscope {

namespace {
constexpr const char* infinity_text = "inf";
} // namespace

void ParamsReader::number_or_none(const char* name, int& value) const {
    number(name, value, {-1, std::numeric_limits<int>::max()});
}

void ParamsReader::number_or_infinity(const char* name, double& value) const {
    const auto field = params_.find(name);
    if (field != params_.end() && *field == infinity_text)
        value = std::numeric_limits<double>::infinity();
    else
        number(name, value);
}

void ParamsReader::flag(const char* name, bool& value) const {
    if (const Json* const field = find(name, &Json::is_boolean, "true or false")) value = field->get<bool>();
}

void ParamsReader::text(const char* name, std::string& value) const {
    if (const Json* const field = find(name, &Json::is_string, "a text")) value = field->get<std::string>();
}

void ParamsReader::pairs(const char* name, std::vector<std::pair<int, int>>& values) const {
    std::vector<Json> lists;
    each(name, &Json::is_array, "a list of layers and heads", lists);
    for (const Json& list : lists) {
        const auto at = [&](std::size_t i) { return number_in<int>(list[i], Range<int>{0}); };
        if (list.size() != 2 || !at(0) || !at(1)) fail("a layer and a head each", one_line(list), name);
        values.emplace_back(*at(0), *at(1));
    }
}

const Json* ParamsReader::object(const char* name) const {
    return find(name, &Json::is_object, "an object");
}

void ParamsReader::fail(const std::string& expected, const std::string& got, const std::string& name) {
    throw Error(ErrorKind::input, "recipe", expected, got, "params." + name);
}

const Json* ParamsReader::find(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected) const {
    const auto field = params_.find(name);
    if (field == params_.end()) return nullptr;
    if (!((*field).*is_kind)()) fail(expected, field->type_name(), name);
    return &*field;
}

Json number_or_infinity(double value) {
    return std::isinf(value) ? Json(infinity_text) : Json(value);
}

} // namespace attnscope
