#include "files/elements.h"

#include "base/checked.h"
#include "base/input_error.h"
#include "files/dequantise.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace attnscope {
namespace {

/// Calls store(index, address) for every element in row-major order of the tensor's shape.
template <std::size_t size, class Store>
void for_each_element(const TensorInfo& tensor, const std::byte* base, Store store) {
    const std::size_t count = tensor.elements();
    if (count == 0) return;
    if (is_contiguous(tensor)) {
        for (std::size_t i = 0; i < count; ++i) store(i, base + i * size);
        return;
    }
    const std::size_t last = tensor.shape.size() - 1;
    const auto inner = static_cast<std::size_t>(tensor.shape[last]);
    const std::ptrdiff_t step = tensor.strides[last] * static_cast<std::ptrdiff_t>(size);
    std::vector<std::int64_t> index(last, 0);
    for (std::size_t i = 0; i < count; i += inner) {
        std::int64_t offset = 0;
        for (std::size_t k = 0; k < last; ++k) offset += index[k] * tensor.strides[k];
        const std::byte* at = base + offset * static_cast<std::ptrdiff_t>(size);
        for (std::size_t j = 0; j < inner; ++j) store(i + j, at + static_cast<std::ptrdiff_t>(j) * step);
        for (std::size_t k = last; k-- > 0;) {
            if (++index[k] < tensor.shape[k]) break;
            index[k] = 0;
        }
    }
}

template <class Stored>
Stored load(const std::byte* at) {
    Stored value;
    std::memcpy(&value, at, sizeof value); // files do not promise alignment
    return value;
}

template <class Stored>
void convert(const TensorInfo& tensor, const std::byte* base, float* out) {
    for_each_element<sizeof(Stored)>(
        tensor, base, [out](std::size_t i, const std::byte* at) { out[i] = static_cast<float>(load<Stored>(at)); });
}

template <class Stored>
bool convert_integers(const TensorInfo& tensor, const std::byte* base, std::int64_t* out) {
    bool fits = true;
    for_each_element<sizeof(Stored)>(tensor, base, [&](std::size_t i, const std::byte* at) {
        const Stored value = load<Stored>(at);
        out[i] = static_cast<std::int64_t>(value);
        if constexpr (sizeof(Stored) == 8 && std::numeric_limits<Stored>::min() == 0) fits = fits && out[i] >= 0;
    });
    return fits;
}

/// A view that is not the stored tensor itself costs a copy of all of it: blocks cannot be entered in the middle.
void convert_blocks(const TensorInfo& tensor, std::span<const std::byte> storage, float* out) {
    if (is_contiguous(tensor) && tensor.elements() % block_elements(tensor.dtype) == 0)
        return dequantise(tensor.dtype, storage.data(), tensor.elements(), out);
    std::vector<float> all(stored_elements(tensor.dtype, storage.size()));
    dequantise(tensor.dtype, storage.data(), all.size(), all.data());
    convert<float>(tensor, std::as_bytes(std::span(all)).data(), out);
}

} // namespace

std::string tensor_place(const std::string& name) {
    return "tensor " + excerpt(name);
}

void set_row_major_strides(TensorInfo& tensor, const std::string& subject) {
    if (tensor.shape.size() > max_dimensions)
        input_error(subject, "at most " + std::to_string(max_dimensions) + " dimensions",
                    std::to_string(tensor.shape.size()), tensor_place(tensor.name));
    tensor.strides.assign(tensor.shape.size(), 1);
    std::size_t stride = 1;
    for (std::size_t k = tensor.shape.size(); k-- > 0;) {
        if (tensor.shape[k] < 0)
            input_error(subject, "sizes of 0 and more", std::to_string(tensor.shape[k]), tensor_place(tensor.name));
        tensor.strides[k] = static_cast<std::int64_t>(stride);
        // A dimension of 0 counts as 1 here, so that no other dimension can hide an overflow behind it.
        const auto next = checked_multiply(stride, std::max<std::size_t>(static_cast<std::size_t>(tensor.shape[k]), 1));
        // Stored and as float32.
        const auto bytes =
            next ? checked_multiply(*next, std::max(block_size(tensor.dtype), sizeof(float))) : std::nullopt;
        if (!bytes || *bytes > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))
            input_error(subject, "a size that fits into memory", "a shape beyond 2^63 bytes",
                        tensor_place(tensor.name));
        stride = *next;
    }
}

