// npy: one array, behind a header that is a Python dictionary in text.
#pragma once

#include "files/tensor_contents.h"

#include <optional>
#include <string_view>

namespace attnscope {

inline constexpr const char* npy_tensor_name = "array";
/// More than any header of numbers needs.
inline constexpr std::size_t max_npy_header = std::size_t{1} << 16;

struct NpyHeader {
    TensorInfo info;
    std::size_t data_offset = 0;
};

/// f4, i8, b1 … as NumPy spells them without the byte order; none for what is no real number of a known width.
std::optional<DType> numpy_dtype(std::string_view kind) noexcept;

bool looks_like_npy(std::span<const std::byte> bytes) noexcept;
/// Reads versions 1 to 3 from the first bytes of an array (max_npy_header of them always suffice). Throws Error{input}
/// with `place` as its place: malformed, big-endian, objects, text, records.
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& subject, const std::string& place);
/// Throws Error{input} unless `size` bytes, header included, are exactly what the header announces.
void check_npy_size(const NpyHeader& header, std::size_t size, const std::string& subject, const std::string& place);
TensorContents parse_npy(const SharedBytes& file, const std::string& subject);
/// Header of version 1 or 2 for row-major elements, padded to a multiple of 64 bytes.
std::string npy_header(DType dtype, std::span<const std::int64_t> shape);

} // namespace attnscope
