#include "files/file_writer.h"

#include <attnscope/tensor_file.h>

#include "base/input_error.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attnscope {
namespace {

// The mode a newly created file would get. umask can only be read by setting it, which would race with other threads,
// so the process's status file is asked.
mode_t new_file_mode() {
    mode_t mask = 022;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr)
            if (std::strncmp(line, "Umask:", 6) == 0) mask = static_cast<mode_t>(std::strtoul(line + 6, nullptr, 8));
        std::fclose(status);
    }
    return 0666 & ~mask;
}

// The name itself is only durable once its folder is on the disk. Some file systems refuse; the file is then as safe as
// they allow.
void flush_folder(const std::filesystem::path& folder) noexcept {
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// The name under which a file that has none can be linked.
std::string descriptor_name(int descriptor) {
    return "/proc/self/fd/" + std::to_string(descriptor);
}

/// A file without a name in the folder: it is gone however the program ends. −1 where the file system has no such
/// files, or nothing could give it a name later.
int open_nameless(const std::filesystem::path& folder) {
    const int descriptor = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (descriptor < 0) return -1;
    if (access(descriptor_name(descriptor).c_str(), F_OK) == 0) return descriptor;
    close(descriptor);
    return -1;
}

} // namespace

FileWriter::FileWriter(std::filesystem::path path) : path_(std::move(path)), target_(path_) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(path_, ignored)) {
        const auto behind = std::filesystem::weakly_canonical(path_, ignored);
        if (!ignored) target_ = behind;
    }
    struct stat status = {};
    exists_ = stat(target_.c_str(), &status) == 0;
    if (exists_ && S_ISDIR(status.st_mode)) fail("a file to write", EISDIR);
    if (exists_ && !S_ISREG(status.st_mode)) {
        direct_ = true;
        descriptor_ = open(target_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) fail("a file to write", errno);
        return;
    }
    // A file its owner protected stays protected, though the folder would let it be replaced.
    if (exists_ && access(target_.c_str(), W_OK) != 0) fail("a file to write", errno);
    open_temporary();
    fchmod(descriptor_, exists_ ? status.st_mode & 07777 : new_file_mode());
}

void FileWriter::open_temporary() {
    const std::filesystem::path folder = folder_of(target_);
    descriptor_ = open_nameless(folder);
    if (descriptor_ >= 0) return;
    temporary_ = (folder / ("." + target_.filename().string() + ".XXXXXX")).string();
    descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
        const int code = errno;
        temporary_.clear();
        fail("a folder to write into", code);
    }
}

FileWriter::~FileWriter() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!temporary_.empty()) unlink(temporary_.c_str());
}

void FileWriter::fail(const char* expected, int code) const {
    throw Error(ErrorKind::resource, path_.string(), expected, std::strerror(code));
}

void FileWriter::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), 1 << 30));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("room for the file", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void FileWriter::flush() {
    // A pipe has nothing to flush and says so.
    if (!flushed_ && fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) fail("room for the file", errno);
    flushed_ = true;
}

/// Gives the file its own name where that is free, else one beside it. Whether it has its own.
bool FileWriter::link_temporary() {
    const std::string nameless = descriptor_name(descriptor_);
    const auto link_as = [&](const char* name) {
        return linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
    };
    if (!exists_ && link_as(target_.c_str())) return true;
    const std::string beside = (folder_of(target_) / ("." + target_.filename().string() + ".")).string();
    constexpr int tries = 100; // names of others can only be met by chance
    for (int i = 0; i < tries; ++i) {
        std::uint32_t number = 0;
        if (getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<std::uint32_t>(i);
        const std::string name = beside + std::to_string(number);
        if (link_as(name.c_str())) {
            temporary_ = name;
            return false;
        }
        if (errno != EEXIST) break;
    }
    fail("a folder to write into", errno);
}

void FileWriter::commit() {
    flush();
    const bool named = !direct_ && temporary_.empty() && link_temporary();
    const int closed = close(descriptor_);
    descriptor_ = -1;
    if (closed != 0 && errno != EINTR) fail("room for the file", errno);
    if (direct_) return;
    if (!named) {
        if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("a file to write", errno);
        temporary_.clear();
    }
    flush_folder(folder_of(target_));
}

void FileSet::flush() {
    for (FileWriter& file : files_) file.flush();
}

void FileSet::commit() {
    flush();
    for (FileWriter& file : files_) file.commit();
}

NewFolder::NewFolder(const std::filesystem::path& folder) {
    std::error_code failure;
    std::vector<std::filesystem::path> missing;
    for (auto at = folder; !at.empty() && !std::filesystem::exists(at, failure); at = at.parent_path()) {
        if (at.has_filename()) missing.push_back(at);
        if (at == at.parent_path()) break;
    }
    for (; !missing.empty(); missing.pop_back()) {
        if (std::filesystem::create_directory(missing.back(), failure)) made_.push_back(missing.back());
        if (failure) break;
    }
    std::error_code ignored;
    if (failure || !std::filesystem::is_directory(folder, ignored)) {
        const std::string got = failure ? failure.message() : "a file";
        remove();
        throw Error(ErrorKind::resource, folder.string(), "a folder that can be written", got);
    }
}

NewFolder::~NewFolder() {
    remove();
}

void NewFolder::remove() noexcept {
    for (; !made_.empty(); made_.pop_back()) rmdir(made_.back().c_str());
}

void check_can_write(const std::filesystem::path& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return;
    const FileWriter writer(path);
}

void check_can_write_into(const std::filesystem::path& folder) {
    const NewFolder made(folder);
    const FileWriter writer(folder / "attnscope");
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    FileWriter writer(path);
    writer.write(bytes);
    writer.commit();
}

} // namespace attnscope
