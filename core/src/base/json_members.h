// Members of JSON objects that come from strangers, read one by one: every wrong one is named with its place.
#pragma once

#include "base/json_number.h"

#include <attnscope/error.h>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

/// Short description of a value for «got …»: its type, or the value itself when it is short.
std::string describe(const nlohmann::json& value);

/// The members of one JSON object. Members that are absent or null count as missing: they take the fallback where one
/// is given, else they throw. All errors are Error{input} with `subject` and the member's path.
class JsonMembers {
public:
    /// Throws when `object` is no JSON object. Keeps a reference to it.
    JsonMembers(const nlohmann::json& object, std::string subject, std::string where = {});

    const nlohmann::json* find(const char* name) const; ///< null when missing
    const nlohmann::json& at(const char* name) const;
    JsonMembers object(const char* name) const;
    std::optional<JsonMembers> find_object(const char* name) const; ///< none when missing

    bool flag(const char* name, bool fallback) const;
    std::string text(const char* name) const;
    std::string text(const char* name, std::string fallback) const;
    std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) const;
    std::int64_t integer(const char* name, std::int64_t least, std::int64_t most, std::int64_t fallback) const;
    double number(const char* name, double fallback) const; ///< finite

    /// A number of the type itself: nothing that it does not hold is ever narrowed to it.
    template <class Number>
    Number value(const char* name, Range<Number> range = {}) const {
        return checked(at(name), name, range);
    }
    template <class Number>
    Number value_or(const char* name, Number fallback, Range<Number> range = {}) const {
        const nlohmann::json* const found = find(name);
        return found ? checked(*found, name, range) : fallback;
    }
    /// A list of such numbers.
    template <class Number>
    std::vector<Number> values(const char* name, Range<Number> range = {}) const {
        std::vector<Number> numbers;
        for (const nlohmann::json& entry : list(name)) numbers.push_back(checked(entry, name, range));
        return numbers;
    }
    template <class Number>
    std::vector<Number> values_or(const char* name, std::vector<Number> fallback, Range<Number> range = {}) const {
        return find(name) ? values<Number>(name, range) : std::move(fallback);
    }
    std::vector<std::string> texts(const char* name) const;
    std::vector<std::string> texts(const char* name, std::vector<std::string> fallback) const;
    const nlohmann::json& list(const char* name) const; ///< an array

    /// A text that `parse` knows; what it refuses, as an argument of the command line would be, is a wrong member here.
    template <class Parse>
    auto named(const char* name, const char* fallback, const Parse& parse) const -> decltype(parse(std::string())) {
        const std::string given = text(name, std::string(fallback));
        try {
            return parse(given);
        } catch (const Error& error) {
            fail(name, error.expected, describe(nlohmann::json(given)));
        }
    }

    const std::string& subject() const noexcept { return subject_; }
    std::string path(const char* name) const; ///< of a member, from the document's root: model.vocab
    [[noreturn]] void fail(const char* name, std::string expected, std::string got) const;

private:
    template <class Number>
    Number checked(const nlohmann::json& value, const char* name, Range<Number> range) const {
        const std::optional<Number> number = number_in<Number>(value, range);
        if (!number) fail(name, describe_range(range), describe(value));
        return *number;
    }

    const nlohmann::json& object_;
    std::string subject_, where_;
};

} // namespace attnscope
