// JSON as this program reads and writes it: keys in the order they were put, numbers that read back as the same double,
// null for what could not be computed.
#pragma once

#include "base/json_reader.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace attnscope {

using Json = nlohmann::ordered_json;

/// One line. Text that is no UTF-8 is shown with replacement characters rather than refused.
std::string one_line(const Json& json);

/// For people: containers of plain values on one line, others broken and indented.
std::string readable(const Json& json);

/// The double whose shortest text is that of the float, so that 0.1f is written as 0.1.
double as_written(float value);

/// null for what is not finite, as it could not be computed.
Json number(double value);
/// The same, written as as_written() has it.
Json number(float value);

template <class Value>
Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

} // namespace attnscope
