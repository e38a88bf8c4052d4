// Names of the values of an enumeration, written once beside it: on the command line, in files and in the window a
// choice is called the same.
//
//   enum class Calibration { heldout, leading };
//   constexpr auto choices_of(Calibration) {
//       return std::array{Choice{Calibration::heldout, "heldout"}, Choice{Calibration::leading, "leading"}};
//   }
#pragma once

#include <attnscope/error.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace attnscope {

template <class Value>
struct Choice {
    Value value;
    const char* name;
};

/// An enumeration with choices_of().
template <class Value>
concept Chosen = requires(Value value) {
    choices_of(value).begin();
};

template <Chosen Value>
constexpr const char* choice_name(Value value) noexcept {
    for (const auto& choice : choices_of(value))
        if (choice.value == value) return choice.name;
    return "";
}

template <Chosen Value>
constexpr std::optional<Value> find_choice(std::string_view name) noexcept {
    for (const auto& choice : choices_of(Value{}))
        if (name == choice.name) return choice.value;
    return std::nullopt;
}

/// «heldout, leading», with any text between the names.
template <Chosen Value>
std::string choice_list(const char* between = ", ") {
    std::string list;
    for (const auto& choice : choices_of(Value{})) list += (list.empty() ? "" : between) + std::string(choice.name);
    return list;
}

/// Throws Error{usage} with `subject` for a name that is none of them.
template <Chosen Value>
Value parse_choice(const char* subject, std::string_view name) {
    if (const auto value = find_choice<Value>(name)) return *value;
    throw Error(ErrorKind::usage, subject, "one of " + choice_list<Value>(), std::string(name));
}

} // namespace attnscope
