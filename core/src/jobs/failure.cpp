#include <attnscope/failure.h>

#include <new>

namespace attnscope {

Error current_failure(const std::string& subject) {
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return Error(ErrorKind::resource, subject, "enough memory", "none left");
    } catch (const std::exception& exception) {
        return Error(ErrorKind::internal, subject, "", exception.what());
    } catch (...) {
        return Error(ErrorKind::internal, subject, "", "an exception of unknown type");
    }
}

std::optional<Error> failure_of(const std::string& subject, const std::function<void()>& action) {
    try {
        action();
    } catch (const Cancelled&) {
        return std::nullopt;  // whoever cancelled knows
    } catch (...) {
        return current_failure(subject);
    }
    return std::nullopt;
}

}  // namespace attnscope
