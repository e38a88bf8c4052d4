// Elements of a stored tensor as numbers one can compute with.
#pragma once

#include "files/tensor_contents.h"

#include <cstdint>
#include <vector>

namespace attnscope {

/// Row-major copy of the elements at `storage`, which check_extent has passed. `out` has room for all of them.
void copy_as_float(const TensorInfo& tensor, std::span<const std::byte> storage, float* out);
/// The same in pieces of a few megabytes of `out`, `between` after each; it may be empty.
void copy_as_float(const TensorInfo& tensor, std::span<const std::byte> storage, float* out, const BytesDone& between);
/// The same for some rows of a matrix, (rows, width). Quantised matrices are contiguous.
void copy_rows_as_float(const TensorInfo& matrix, std::span<const std::byte> storage,
                        std::span<const std::int64_t> rows, float* out);
/// The same for integers and booleans. False when a value does not fit into int64.
bool copy_as_integers(const TensorInfo& tensor, std::span<const std::byte> storage, std::int64_t* out);
bool is_contiguous(const TensorInfo& tensor) noexcept;
bool is_integer(DType dtype) noexcept; ///< booleans included
/// Elements in so many bytes; what does not fill a block does not count.
std::size_t stored_elements(DType dtype, std::size_t bytes) noexcept;

float half_to_float(std::uint16_t bits) noexcept; ///< IEEE 754 binary16
float bfloat16_to_float(std::uint16_t bits) noexcept;

} // namespace attnscope
