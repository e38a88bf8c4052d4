// The folder of golden inputs and results, where there is one.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace attnscope::test {

/// Why a test is skipped where golden_folder() is empty.
inline constexpr const char* without_golden = "ATTNSCOPE_GOLDEN is not set";

/// Empty when ATTNSCOPE_GOLDEN is not set: the test is then skipped.
inline std::filesystem::path golden_folder() {
    const char* folder = std::getenv("ATTNSCOPE_GOLDEN");
    return folder != nullptr ? folder : "";
}

} // namespace attnscope::test
