// Activations in front of the first replaced layer, kept for every rank to go on from: in memory as long as a budget
// lasts, then in a file that has no name and ends with the program.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnscope::compute {

class PrefixStore {
public:
    explicit PrefixStore(std::uint64_t budget) : left_(budget) {}
    ~PrefixStore();
    PrefixStore(const PrefixStore&) = delete;
    PrefixStore& operator=(const PrefixStore&) = delete;

    /// Keeps states, bit by bit, that nobody writes into any more. Throws Error{resource}: no room on disk.
    void add(const at::Tensor& states);
    /// The states added as number `index`, where they came from: a copy that may be written into, or to be read only.
    at::Tensor load(std::size_t index) const;
    at::Tensor look(std::size_t index) const;

    std::size_t size() const noexcept { return entries_.size(); }
    std::uint64_t disk_bytes() const noexcept { return end_; }

private:
    struct Entry {
        at::Tensor states;       ///< in memory; else undefined, and
        std::uint64_t place = 0; ///< where in the file
        std::vector<std::int64_t> shape;
        at::TensorOptions options;
    };
    void open_file();

    std::vector<Entry> entries_;
    std::uint64_t left_, end_ = 0;
    int file_ = -1;
};

} // namespace attnscope::compute