void set_dense_strides(TensorInfo& tensor, bool fortran, const std::string& subject) {
    if (!fortran) return set_row_major_strides(tensor, subject);
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    set_row_major_strides(tensor, subject);
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    std::reverse(tensor.strides.begin(), tensor.strides.end());
}

void check_extent(const TensorInfo& tensor, std::size_t available, const std::string& subject) {
    const auto outside = [&](const char* got) {
        input_error(subject, "elements within a storage of " + std::to_string(available), got,
                    tensor_place(tensor.name));
    };
    TensorInfo dense = tensor;
    set_row_major_strides(dense, subject);
    if (tensor.strides.size() != tensor.shape.size()) outside("another number of strides than of dimensions");
    const std::size_t count = tensor.elements();
    if (count == 0) return;
    if (count > available) outside("a shape with more elements than that");
    std::optional<std::size_t> last = 0;
    for (std::size_t k = 0; k < tensor.shape.size() && last; ++k) {
        if (tensor.strides[k] < 0) outside("a negative stride");
        const auto reach = checked_multiply(static_cast<std::size_t>(tensor.shape[k] - 1),
                                            static_cast<std::size_t>(tensor.strides[k]));
        last = reach ? checked_add(*last, *reach) : std::nullopt;
    }
    if (!last || *last >= available) outside("strides that lead beyond it");
}

bool is_contiguous(const TensorInfo& tensor) noexcept {
    std::int64_t expected = 1;
    for (std::size_t k = tensor.shape.size(); k-- > 0;) {
        // The stride of a single element is never used.
        if (tensor.shape[k] != 1 && tensor.strides[k] != expected) return false;
        expected *= tensor.shape[k];
    }
    return true;
}

TensorInfo transposed(TensorInfo tensor) {
    ATTNSCOPE_ASSERT(tensor.shape.size() == 2);
    std::swap(tensor.shape[0], tensor.shape[1]);
    std::swap(tensor.strides[0], tensor.strides[1]);
    return tensor;
}

float half_to_float(std::uint16_t bits) noexcept {
    const std::uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
    // Scaling by 2^112 moves the exponent to float32's bias, and does so for subnormal numbers too.
    const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
    const std::uint32_t special = magnitude >= 0x7c00 ? 0x7f800000u | (magnitude & 0x3ff) << 13 : 0;
    return std::bit_cast<float>(sign | (special != 0 ? special : std::bit_cast<std::uint32_t>(scaled)));
}

float bfloat16_to_float(std::uint16_t bits) noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

void copy_as_float(const TensorInfo& tensor, std::span<const std::byte> storage, float* out) {
    const std::byte* base = storage.data();
    switch (tensor.dtype) {
    case DType::f64: return convert<double>(tensor, base, out);
    case DType::f32: return convert<float>(tensor, base, out);
    case DType::f16:
        if (is_contiguous(tensor)) return halves_to_floats(base, tensor.elements(), out);
        return for_each_element<2>(tensor, base, [out](std::size_t i, const std::byte* at) {
            out[i] = half_to_float(load<std::uint16_t>(at));
        });
    case DType::bf16:
        if (is_contiguous(tensor)) return bfloat16s_to_floats(base, tensor.elements(), out);
        return for_each_element<2>(tensor, base, [out](std::size_t i, const std::byte* at) {
            out[i] = bfloat16_to_float(load<std::uint16_t>(at));
        });
    case DType::i64: return convert<std::int64_t>(tensor, base, out);
    case DType::i32: return convert<std::int32_t>(tensor, base, out);
    case DType::i16: return convert<std::int16_t>(tensor, base, out);
    case DType::i8: return convert<std::int8_t>(tensor, base, out);
    case DType::u8: return convert<std::uint8_t>(tensor, base, out);
    case DType::u16: return convert<std::uint16_t>(tensor, base, out);
    case DType::u32: return convert<std::uint32_t>(tensor, base, out);
    case DType::u64: return convert<std::uint64_t>(tensor, base, out);
    case DType::boolean:
        // Any byte may be in the file; only 0 is false.
        return for_each_element<1>(
            tensor, base, [out](std::size_t i, const std::byte* at) { out[i] = *at == std::byte{0} ? 0.0f : 1.0f; });
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
    case DType::q8_0:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k: return convert_blocks(tensor, storage, out);
    }
}

