#include <attnscope/failure.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <system_error>

namespace attnscope {
namespace {

/// LibTorch and the libraries in it say only in words that there was no memory.
constexpr std::array lack_of_memory{"allocate memory",
                                    "out of memory",
                                    "not enough memory",
                                    "could not create a memory",
                                    "could not create a primitive",
                                    "could not execute a primitive"};

bool is_lack_of_memory(const std::exception& exception) {
    const std::string_view said = exception.what();
    return std::any_of(lack_of_memory.begin(), lack_of_memory.end(),
                       [said](const char* words) { return said.find(words) != std::string_view::npos; });
}

bool is_lack(const std::error_code& code) {
    return code == std::errc::not_enough_memory || code == std::errc::resource_unavailable_try_again ||
           code == std::errc::no_space_on_device || code == std::errc::too_many_files_open;
}

Error no_memory(const std::string& subject) {
    return Error(ErrorKind::resource, subject, "enough memory", "none left");
}

} // namespace

Error current_failure(const std::string& subject) {
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return no_memory(subject);
    } catch (const std::system_error& failure) { // a thread that cannot start, among others
        return Error(is_lack(failure.code()) ? ErrorKind::resource : ErrorKind::internal, subject, "", failure.what());
    } catch (const std::exception& exception) {
        if (is_lack_of_memory(exception)) return no_memory(subject);
        return Error(ErrorKind::internal, subject, "", exception.what());
    } catch (...) {
        return Error(ErrorKind::internal, subject, "", "an exception of unknown type");
    }
}

std::optional<Error> failure_of(const std::string& subject, const std::function<void()>& action) {
    try {
        action();
    } catch (const Cancelled&) {
        return std::nullopt; // whoever cancelled knows
    } catch (...) {
        return current_failure(subject);
    }
    return std::nullopt;
}

} // namespace attnscope
