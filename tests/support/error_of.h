// What a call fails with, as a value a test can look at.
#pragma once

#include <attnscope/error.h>

#include <optional>
#include <string>

namespace attnscope::test {

template <class Call>
std::optional<Error> error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

/// The line of the error; "no error" without one.
template <class Call>
std::string message_of(Call call) {
    const auto error = error_of(call);
    return error ? error->what() : "no error";
}

} // namespace attnscope::test