void copy_as_float(const TensorInfo& tensor, std::span<const std::byte> storage, float* out, const BytesDone& between) {
    const std::size_t rows = tensor.shape.empty() ? 1 : static_cast<std::size_t>(tensor.shape[0]);
    const std::size_t width = rows == 0 ? 0 : tensor.elements() / rows, block = block_elements(tensor.dtype);
    const bool whole_blocks = block == 1 || (is_contiguous(tensor) && width % block == 0);
    if (tensor.shape.empty() || width == 0 || !whole_blocks) return copy_as_float(tensor, storage, out);
    constexpr std::size_t piece = std::size_t{1} << 20;
    const std::size_t rows_of_piece = std::max<std::size_t>(1, piece / width);
    TensorInfo part = tensor;
    for (std::size_t first = 0; first < rows; first += rows_of_piece) {
        const std::size_t count = std::min(rows_of_piece, rows - first);
        part.shape[0] = static_cast<std::int64_t>(count);
        const std::size_t offset =
            first * static_cast<std::size_t>(tensor.strides[0]) / block * block_size(tensor.dtype);
        copy_as_float(part, storage.subspan(offset), out + first * width);
        if (between) between((first + count) * width * sizeof(float));
    }
}

void copy_rows_as_float(const TensorInfo& matrix, std::span<const std::byte> storage,
                        std::span<const std::int64_t> rows, float* out) {
    ATTNSCOPE_ASSERT(matrix.shape.size() == 2 && (!is_quantised(matrix.dtype) || is_contiguous(matrix)));
    TensorInfo row = matrix;
    row.shape[0] = 1;
    // Rows of blocks are whole blocks, one after the other.
    const std::size_t row_bytes =
        static_cast<std::size_t>(matrix.strides[0]) / block_elements(matrix.dtype) * block_size(matrix.dtype);
    for (const std::int64_t index : rows) {
        ATTNSCOPE_ASSERT(index >= 0 && index < matrix.shape[0]);
        copy_as_float(row, storage.subspan(static_cast<std::size_t>(index) * row_bytes), out);
        out += matrix.shape[1];
    }
}

bool copy_as_integers(const TensorInfo& tensor, std::span<const std::byte> storage, std::int64_t* out) {
    const std::byte* base = storage.data();
    switch (tensor.dtype) {
    case DType::i64: return convert_integers<std::int64_t>(tensor, base, out);
    case DType::i32: return convert_integers<std::int32_t>(tensor, base, out);
    case DType::i16: return convert_integers<std::int16_t>(tensor, base, out);
    case DType::i8: return convert_integers<std::int8_t>(tensor, base, out);
    case DType::u8: return convert_integers<std::uint8_t>(tensor, base, out);
    case DType::u16: return convert_integers<std::uint16_t>(tensor, base, out);
    case DType::u32: return convert_integers<std::uint32_t>(tensor, base, out);
    case DType::u64: return convert_integers<std::uint64_t>(tensor, base, out);
    case DType::boolean:
        for_each_element<1>(tensor, base, [out](std::size_t i, const std::byte* at) { out[i] = *at != std::byte{0}; });
        return true;
    case DType::f64:
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
    case DType::q8_0:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k: break;
    }
    ATTNSCOPE_ASSERT(is_integer(tensor.dtype));
    return false;
}

} // namespace attnscope
