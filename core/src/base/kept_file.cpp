#include "base/kept_file.h"

namespace attnscope {
namespace {

std::filesystem::path record_of(std::filesystem::path path) {
    return path += ".sha256";
}

std::string record_text(const std::filesystem::path& path, const std::string& key, const BytesDone& between = {}) {
    return sha256_file(path, between) + "  " + key + "\n";
}

} // namespace

bool is_kept(const std::filesystem::path& path, const std::string& key, const BytesDone& between) {
    constexpr std::size_t longest_record = 4096;
    std::error_code failure;
    if (!std::filesystem::exists(path, failure) || !std::filesystem::exists(record_of(path), failure)) return false;
    try {
        return read_file(record_of(path), longest_record) == record_text(path, key, between);
    } catch (const Error&) {
        return false;
    }
}

void keep_file(const std::filesystem::path& path, const std::string& key) {
    write_file(record_of(path), record_text(path, key));
}

} // namespace attnscope
