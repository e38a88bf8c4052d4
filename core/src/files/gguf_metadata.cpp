#include "files/gguf.h"

#include "base/input_error.h"

#include <cmath>

namespace attnscope {
namespace {

using Value = GgufMetadata::Value;

std::string describe(const Value& value) {
    struct Describe {
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(double number) const { return std::to_string(number); }
        std::string operator()(const std::string& text) const { return "'" + excerpt(text) + "'"; }
        std::string operator()(const std::vector<std::int64_t>&) const { return "a list of integers"; }
        std::string operator()(const std::vector<double>&) const { return "a list of numbers"; }
        std::string operator()(const std::vector<std::string>&) const { return "a list of texts"; }
    };
    return std::visit(Describe{}, value);
}

} // namespace

const Value* GgufMetadata::find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
}

bool GgufMetadata::flag(std::string_view key, bool fallback) const {
    const Value* const value = find(key);
    if (!value) return fallback;
    if (const bool* const flag = std::get_if<bool>(value)) return *flag;
    fail(key, "true or false", describe(*value));
}

std::int64_t GgufMetadata::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
    const std::string expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    const Value* const value = find(key);
    if (!value) fail(key, expected, "none");
    const auto* const number = std::get_if<std::int64_t>(value);
    if (!number || *number < least || *number > most) fail(key, expected, describe(*value));
    return *number;
}

std::int64_t GgufMetadata::integer(std::string_view key, std::int64_t least, std::int64_t most,
                                   std::int64_t fallback) const {
    return contains(key) ? integer(key, least, most) : fallback;
}

double GgufMetadata::number(std::string_view key, double fallback) const {
    const Value* const value = find(key);
    if (!value) return fallback;
    if (const auto* const integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
    const double* const number = std::get_if<double>(value);
    if (!number || !std::isfinite(*number)) fail(key, "a number", describe(*value));
    return *number;
}

std::string GgufMetadata::text(std::string_view key) const {
    const Value* const value = find(key);
    if (!value) fail(key, "a text", "none");
    const auto* const text = std::get_if<std::string>(value);
    if (!text) fail(key, "a text", describe(*value));
    return *text;
}

std::string GgufMetadata::text(std::string_view key, std::string fallback) const {
    return contains(key) ? text(key) : std::move(fallback);
}

std::span<const std::int64_t> GgufMetadata::integers(std::string_view key) const {
    const Value* const value = find(key);
    if (!value) return {};
    if (const auto* const list = std::get_if<std::vector<std::int64_t>>(value)) return *list;
    fail(key, "a list of integers", describe(*value));
}

std::span<const double> GgufMetadata::numbers(std::string_view key) const {
    const Value* const value = find(key);
    if (!value) return {};
    if (const auto* const list = std::get_if<std::vector<double>>(value)) return *list;
    fail(key, "a list of numbers", describe(*value));
}

std::span<const std::string> GgufMetadata::texts(std::string_view key) const {
    const Value* const value = find(key);
    if (!value) return {};
    if (const auto* const list = std::get_if<std::vector<std::string>>(value)) return *list;
    fail(key, "a list of texts", describe(*value));
}

void GgufMetadata::fail(std::string_view key, std::string expected, std::string got) const {
    input_error(subject_, std::move(expected), std::move(got), std::string(key));
}

} // namespace attnscope
