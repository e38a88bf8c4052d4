// Quantised blocks read as their layouts are written down.
#include "files/dequantise.h"
#include "files/elements.h"

#include <cstring>

namespace attnscope {
namespace {

float half_at(const std::byte* at) {
    std::uint16_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return half_to_float(bits);
}

int byte_at(const std::byte* at, std::size_t i) {
    return std::to_integer<int>(at[i]);
}

int signed_byte_at(const std::byte* at, std::size_t i) {
    return static_cast<std::int8_t>(at[i]);
}

/// Element i of 32 four-bit numbers: the low halves of 16 bytes, then the high ones.
int nibble(const std::byte* at, std::size_t i) {
    return i < 16 ? byte_at(at, i) & 15 : byte_at(at, i - 16) >> 4;
}

int bit(const std::byte* at, std::size_t i) {
    return byte_at(at, i / 8) >> (i % 8) & 1;
}

/// Scale and offset s of eight: 6 bits each, packed into 12 bytes.
struct ScaleAndOffset {
    int scale, offset;
};
ScaleAndOffset packed_scale(const std::byte* at, std::size_t s) {
    if (s < 4) return {byte_at(at, s) & 63, byte_at(at, s + 4) & 63};
    return {(byte_at(at, s + 4) & 15) | (byte_at(at, s - 4) >> 6 << 4),
            byte_at(at, s + 4) >> 4 | (byte_at(at, s) >> 6 << 4)};
}

float product(int number, float scale) {
    return static_cast<float>(number) * scale;
}

float element(DType dtype, const std::byte* block, std::size_t i) {
    const float d = half_at(block);
    switch (dtype) {
    case DType::q4_0: return product(nibble(block + 2, i) - 8, d);
    case DType::q4_1: return product(nibble(block + 4, i), d) + half_at(block + 2);
    case DType::q5_0: return product((nibble(block + 6, i) | bit(block + 2, i) << 4) - 16, d);
    case DType::q5_1: return product(nibble(block + 8, i) | bit(block + 4, i) << 4, d) + half_at(block + 2);
    case DType::q8_0: return product(signed_byte_at(block + 2, i), d);
    case DType::q4_k:
    case DType::q5_k: {
        const auto [scale, offset] = packed_scale(block + 4, i / 32);
        const std::byte* low = block + (dtype == DType::q4_k ? 16 : 48) + i / 64 * 32;
        int number = byte_at(low, i % 32) >> (i / 32 % 2 * 4) & 15;
        if (dtype == DType::q5_k) number |= (byte_at(block + 16, i % 32) >> (i / 32) & 1) << 4;
        return product(number, product(scale, d)) - product(offset, half_at(block + 2));
    }
    case DType::q6_k: {
        const std::size_t half = i / 128, quarter = i % 128 / 32, l = i % 32;
        const int low = byte_at(block, half * 64 + quarter % 2 * 32 + l) >> (quarter / 2 * 4) & 15;
        const int high = byte_at(block + 128, half * 32 + l) >> (quarter * 2) & 3;
        return product((low | high << 4) - 32, product(signed_byte_at(block + 192, i / 16), half_at(block + 208)));
    }
    default: ATTNSCOPE_ASSERT(is_quantised(dtype)); return 0;
    }
}

} // namespace

void dequantise_reference(DType dtype, const std::byte* blocks, std::size_t count, float* out) {
    const std::size_t elements = block_elements(dtype), size = block_size(dtype);
    ATTNSCOPE_ASSERT(count % elements == 0);
    for (std::size_t i = 0; i < count; ++i) out[i] = element(dtype, blocks + i / elements * size, i % elements);
}

} // namespace attnscope
