#include "text/partial_embedding.h"

#include <attnscope/error.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace attnscope {
namespace {

std::string header_of(const PartialEmbedding::Key& key) {
    return "attnscope partial embedding 1\nencoder " + key.encoder + "\ntexts " + key.texts + "\nrows " +
           std::to_string(key.rows) + " of " + std::to_string(key.dimension) + "\n";
}

/// Fills `bytes` unless the file ends before.
bool read_whole(int descriptor, std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = read(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

bool has_unit_norm(std::span<const float> row) {
    double sum = 0;
    for (const float value : row)
        sum += double{value} * value;
    return std::abs(sum - 1) < 1e-3;
}

} // namespace

PartialEmbedding::PartialEmbedding(std::filesystem::path path, const Key& key)
    : path_(std::move(path)), dimension_(key.dimension), finished_(key.rows), values_(key.rows * key.dimension) {
    // O_NOFOLLOW: the name is derived from another file's, so nobody meant a link that lies there.
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0)
        fail();
    const std::string header = header_of(key);
    try {
        if (!take_up(header))
            start(header);
    } catch (const Error&) {
        close(descriptor_);
        remove();
        throw;
    }
}

PartialEmbedding::~PartialEmbedding() {
    close(descriptor_);
}

bool PartialEmbedding::take_up(const std::string& header) {
    std::string found(header.size(), '\0');
    if (!read_whole(descriptor_, std::as_writable_bytes(std::span(found))) || found != header)
        return false;
    std::uint64_t row = 0;
    std::vector<float> values(dimension_);
    std::size_t size = header.size();
    while (read_whole(descriptor_, std::as_writable_bytes(std::span(&row, 1))) &&
           read_whole(descriptor_, std::as_writable_bytes(std::span(values)))) {
        // A crash of the machine can leave a record that was never written to the disk; every true row has unit norm.
        if (row >= finished_.size() || !has_unit_norm(values))
            break;
        std::memcpy(values_.data() + row * dimension_, values.data(), dimension_ * sizeof(float));
        finished_[row] = true;
        size += sizeof row + dimension_ * sizeof(float);
    }
    if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
        fail();
    if (lseek(descriptor_, 0, SEEK_END) < 0)
        fail();
    return true;
}

void PartialEmbedding::start(const std::string& header) {
    if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) < 0)
        fail();
    append(std::as_bytes(std::span(header)));
}

void PartialEmbedding::store(std::size_t row, std::span<const float> values) {
    ATTNSCOPE_ASSERT(row < finished_.size() && values.size() == dimension_);
    std::vector<std::byte> record(sizeof(std::uint64_t) + values.size_bytes());
    const std::uint64_t index = row;
    std::memcpy(record.data(), &index, sizeof index);
    std::memcpy(record.data() + sizeof index, values.data(), values.size_bytes());
    append(record);
    std::memcpy(values_.data() + row * dimension_, values.data(), values.size_bytes());
    finished_[row] = true;
}

void PartialEmbedding::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            fail();
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void PartialEmbedding::remove() noexcept {
    unlink(path_.c_str());
}

void PartialEmbedding::fail() const {
    throw Error(ErrorKind::resource, path_.string(), "a file to write", std::generic_category().message(errno));
}

} // namespace attnscope
