// Failures as values of one type. The world fails with an `Error`; a bug in the program fails an assertion.
//
// An Error is thrown where it is found and handled once: at the job boundary, where it becomes the state of a slot,
// or in the command line's main, where it becomes one line and an exit status.
#pragma once

#include <exception>
#include <string>

namespace attnscope {

/// What kind of thing went wrong; decides the exit status of the command line.
enum class ErrorKind {
    usage,    ///< the request itself is wrong (exit 2)
    input,    ///< a file or a value in it cannot be used (exit 3)
    resource, ///< device, memory or disk did not suffice (exit 4)
    internal, ///< a bug (exit 70)
};

/// A failure: «subject: expected …, got … (where)». `subject` names the file or parameter, `where` the place in it
/// (tensor, row, byte). Any part but the subject may be empty.
struct Error : std::exception {
    ErrorKind kind = ErrorKind::internal;
    std::string subject, expected, got, where;

    Error(ErrorKind kind, std::string subject, std::string expected, std::string got, std::string where = {});

    /// One line without a line break, whatever the parts contain.
    const char* what() const noexcept override { return line_.c_str(); }

private:
    std::string line_;
};

/// Exit status of the command line for a kind of error: 2, 3, 4 or 70.
int exit_status(ErrorKind kind) noexcept;

/// Thrown by JobContext::checkpoint() when its job was cancelled. Deliberately no std::exception: a cancel is never
/// shown as an error and no handler of errors may swallow it.
struct Cancelled {};

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

} // namespace attnscope

/// States what must hold unless the program has a bug; throws Error{internal}.
#define ATTNSCOPE_ASSERT(expression)                                                                                   \
    ((expression) ? static_cast<void>(0) : ::attnscope::assertion_failed(#expression, __FILE__, __LINE__))
