// Rows of an embedding that is not finished, kept in a file so that the next run goes on from there.
//
// The file is a header of text lines and a log of records: the index of a row, its numbers and a checksum of both. A
// run that ends anywhere leaves whole records and at most one torn one behind, which is cut off when the file is taken
// up, as is everything from the first record on that does not have its checksum. The header names the arithmetic that
// the rows were computed with; rows of another are not taken up.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace attnscope {

class PartialEmbedding {
public:
    struct Key {
        std::string encoder, texts; ///< SHA-256 in hex; rows of other encoders or texts are not taken up
        std::size_t rows = 0, dimension = 0;
    };

    /// Takes up the file at `path` when it holds rows of the same key, else starts it anew. Throws Error{resource}.
    PartialEmbedding(std::filesystem::path path, const Key& key);
    ~PartialEmbedding();
    PartialEmbedding(const PartialEmbedding&) = delete;
    PartialEmbedding& operator=(const PartialEmbedding&) = delete;

    bool finished(std::size_t row) const { return finished_[row]; }
    /// (rows, dimension) row-major; rows that are not finished are zero.
    const std::vector<float>& values() const noexcept { return values_; }
    /// Writes a finished row behind the others. Throws Error{resource}.
    void store(std::size_t row, std::span<const float> values);
    void remove() noexcept; ///< the file, once its rows are somewhere else

private:
    bool take_up();
    void start();
    void append(std::span<const std::byte> bytes);
    [[noreturn]] void fail() const;

    std::filesystem::path path_;
    const std::string header_;
    std::size_t dimension_;
    std::vector<bool> finished_;
    std::vector<float> values_;
    int descriptor_ = -1;
};

} // namespace attnscope
