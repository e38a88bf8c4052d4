// The parameters of a recipe, read one by one: one that is missing keeps its default, a wrong one is named.
#pragma once

#include "io/json_text.h"

#include <attnscope/error.h>

#include <cstddef>
#include <string>
#include <vector>

namespace attnscope {

class ParamsReader {
public:
    /// Keeps a reference to `params`, an object.
    explicit ParamsReader(const Json& params) : params_(params) {}

    void number(const char* name, double& value) const;
    void number(const char* name, int& value) const;
    void number(const char* name, std::size_t& value) const;
    /// A number, or the text "inf".
    void number_or_infinity(const char* name, double& value) const;
    void flag(const char* name, bool& value) const;
    void text(const char* name, std::string& value) const;
    void numbers(const char* name, std::vector<double>& values) const;
    template <class Value>
    void each(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected,
              std::vector<Value>& values) const {
        const Json* const field = find(name, &Json::is_array, expected);
        if (!field)
            return;
        values.clear();
        for (const Json& entry : *field) {
            if (!(entry.*is_kind)())
                fail(expected, entry.type_name(), name);
            values.push_back(entry.get<Value>());
        }
    }
    const Json* object(const char* name) const;

    [[noreturn]] static void fail(const std::string& expected, const std::string& got, const std::string& name);

private:
    const Json* find(const char* name, bool (Json::*is_kind)() const noexcept, const char* expected) const;

    const Json& params_;
};

/// Texts of parameters that the command line knows too: what it would refuse as usage is here a damaged recipe.
template <class Parse>
auto parse_text(const char* name, const std::string& text, const Parse& parse) {
    try {
        return parse(text);
    } catch (const Error& error) {
        ParamsReader::fail(error.expected, text, name);
    }
}

/// What number_or_infinity() reads.
Json number_or_infinity(double value);

} // namespace attnscope
