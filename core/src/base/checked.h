// Arithmetic on numbers that come out of files: a result that does not fit is no result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace attnscope {

inline std::optional<std::size_t> checked_add(std::size_t a, std::size_t b) noexcept {
    std::size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
    return sum;
}

inline std::optional<std::size_t> checked_multiply(std::size_t a, std::size_t b) noexcept {
    std::size_t product;
    if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
    return product;
}

} // namespace attnscope
