#include "text/partial_embedding.h"

#include "base/build_id.h"
#include "files/sha256.h"

#include <attnscope/error.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace attnscope {
namespace {

std::string header_of(const PartialEmbedding::Key& key) {
    return "attnscope partial embedding 2\narithmetic " + arithmetic_key() + "\nencoder " + key.encoder + "\ntexts " +
           key.texts + "\nrows " + std::to_string(key.rows) + " of " + std::to_string(key.dimension) + "\n";
}

/// Fills `bytes` unless the file ends before.
bool read_whole(int descriptor, std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = read(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

constexpr std::size_t checksum_size = 16; // hexadecimal digits of the SHA-256

/// Of the index and the numbers of a record, under the header of its file.
std::string checksum(std::string_view header, std::uint64_t row, std::span<const float> values) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(header)));
    hash.add(std::as_bytes(std::span(&row, 1)));
    hash.add(std::as_bytes(values));
    return hash.hex().substr(0, checksum_size);
}

} // namespace

PartialEmbedding::PartialEmbedding(std::filesystem::path path, const Key& key)
    : path_(std::move(path)), header_(header_of(key)), dimension_(key.dimension), finished_(key.rows),
      values_(key.rows * key.dimension) {
    // O_NOFOLLOW: the name is derived from another file's, so nobody meant a link that lies there.
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) fail();
    try {
        if (!take_up()) start();
    } catch (const Error&) {
        close(descriptor_);
        remove();
        throw;
    }
}

PartialEmbedding::~PartialEmbedding() {
    close(descriptor_);
}

bool PartialEmbedding::take_up() {
    std::string found(header_.size(), '\0');
    if (!read_whole(descriptor_, std::as_writable_bytes(std::span(found))) || found != header_) return false;
    std::uint64_t row = 0;
    std::vector<float> values(dimension_);
    std::string said(checksum_size, '\0');
    std::size_t size = header_.size();
    while (read_whole(descriptor_, std::as_writable_bytes(std::span(&row, 1))) &&
           read_whole(descriptor_, std::as_writable_bytes(std::span(values))) &&
           read_whole(descriptor_, std::as_writable_bytes(std::span(said)))) {
        // A crash of the machine can leave a record that was never written to the disk, and a disk can lose bits: what
        // follows such a record is embedded again.
        if (row >= finished_.size() || said != checksum(header_, row, values)) break;
        std::memcpy(values_.data() + row * dimension_, values.data(), dimension_ * sizeof(float));
        finished_[row] = true;
        size += sizeof row + dimension_ * sizeof(float) + checksum_size;
    }
    if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail();
    if (lseek(descriptor_, 0, SEEK_END) < 0) fail();
    return true;
}

void PartialEmbedding::start() {
    if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) < 0) fail();
    append(std::as_bytes(std::span(header_)));
}

void PartialEmbedding::store(std::size_t row, std::span<const float> values) {
    ATTNSCOPE_ASSERT(row < finished_.size() && values.size() == dimension_);
    std::vector<std::byte> record(sizeof(std::uint64_t) + values.size_bytes() + checksum_size);
    const std::uint64_t index = row;
    std::memcpy(record.data(), &index, sizeof index);
    std::memcpy(record.data() + sizeof index, values.data(), values.size_bytes());
    std::memcpy(record.data() + sizeof index + values.size_bytes(), checksum(header_, index, values).data(),
                checksum_size);
    append(record);
    std::memcpy(values_.data() + row * dimension_, values.data(), values.size_bytes());
    finished_[row] = true;
}

void PartialEmbedding::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail();
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
