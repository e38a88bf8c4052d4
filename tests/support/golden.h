// The folder of golden inputs and results, where there is one.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace attnscope::test {

/// Empty, and says so, when ATTNSCOPE_GOLDEN is not set: the test then returns at once.
inline std::filesystem::path golden_folder() {
    const char* folder = std::getenv("ATTNSCOPE_GOLDEN");
    if (folder != nullptr && *folder != '\0')
        return folder;
    std::printf("ATTNSCOPE_GOLDEN is not set: nothing compared\n");
    return {};
}

} // namespace attnscope::test
