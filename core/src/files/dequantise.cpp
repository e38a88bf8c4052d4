// Blocks and half-width floats into float32, compiled once per instruction set and chosen when the program runs.
//
// Everything follows one pattern: as many bytes as a vector has floats are widened to 32-bit integers, their bits
// picked out, converted, scaled, stored. That is a handful of instructions a vector, well below what memory takes.
#include "files/dequantise.h"
#include "files/elements.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "files/dequantise.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace attnscope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Float = hn::CappedTag<float, 16>; // 16 is the length of the shortest run with one scale
using Integer = hn::RebindToSigned<Float>;
using Byte = hn::Rebind<std::uint8_t, Float>;
using SignedByte = hn::Rebind<std::int8_t, Float>;
using Floats = hn::Vec<Float>;
using Integers = hn::Vec<Integer>;

inline constexpr std::size_t short_block = 32, long_block = 256;

HWY_INLINE float half_at(const std::byte* at) {
    std::uint16_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return half_to_float(bits);
}

HWY_INLINE Integers load_bytes(const std::byte* at) {
    return hn::PromoteTo(Integer(), hn::LoadU(Byte(), reinterpret_cast<const std::uint8_t*>(at)));
}

HWY_INLINE Integers load_signed_bytes(const std::byte* at) {
    return hn::PromoteTo(Integer(), hn::LoadU(SignedByte(), reinterpret_cast<const std::int8_t*>(at)));
}

HWY_INLINE Integers low_half(Integers bytes) {
    return hn::And(bytes, hn::Set(Integer(), 15));
}

HWY_INLINE Integers high_half(Integers bytes) {
    return hn::ShiftRight<4>(bytes);
}

HWY_INLINE void store_scaled(Integers numbers, Floats scale, float* out) {
    hn::StoreU(hn::Mul(hn::ConvertTo(Float(), numbers), scale), Float(), out);
}

/// Never fused, so that all instruction sets agree; the file is compiled without contraction.
HWY_INLINE void store_scaled(Integers numbers, Floats scale, Floats offset, float* out) {
    hn::StoreU(hn::Add(hn::Mul(hn::ConvertTo(Float(), numbers), scale), offset), Float(), out);
}

void dequantise_q4_0(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    const Integers middle = hn::Set(Integer(), 8);
    for (; blocks > 0; --blocks, block += 18, out += short_block) {
        const Floats scale = hn::Set(Float(), half_at(block));
        for (std::size_t i = 0; i < 16; i += lanes) {
            const Integers bytes = load_bytes(block + 2 + i);
            store_scaled(hn::Sub(low_half(bytes), middle), scale, out + i);
            store_scaled(hn::Sub(high_half(bytes), middle), scale, out + 16 + i);
        }
    }
}

void dequantise_q4_1(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    for (; blocks > 0; --blocks, block += 20, out += short_block) {
        const Floats scale = hn::Set(Float(), half_at(block)), offset = hn::Set(Float(), half_at(block + 2));
        for (std::size_t i = 0; i < 16; i += lanes) {
            const Integers bytes = load_bytes(block + 4 + i);
            store_scaled(low_half(bytes), scale, offset, out + i);
            store_scaled(high_half(bytes), scale, offset, out + 16 + i);
        }
    }
}

/// 16 in every lane k whose bit first + k of `bits` is set.
HWY_INLINE Integers fifth_bits(std::uint32_t bits, std::size_t first) {
    HWY_ALIGN static constexpr std::int32_t places[16] = {1,       1 << 1,  1 << 2,  1 << 3, 1 << 4,  1 << 5,
                                                          1 << 6,  1 << 7,  1 << 8,  1 << 9, 1 << 10, 1 << 11,
                                                          1 << 12, 1 << 13, 1 << 14, 1 << 15};
    const Integers all = hn::Set(Integer(), static_cast<std::int32_t>(bits >> (first & 16) & 0xffff));
    const auto set = hn::TestBit(all, hn::LoadU(Integer(), places + (first & 15)));
    return hn::IfThenElseZero(hn::RebindMask(Integer(), set), hn::Set(Integer(), 16));
}

HWY_INLINE std::uint32_t word_at(const std::byte* at) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

