// Numbers out of JSON, checked before they are narrowed: 4294967306 is no int and 1e39 no float.
#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace attnscope {

template <class Number>
struct Range {
    Number least = std::numeric_limits<Number>::lowest();
    Number most = std::numeric_limits<Number>::max();
};

/// Every number of the type above zero.
template <std::floating_point Number>
inline constexpr Range<Number> above_zero{std::numeric_limits<Number>::denorm_min()};

/// The number, where the value is one, is whole for a whole type, is finite, and lies in the range; else nothing.
template <class Number, class JsonType>
requires std::integral<Number> || std::floating_point<Number> std::optional<Number>
number_in(const JsonType& value, Range<Number> range = {}) {
    if constexpr (std::integral<Number>) {
        const auto fits = [&range](auto wide) {
            return std::cmp_greater_equal(wide, range.least) && std::cmp_less_equal(wide, range.most);
        };
        if (value.is_number_unsigned()) {
            const auto wide = value.template get<std::uint64_t>();
            return fits(wide) ? std::optional(static_cast<Number>(wide)) : std::nullopt;
        }
        if (value.is_number_integer()) {
            const auto wide = value.template get<std::int64_t>();
            return fits(wide) ? std::optional(static_cast<Number>(wide)) : std::nullopt;
        }
        return std::nullopt;
    } else {
        const double wide = value.is_number() ? value.template get<double>() : std::numeric_limits<double>::quiet_NaN();
        if (!std::isfinite(wide) || wide < double{range.least} || wide > double{range.most}) return std::nullopt;
        return static_cast<Number>(wide);
    }
}

/// «an integer from 1 to 10», as a message asks for it; ends that are those of the type are left out where the
/// reader of the message could not know them.
template <class Number>
std::string describe_range(Range<Number> range) {
    using Limits = std::numeric_limits<Number>;
    const auto text = [](Number number) {
        std::ostringstream out;
        out << number;
        return out.str();
    };
    const char* const kind = std::integral<Number> ? "an integer" : "a number";
    if (std::floating_point<Number> && range.least == Limits::lowest() && range.most == Limits::max()) return kind;
    if (std::floating_point<Number> && range.least == Limits::denorm_min() && range.most == Limits::max())
        return std::string(kind) + " above 0";
    if (std::floating_point<Number> && range.most == Limits::max()) return kind + (" from " + text(range.least));
    return kind + (" from " + text(range.least)) + " to " + text(range.most);
}

} // namespace attnscope
