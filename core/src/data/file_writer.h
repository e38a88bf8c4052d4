// Writing a file so that it is there whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace attnscope {

/// Collects a file in a temporary beside its destination. commit() flushes it to the disk and renames it; without a
/// commit the temporary disappears and the destination stays as it was. A destination that is a device or a pipe is
/// written directly. Every member throws Error{resource} naming the destination.
class FileWriter {
public:
    explicit FileWriter(std::filesystem::path path);
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
    void commit();

private:
    [[noreturn]] void fail(const char* expected, int code) const;

    std::filesystem::path path_;   // as the user named it
    std::filesystem::path target_; // behind a symbolic link
    std::string temporary_;        // empty when written directly
    int descriptor_ = -1;
};

} // namespace attnscope