void dequantise_q5_0(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    const Integers middle = hn::Set(Integer(), 16);
    for (; blocks > 0; --blocks, block += 22, out += short_block) {
        const Floats scale = hn::Set(Float(), half_at(block));
        const std::uint32_t fifth = word_at(block + 2);
        for (std::size_t i = 0; i < 16; i += lanes) {
            const Integers bytes = load_bytes(block + 6 + i);
            const Integers low = hn::Or(low_half(bytes), fifth_bits(fifth, i));
            const Integers high = hn::Or(high_half(bytes), fifth_bits(fifth, 16 + i));
            store_scaled(hn::Sub(low, middle), scale, out + i);
            store_scaled(hn::Sub(high, middle), scale, out + 16 + i);
        }
    }
}

void dequantise_q5_1(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    for (; blocks > 0; --blocks, block += 24, out += short_block) {
        const Floats scale = hn::Set(Float(), half_at(block)), offset = hn::Set(Float(), half_at(block + 2));
        const std::uint32_t fifth = word_at(block + 4);
        for (std::size_t i = 0; i < 16; i += lanes) {
            const Integers bytes = load_bytes(block + 8 + i);
            store_scaled(hn::Or(low_half(bytes), fifth_bits(fifth, i)), scale, offset, out + i);
            store_scaled(hn::Or(high_half(bytes), fifth_bits(fifth, 16 + i)), scale, offset, out + 16 + i);
        }
    }
}

void dequantise_q8_0(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    for (; blocks > 0; --blocks, block += 34, out += short_block) {
        const Floats scale = hn::Set(Float(), half_at(block));
        for (std::size_t i = 0; i < short_block; i += lanes)
            store_scaled(load_signed_bytes(block + 2 + i), scale, out + i);
    }
}

/// Scales and offsets of the eight runs of 32 in a block of Q4_K or Q5_K.
struct RunScales {
    float scale[8], offset[8];
};

HWY_INLINE RunScales run_scales(const std::byte* block) {
    const float d = half_at(block), least = half_at(block + 2);
    std::uint32_t packed[3];
    std::memcpy(packed, block + 4, sizeof packed);
    // Four six-bit numbers a word: those of runs 0 to 3 lie whole in the first two words, whose spare bits complete the
    // halves of the others in the third.
    constexpr std::uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x03030303;
    const std::uint32_t scales[2] = {packed[0] & six, (packed[2] & four) | (packed[0] >> 6 & two) << 4};
    const std::uint32_t offsets[2] = {packed[1] & six, (packed[2] >> 4 & four) | (packed[1] >> 6 & two) << 4};
    RunScales runs;
    for (std::size_t s = 0; s < 8; ++s) {
        runs.scale[s] = d * static_cast<float>(scales[s / 4] >> (s % 4 * 8) & 63);
        runs.offset[s] = -(least * static_cast<float>(offsets[s / 4] >> (s % 4 * 8) & 63));
    }
    return runs;
}

void dequantise_q4_k(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    for (; blocks > 0; --blocks, block += 144, out += long_block) {
        const RunScales runs = run_scales(block);
        for (std::size_t pair = 0; pair < 4; ++pair) {
            const Floats low_scale = hn::Set(Float(), runs.scale[2 * pair]);
            const Floats low_offset = hn::Set(Float(), runs.offset[2 * pair]);
            const Floats high_scale = hn::Set(Float(), runs.scale[2 * pair + 1]);
            const Floats high_offset = hn::Set(Float(), runs.offset[2 * pair + 1]);
            for (std::size_t i = 0; i < 32; i += lanes) {
                const Integers bytes = load_bytes(block + 16 + pair * 32 + i);
                store_scaled(low_half(bytes), low_scale, low_offset, out + pair * 64 + i);
                store_scaled(high_half(bytes), high_scale, high_offset, out + pair * 64 + 32 + i);
            }
        }
    }
}

/// Bit `place` of every number, as 16.
template <int place>
HWY_INLINE Integers bit_as_16(Integers numbers) {
    const Integers sixteen = hn::Set(Integer(), 16);
    if constexpr (place < 4)
        return hn::And(hn::ShiftLeft<4 - place>(numbers), sixteen);
    else
        return hn::And(hn::ShiftRight<place - 4>(numbers), sixteen);
}

