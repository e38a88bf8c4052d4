// The parameters of a recipe, read one by one: one that is missing keeps its default, a wrong one is named.
#pragma once

#include "base/json_number.h"
#include "base/json_text.h"

#include <attnscope/error.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

class ParamsReader {
public:
    /// Keeps a reference to `params`, an object.
    explicit ParamsReader(const Json& params) : params_(params) {}

    /// A number of the range; of a whole type from 0 on where no range is given.
    template <class Number>
    void number(const char* name, Number& value, Range<Number> range = from_zero<Number>()) const {
        const auto field = params_.find(name);
        if (field != params_.end()) value = checked(*field, name, range);
    }
    void flag(const char* name, bool& value) const;
    void text(const char* name, std::string& value) const;
    template <class Number>
    void numbers(const char* name, std::vector<Number>& values, Range<Number> range = from_zero<Number>()) const {
        const Json* const field = find(name, &Json::is_array, "a list of numbers");
        if (!field) return;
        values.clear();
        for (const Json& entry : *field) values.push_back(checked(entry, name, range));
    }
    template <class Value>
    void each(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected,
              std::vector<Value>& values) const {
        const Json* const field = find(name, &Json::is_array, expected);
        if (!field) return;
        values.clear();
        for (const Json& entry : *field) {
            if (!(entry.*is_kind)()) fail(expected, entry.type_name(), name);
            values.push_back(entry.get<Value>());
        }
    }
    const Json* object(const char* name) const;

    [[noreturn]] static void fail(const std::string& expected, const std::string& got, const std::string& name);

private:
    template <class Number>
    static constexpr Range<Number> from_zero() {
        return std::integral<Number> ? Range<Number>{0} : Range<Number>{};
    }
    template <class Number>
    static Number checked(const Json& value, const char* name, Range<Number> range) {
        const auto number = number_in(value, range);
        if (!number) fail(describe_range(range), value.is_structured() ? value.type_name() : one_line(value), name);
        return *number;
    }
    const Json* find(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected) const;

    const Json& params_;
};

} // namespace attnscope
