#include "cli/process_guards.h"

#include <attnscope/failure.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include <unistd.h>

namespace attnscope::cli {
namespace {

void write_error(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

int report_current_exception() noexcept {
    try {
        const Error error = current_failure("program");
        write_error(error.what());
        write_error("\n");
        return exit_status(error.kind);
    } catch (...) {
        return report_no_memory();
    }
}

/// An exception that nobody catches: thrown by a destructor, a noexcept function, an initialiser of a library, or a
/// thread.
[[noreturn]] void end_with_exception() {
    // The first of several threads says what it was, and ends the others.
    static std::atomic_flag ending;
    while (ending.test_and_set()) pause();
    int status = exit_status(ErrorKind::internal);
    if (const std::exception_ptr exception = std::current_exception()) {
        try {
            std::rethrow_exception(exception);
        } catch (const Cancelled&) {
            write_error("cancelled\n");
            status = 130;
        } catch (...) {
            status = report_current_exception();
        }
    } else {
        write_error("program: ended without an exception\n");
    }
    _exit(status);
}

/// The program ends through _Exit alone. A library that calls exit() could not go on: OpenMP without memory or threads,
/// X without its server.
void end_for_library(int status, void*) {
    if (status != 0) _exit(exit_status(ErrorKind::resource));
}

} // namespace

void install_process_guards() {
    std::signal(SIGXFSZ, SIG_IGN);
    std::set_terminate(end_with_exception);
    on_exit(end_for_library, nullptr);
}

int report_no_memory() noexcept {
    write_error("memory: expected enough for the computation, got none left\n");
    return exit_status(ErrorKind::resource);
}

} // namespace attnscope::cli