template <int pair>
HWY_INLINE void dequantise_q5_k_pair(const std::byte* block, const RunScales& runs, float* out) {
    const Floats low_scale = hn::Set(Float(), runs.scale[2 * pair]);
    const Floats low_offset = hn::Set(Float(), runs.offset[2 * pair]);
    const Floats high_scale = hn::Set(Float(), runs.scale[2 * pair + 1]);
    const Floats high_offset = hn::Set(Float(), runs.offset[2 * pair + 1]);
    for (std::size_t i = 0; i < 32; i += hn::Lanes(Float())) {
        const Integers bytes = load_bytes(block + 48 + pair * 32 + i), fifth = load_bytes(block + 16 + i);
        const Integers low = hn::Or(low_half(bytes), bit_as_16<2 * pair>(fifth));
        const Integers high = hn::Or(high_half(bytes), bit_as_16<2 * pair + 1>(fifth));
        store_scaled(low, low_scale, low_offset, out + pair * 64 + i);
        store_scaled(high, high_scale, high_offset, out + pair * 64 + 32 + i);
    }
}

void dequantise_q5_k(const std::byte* block, std::size_t blocks, float* out) {
    for (; blocks > 0; --blocks, block += 176, out += long_block) {
        const RunScales runs = run_scales(block);
        dequantise_q5_k_pair<0>(block, runs, out);
        dequantise_q5_k_pair<1>(block, runs, out);
        dequantise_q5_k_pair<2>(block, runs, out);
        dequantise_q5_k_pair<3>(block, runs, out);
    }
}

void dequantise_q6_k(const std::byte* block, std::size_t blocks, float* out) {
    const std::size_t lanes = hn::Lanes(Float());
    const Integers middle = hn::Set(Integer(), 32), high_bits = hn::Set(Integer(), 0x30);
    for (; blocks > 0; --blocks, block += 210, out += long_block) {
        const float d = half_at(block + 208);
        for (std::size_t half = 0; half < 2; ++half) {
            const std::byte* low = block + half * 64;
            const std::byte* high = block + 128 + half * 32;
            const std::byte* scales = block + 192 + half * 8;
            for (std::size_t i = 0; i < 32; i += lanes) {
                const Integers first = load_bytes(low + i), second = load_bytes(low + 32 + i);
                const Integers upper = load_bytes(high + i);
                const Integers numbers[4] = {
                    hn::Or(low_half(first), hn::And(hn::ShiftLeft<4>(upper), high_bits)),
                    hn::Or(low_half(second), hn::And(hn::ShiftLeft<2>(upper), high_bits)),
                    hn::Or(high_half(first), hn::And(upper, high_bits)),
                    hn::Or(high_half(second), hn::And(hn::ShiftRight<2>(upper), high_bits)),
                };
                for (std::size_t quarter = 0; quarter < 4; ++quarter) {
                    const float scale = d * static_cast<float>(static_cast<std::int8_t>(scales[quarter * 2 + i / 16]));
                    store_scaled(hn::Sub(numbers[quarter], middle), hn::Set(Float(), scale),
                                 out + half * 128 + quarter * 32 + i);
                }
            }
        }
    }
}

#if HWY_TARGET == HWY_SCALAR
// One lane holds no two bytes at an odd address.
void widen_halves(const std::byte* halves, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = half_at(halves + 2 * i);
}

void widen_bfloat16(const std::byte* numbers, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t bits;
        std::memcpy(&bits, numbers + 2 * i, sizeof bits);
        out[i] = bfloat16_to_float(bits);
    }
}
#else
using Word = hn::RebindToUnsigned<Float>;
using Half = hn::Rebind<std::uint16_t, Float>;
using Words = hn::Vec<Word>;

HWY_INLINE Words load_halves(const std::byte* at) {
    const hn::Repartition<std::uint8_t, Half> bytes;
    return hn::PromoteTo(Word(), hn::BitCast(Half(), hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at))));
}

