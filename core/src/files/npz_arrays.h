// The arrays of an npz file under construction, and what they point at.
#pragma once

#include <attnscope/tensor_file.h>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

class NpzArrays {
public:
    using Shape = std::vector<std::int64_t>;

    /// One dimension unless a shape is given.
    void add(const char* name, std::vector<double> values, Shape shape = {}) {
        doubles_.push_back(std::move(values));
        const auto& kept = doubles_.back();
        put(name, DType::f64, std::move(shape), kept.size(), std::as_bytes(std::span(kept)));
    }
    void add(const char* name, std::vector<std::int64_t> values, Shape shape = {}) {
        integers_.push_back(std::move(values));
        const auto& kept = integers_.back();
        put(name, DType::i64, std::move(shape), kept.size(), std::as_bytes(std::span(kept)));
    }
    /// UTF-8 lines, as TensorFile::read_text() reads them.
    void add_lines(const char* name, std::string lines) {
        texts_.push_back(std::move(lines));
        const auto& kept = texts_.back();
        put(name, DType::u8, {}, kept.size(), std::as_bytes(std::span(kept)));
    }
    std::string bytes() const { return npz_bytes(tensors_); }

private:
    void put(const char* name, DType dtype, Shape shape, std::size_t size, std::span<const std::byte> data) {
        if (shape.empty()) shape = {static_cast<std::int64_t>(size)};
        tensors_.push_back({name, dtype, std::move(shape), data});
    }

    // A deque leaves its elements where they are, as the tensors point into them.
    std::deque<std::vector<double>> doubles_;
    std::deque<std::vector<std::int64_t>> integers_;
    std::deque<std::string> texts_;
    std::vector<TensorToWrite> tensors_;
};

} // namespace attnscope
