#include <attnscope/tensor_file.h>

#include "base/input_error.h"
#include "files/bus_guard.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attnscope {
namespace {

std::int64_t modification_time(const struct stat& status) {
    return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

/// Too little memory or too many open files are not the file's fault.
[[noreturn]] void fail_to_open(const std::filesystem::path& path, const char* expected, int code) {
    const bool resource = code == ENOMEM || code == EMFILE || code == ENFILE || code == EAGAIN;
    throw Error(resource ? ErrorKind::resource : ErrorKind::input, path.string(), expected, std::strerror(code));
}

} // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const std::shared_ptr<MappedFile> file(new MappedFile);
    file->path_ = path;
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    file->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor_ < 0) fail_to_open(path, "a readable file", errno);

    struct stat status = {};
    if (fstat(file->descriptor_, &status) != 0) input_error(path.string(), "a readable file", std::strerror(errno));
    if (S_ISDIR(status.st_mode)) input_error(path.string(), "a file", "a folder");
    if (!S_ISREG(status.st_mode)) input_error(path.string(), "a regular file", "a device, pipe or socket");
    if (status.st_size == 0) input_error(path.string(), "a file with content", "an empty file");

    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file->descriptor_, 0);
    if (data == MAP_FAILED) fail_to_open(path, "a file that can be mapped", errno);
    file->data_ = static_cast<const std::byte*>(data);
    file->size_ = size;
    file->modified_ = modification_time(status);
    file->guard_ = guard_mapping(data, size);
    return file;
}

MappedFile::~MappedFile() {
    release_mapping(guard_);
    if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
    if (descriptor_ >= 0) close(descriptor_);
}

void MappedFile::check_intact() const {
    struct stat status = {};
    if (fstat(descriptor_, &status) != 0) input_error(path_.string(), "the file as opened", std::strerror(errno));
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size != size_)
        input_error(path_.string(), "the " + bytes_text(size_) + " it had when opened", bytes_text(size));
    if (mapping_damaged(guard_) || modification_time(status) != modified_)
        input_error(path_.string(), "the file as opened", "a file changed since by another program");
}

} // namespace attnscope
