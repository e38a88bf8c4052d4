// What this process holds of the machine, from /proc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace attnscope::test {

struct Resources {
    std::size_t resident = 0; ///< bytes
    std::size_t descriptors = 0, threads = 0;
};

inline std::size_t entries(const char* folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

inline Resources resources() {
    Resources now;
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    now.resident = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    now.descriptors = entries("/proc/self/fd");
    now.threads = entries("/proc/self/task");
    return now;
}

/// Mappings and descriptors of files inside `folder`.
inline std::size_t held_files(const std::filesystem::path& folder) {
    std::size_t count = 0;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) count += line.find(folder.string() + "/") != std::string::npos;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code closed;
        count += std::filesystem::read_symlink(entry.path(), closed).string().starts_with(folder.string() + "/");
    }
    return count;
}

} // namespace attnscope::test