/// Moves the exponent to float32's bias. Subnormal numbers are made normal by adding and subtracting their hidden bit,
/// which no processor is slow at as it may be at multiplying them.
HWY_INLINE Floats half_bits_to_float(Words bits) {
    const Words sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(Word(), 0x8000)));
    const Words magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(Word(), 0x7fff)));
    const Words exponent = hn::And(magnitude, hn::Set(Word(), 0x7c00u << 13));
    const Words bias = hn::Set(Word(), 112u << 23), hidden = hn::Set(Word(), 1u << 23);
    const Words normal = hn::Add(magnitude, bias);
    const Words special = hn::Add(normal, bias);
    const Floats tiny =
        hn::Sub(hn::BitCast(Float(), hn::Add(normal, hidden)), hn::BitCast(Float(), hn::Set(Word(), 113u << 23)));
    Words result = hn::IfThenElse(hn::Eq(exponent, hn::Set(Word(), 0x7c00u << 13)), special, normal);
    result = hn::IfThenElse(hn::Eq(exponent, hn::Zero(Word())), hn::BitCast(Word(), tiny), result);
    return hn::BitCast(Float(), hn::Or(result, sign));
}

HWY_INLINE Floats bfloat16_bits_to_float(Words bits) {
    return hn::BitCast(Float(), hn::ShiftLeft<16>(bits));
}

template <class Convert, class ConvertOne>
HWY_INLINE void widen(const std::byte* numbers, std::size_t count, float* out, Convert convert,
                      ConvertOne convert_one) {
    const std::size_t lanes = hn::Lanes(Float());
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) hn::StoreU(convert(load_halves(numbers + 2 * i)), Float(), out + i);
    for (; i < count; ++i) {
        std::uint16_t bits;
        std::memcpy(&bits, numbers + 2 * i, sizeof bits);
        out[i] = convert_one(bits);
    }
}

void widen_halves(const std::byte* halves, std::size_t count, float* out) {
    widen(
        halves, count, out, [](Words bits) HWY_ATTR { return half_bits_to_float(bits); }, half_to_float);
}

void widen_bfloat16(const std::byte* numbers, std::size_t count, float* out) {
    widen(
        numbers, count, out, [](Words bits) HWY_ATTR { return bfloat16_bits_to_float(bits); }, bfloat16_to_float);
}
#endif

} // namespace attnscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope {
namespace {

HWY_EXPORT(dequantise_q4_0);
HWY_EXPORT(dequantise_q4_1);
HWY_EXPORT(dequantise_q5_0);
HWY_EXPORT(dequantise_q5_1);
HWY_EXPORT(dequantise_q8_0);
HWY_EXPORT(dequantise_q4_k);
HWY_EXPORT(dequantise_q5_k);
HWY_EXPORT(dequantise_q6_k);
HWY_EXPORT(widen_halves);
HWY_EXPORT(widen_bfloat16);

} // namespace

void dequantise(DType dtype, const std::byte* blocks, std::size_t count, float* out) {
    ATTNSCOPE_ASSERT(count % block_elements(dtype) == 0);
    const std::size_t number = count / block_elements(dtype);
    switch (dtype) {
    case DType::q4_0: return HWY_DYNAMIC_DISPATCH(dequantise_q4_0)(blocks, number, out);
    case DType::q4_1: return HWY_DYNAMIC_DISPATCH(dequantise_q4_1)(blocks, number, out);
    case DType::q5_0: return HWY_DYNAMIC_DISPATCH(dequantise_q5_0)(blocks, number, out);
    case DType::q5_1: return HWY_DYNAMIC_DISPATCH(dequantise_q5_1)(blocks, number, out);
    case DType::q8_0: return HWY_DYNAMIC_DISPATCH(dequantise_q8_0)(blocks, number, out);
    case DType::q4_k: return HWY_DYNAMIC_DISPATCH(dequantise_q4_k)(blocks, number, out);
    case DType::q5_k: return HWY_DYNAMIC_DISPATCH(dequantise_q5_k)(blocks, number, out);
    case DType::q6_k: return HWY_DYNAMIC_DISPATCH(dequantise_q6_k)(blocks, number, out);
    default: ATTNSCOPE_ASSERT(is_quantised(dtype));
    }
}

void halves_to_floats(const std::byte* halves, std::size_t count, float* out) {
    HWY_DYNAMIC_DISPATCH(widen_halves)(halves, count, out);
}

void bfloat16s_to_floats(const std::byte* numbers, std::size_t count, float* out) {
    HWY_DYNAMIC_DISPATCH(widen_bfloat16)(numbers, count, out);
}

} // namespace attnscope
#endif
