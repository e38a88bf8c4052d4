// Writing a file so that it is there whole or not at all.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attnscope {

/// Collects a file under no name, or in a temporary beside its destination where the file system has no files without
/// one. commit() flushes it to the disk and gives it its name; without a commit, and however the program ends, the
/// destination stays as it was. A destination that is a device or a pipe is written directly. Every member throws
/// Error{resource} naming the destination.
class FileWriter {
public:
    explicit FileWriter(std::filesystem::path path);
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
    /// Everything written is on the disk: what is left is to give the file its name. Nothing is written afterwards.
    void flush();
    void commit();
    /// As commit(), without waiting for the disk: after a loss of power the file may be empty. For what may be lost.
    void commit_unflushed() {
        flushed_ = true;
        commit();
    }

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    [[noreturn]] void fail(const char* expected, int code) const;
    void open_temporary();
    bool link_temporary();

    std::filesystem::path path_;   // as the user named it
    std::filesystem::path target_; // behind a symbolic link
    std::string temporary_;        // empty while the file has no name
    bool direct_ = false;          // a device or a pipe
    bool exists_ = false;          // the destination, when it was opened
    bool flushed_ = false;
    int descriptor_ = -1;
};

/// Files that belong together: every one is on the disk before the first takes its name, so a disk that fills up leaves
/// none of them.
class FileSet {
public:
    FileWriter& add(std::filesystem::path path) { return files_.emplace_back(std::move(path)); }
    void add(std::filesystem::path path, std::string_view bytes) { add(std::move(path)).write(bytes); }
    /// Everything is on the disk; see FileWriter::flush().
    void flush();
    void commit();
    const std::deque<FileWriter>& files() const noexcept { return files_; }

private:
    std::deque<FileWriter> files_;
};

/// A folder and those above it, made where they are missing. What was made, and is still empty, goes again unless
/// keep() is called. Throws Error{resource}.
class NewFolder {
public:
    explicit NewFolder(const std::filesystem::path& folder);
    ~NewFolder();
    NewFolder(const NewFolder&) = delete;
    NewFolder& operator=(const NewFolder&) = delete;
    void keep() noexcept { made_.clear(); }

private:
    void remove() noexcept;
    std::vector<std::filesystem::path> made_; // outermost first
};

/// Throws what writing `path` would begin with: Error{resource} where its folder is missing or cannot be written, it is
/// a folder itself, or its owner protected it. Leaves nothing behind, and does not open devices and pipes.
void check_can_write(const std::filesystem::path& path);
/// The same of a folder that files will be written into; it need not be there yet.
void check_can_write_into(const std::filesystem::path& folder);

} // namespace attnscope
