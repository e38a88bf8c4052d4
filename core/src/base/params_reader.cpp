#include "base/params_reader.h"

namespace attnscope {

void ParamsReader::flag(const char* name, bool& value) const {
    if (const Json* const field = find(name, &Json::is_boolean, "true or false")) value = field->get<bool>();
}

void ParamsReader::text(const char* name, std::string& value) const {
    if (const Json* const field = find(name, &Json::is_string, "a text")) value = field->get<std::string>();
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

} // namespace attnscope
