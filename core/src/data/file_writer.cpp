#include "data/file_writer.h"

#include <attnscope/tensor_file.h>

#include "data/input_error.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
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
            if (std::strncmp(line, "Umask:", 6) == 0)
                mask = static_cast<mode_t>(std::strtoul(line + 6, nullptr, 8));
        std::fclose(status);
    }
    return 0666 & ~mask;
}

// The name itself is only durable once its folder is on the disk. Some file systems refuse; the file is then as safe as
// they allow.
void flush_folder(const std::filesystem::path& folder) noexcept {
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

} // namespace

FileWriter::FileWriter(std::filesystem::path path) : path_(std::move(path)), target_(path_) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(path_, ignored)) {
        const auto behind = std::filesystem::weakly_canonical(path_, ignored);
        if (!ignored)
            target_ = behind;
    }
    struct stat status = {};
    const bool exists = stat(target_.c_str(), &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        fail("a file to write", EISDIR);
    if (exists && !S_ISREG(status.st_mode)) {
        descriptor_ = open(target_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0)
            fail("a file to write", errno);
        return;
    }
    // A file its owner protected stays protected, though the folder would let it be replaced.
    if (exists && access(target_.c_str(), W_OK) != 0)
        fail("a file to write", errno);

    temporary_ = (folder_of(target_) / ("." + target_.filename().string() + ".XXXXXX")).string();
    descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
        const int code = errno;
        temporary_.clear();
        fail("a folder to write into", code);
    }
    fchmod(descriptor_, exists ? status.st_mode & 07777 : new_file_mode());
}

FileWriter::~FileWriter() {
    if (descriptor_ >= 0)
        close(descriptor_);
    if (!temporary_.empty())
        unlink(temporary_.c_str());
}

void FileWriter::fail(const char* expected, int code) const {
    throw Error(ErrorKind::resource, path_.string(), expected, std::strerror(code));
}

void FileWriter::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), 1 << 30));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            fail("room for the file", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void FileWriter::commit() {
    // A pipe has nothing to flush and says so.
    if (fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS)
        fail("room for the file", errno);
    const int closed = close(descriptor_);
    descriptor_ = -1;
    if (closed != 0 && errno != EINTR)
        fail("room for the file", errno);
    if (temporary_.empty())
        return;
    if (rename(temporary_.c_str(), target_.c_str()) != 0)
        fail("a file to write", errno);
    temporary_.clear();
    flush_folder(folder_of(target_));
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    FileWriter writer(path);
    writer.write(bytes);
    writer.commit();
}

} // namespace attnscope
