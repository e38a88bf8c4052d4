// What escapes a piece of work, as an Error: the one place that knows which exceptions there are.
#pragma once

#include <attnscope/error.h>

#include <functional>
#include <optional>
#include <string>

namespace attnscope {

/// The exception that is being handled: an Error as it is, lack of memory, threads or disk as Error{resource}, anything
/// else as Error{internal}. `subject` names the work. Called in a catch block; Cancelled is no failure and has to be
/// caught before.
Error current_failure(const std::string& subject);

/// Runs `action`; the failure that escaped it, nothing when it came to its end or was cancelled.
std::optional<Error> failure_of(const std::string& subject, const std::function<void()>& action);

} // namespace attnscope
