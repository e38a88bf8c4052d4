#include "base/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number_in(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data() + first, text.data() + text.size(), value);
    return failure == std::errc{} ? std::optional(value) : std::nullopt;
}

/// The number a file begins with; none in a file that is missing or says "max".
std::optional<std::uint64_t> read_number(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    return std::getline(file, line) ? number_in(line) : std::nullopt;
}

/// The number behind `name` in a file of one name and number a line.
std::optional<std::uint64_t> read_field(const fs::path& path, std::string_view name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name) && line.size() > name.size() &&
            (line[name.size()] == ' ' || line[name.size()] == '\t'))
            return number_in(std::string_view(line).substr(name.size()));
    return std::nullopt;
}

/// Names of the files of one version of cgroups.
struct GroupFiles {
    std::initializer_list<const char*> limits;
    const char* usage;
    const char* reclaimable; // in memory.stat: pages of files, which make room when they must
};
const GroupFiles version_1{{"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"};
const GroupFiles version_2{{"memory.max", "memory.high"}, "memory.current", "inactive_file"};

/// What a group leaves to a process that holds `own` of it now.
std::uint64_t left_by_group(const fs::path& group, const GroupFiles& files, std::uint64_t own) {
    std::uint64_t limit = unlimited;
    for (const char* const name : files.limits) limit = std::min(limit, read_number(group / name).value_or(unlimited));
    if (limit == unlimited) return unlimited;
    const std::uint64_t used = read_number(group / files.usage).value_or(0);
    const std::uint64_t kept_by_others = own + read_field(group / "memory.stat", files.reclaimable).value_or(0);
    const std::uint64_t taken = used > kept_by_others ? used - kept_by_others : 0;
    return limit > taken ? limit - taken : 0;
}

/// The least of a group and those above it, up to the folder that the groups are mounted at.
std::uint64_t left_by_groups(const fs::path& mount, std::string_view group, const GroupFiles& files,
                             std::uint64_t own) {
    std::uint64_t least = unlimited;
    fs::path path = fs::path(group).relative_path();
    for (;;) {
        least = std::min(least, left_by_group(mount / path, files, own));
        if (path.empty()) return least;
        path = path.parent_path();
    }
}

std::uint64_t left_by_all_groups(const fs::path& root, std::uint64_t own) {
    std::uint64_t least = unlimited;
    std::ifstream file(root / "proc/self/cgroup");
    // HIERARCHY:CONTROLLERS:PATH; version 2 has no controllers.
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::string_view path = std::string_view(line).substr(second + 1);
        const fs::path mount = root / "sys/fs/cgroup";
        if (controllers == ",,") {
            least = std::min(least, left_by_groups(mount, path, version_2, own));
            least = std::min(least, left_by_groups(mount / "unified", path, version_2, own));
        } else if (controllers.find(",memory,") != std::string::npos) {
            least = std::min(least, left_by_groups(mount / "memory", path, version_1, own));
        }
    }
    return least;
}

/// Pages in a field of /proc/self/statm, counted from 0, as bytes.
std::uint64_t own_pages(const fs::path& root, int field) {
    std::ifstream file(root / "proc/self/statm");
    std::uint64_t pages = 0;
    for (int i = 0; i <= field; ++i)
        if (!(file >> pages)) return 0;
    const long size = sysconf(_SC_PAGESIZE);
    return size > 0 ? pages * static_cast<std::uint64_t>(size) : 0;
}

constexpr int field_size = 0, field_resident = 1, field_data = 5;

/// The soft limit, less `rest`: what counts against it without being data.
std::uint64_t left_by_rlimit(decltype(RLIMIT_AS) resource, std::uint64_t rest) {
    struct rlimit limit = {};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return unlimited;
    const auto bytes = static_cast<std::uint64_t>(limit.rlim_cur);
    return bytes > rest ? bytes - rest : 0;
}

} // namespace

std::uint64_t memory_limit_of_system(const fs::path& root) {
    constexpr std::uint64_t kibibyte = 1024;
    const std::uint64_t machine = read_field(root / "proc/meminfo", "MemTotal:").value_or(unlimited);
    const std::uint64_t of_machine = machine > unlimited / kibibyte ? unlimited : machine * kibibyte;
    return std::min(of_machine, left_by_all_groups(root, own_pages(root, field_resident)));
}

std::uint64_t memory_limit() {
    const std::uint64_t size = own_pages("/", field_size), data = own_pages("/", field_data);
    const std::uint64_t least = std::min({memory_limit_of_system("/"), left_by_rlimit(RLIMIT_DATA, 0),
                                          left_by_rlimit(RLIMIT_AS, size > data ? size - data : 0)});
    return least == unlimited ? 0 : least;
}

} // namespace attnscope
