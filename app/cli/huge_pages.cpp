#include "cli/huge_pages.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace attnscope::cli {
namespace {

constexpr const char* variable = "GLIBC_TUNABLES";
constexpr const char* tunables = "glibc.malloc.hugetlb=1";
bool asked = false;

} // namespace

void forget_huge_pages() noexcept {
    const char* const set = std::getenv(variable);
    asked = set != nullptr;
    if (asked && std::string_view(set) == tunables) unsetenv(variable);
}

void ask_for_huge_pages([[maybe_unused]] char** argv) noexcept {
#ifdef __GLIBC__
    if (asked) return;
    // By its path, since the system names a process after the file it was started from.
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0) return;
    // An emulator or a tool that runs the program is not to be started in its place.
    const auto name = [](std::string_view file) { return file.substr(file.find_last_of('/') + 1); };
    if (argv[0] == nullptr || name(path.data()) != name(argv[0])) return;
    if (setenv(variable, tunables, 1) != 0) return;
    execv(path.data(), argv);
    unsetenv(variable);
#endif
}

} // namespace attnscope::cli
