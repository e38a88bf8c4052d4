// Blocks and half-width numbers as float32: bit for bit on every instruction set, over all there is to be found in
// files.
#include "files/dequantise.h"
#include "files/elements.h"

#include "support/every_target.h"

#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace attnscope {
namespace {

constexpr std::array quantised{DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                               DType::q8_0, DType::q4_k, DType::q5_k, DType::q6_k};

/// Equal bits, or both no number.
void expect_same(const std::vector<float>& got, const std::vector<float>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (std::isnan(got[i]) && std::isnan(expected[i])) continue;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(expected[i]))
            << "element " << i << ": " << got[i] << " and " << expected[i];
    }
}

/// Random blocks behind `shift` bytes, so that they lie at any address.
std::vector<std::byte> random_blocks(DType dtype, std::size_t blocks, std::size_t shift) {
    std::vector<std::byte> bytes(shift + blocks * block_size(dtype));
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(random_bits(5, static_cast<std::uint64_t>(dtype), i) & 255);
    return bytes;
}

std::vector<float> with(void (*convert)(DType, const std::byte*, std::size_t, float*), DType dtype,
                        std::span<const std::byte> blocks) {
    std::vector<float> values(stored_elements(dtype, blocks.size()));
    convert(dtype, blocks.data(), values.size(), values.data());
    return values;
}

TEST(Dequantise, AgreesWithTheReferenceOnEveryTarget) {
    for (const DType dtype : quantised) {
        SCOPED_TRACE(dtype_name(dtype));
        // Random bytes give random scales, among them infinite ones and none that is a number.
        for (const std::size_t shift : {0, 1}) {
            const auto bytes = random_blocks(dtype, 2000, shift);
            const auto blocks = std::span(bytes).subspan(shift);
            const std::vector<float> expected = with(dequantise_reference, dtype, blocks);
            test::on_every_target([&] { expect_same(with(dequantise, dtype, blocks), expected); });
        }
    }
}

TEST(Dequantise, AgreesWithTheReferenceOnEveryPatternOfABlock) {
    // Every byte takes every value in turn, with scales that are ordinary.
    for (const DType dtype : quantised) {
        SCOPED_TRACE(dtype_name(dtype));
        const std::size_t size = block_size(dtype);
        std::vector<std::byte> bytes(256 * size);
        for (std::size_t block = 0; block < 256; ++block) {
            for (std::size_t i = 0; i < size; ++i)
                bytes[block * size + i] = static_cast<std::byte>((block + i * 37) & 255);
            const std::uint16_t scale = 0x2e66, offset = 0xb555;
            std::memcpy(bytes.data() + block * size + (dtype == DType::q6_k ? 208 : 0), &scale, sizeof scale);
            if (dtype == DType::q4_1 || dtype == DType::q5_1 || dtype == DType::q4_k || dtype == DType::q5_k)
                std::memcpy(bytes.data() + block * size + 2, &offset, sizeof offset);
        }
        const std::vector<float> expected = with(dequantise_reference, dtype, bytes);
        for (const float value : expected) ASSERT_TRUE(std::isfinite(value));
        test::on_every_target([&] { expect_same(with(dequantise, dtype, bytes), expected); });
    }
}

TEST(Dequantise, GivesTheNumbersOfTheFormatsOwnTools) {
    // A block whose byte i is 37·i + 11 with the scales set to 0x2e66 and, where there is a second, 0x3555: eight of
    // its elements and the sum of all, from the gguf package for Python.
    struct Expected {
        DType dtype;
        bool second;
        std::array<std::size_t, 8> places;
        std::array<float, 8> values;
        double sum;
    };
    const std::array<std::size_t, 8> in_32{0, 5, 10, 15, 16, 21, 26, 31}, in_256{0, 37, 74, 111, 148, 185, 222, 227};
    const std::array expectations{
        Expected{DType::q4_0,
                 false,
                 in_32,
                 {-0.299926758f, 0.599853516f, -0.0999755859f, -0.799804688f, -0.299926758f, -0.799804688f,
                  0.399902344f, 0.f},
                 -2.0994873046875},
        Expected{
            DType::q4_1,
            true,
            in_32,
            {1.83288574f, 1.13305664f, 0.433227539f, 1.33300781f, 1.23303223f, 0.833129883f, 0.433227539f, 1.53295898f},
            35.1580810546875},
        Expected{DType::q5_0,
                 false,
                 in_32,
                 {0.899780273f, -1.3996582f, -0.49987793f, -1.19970703f, 1.3996582f, -0.599853516f, 0.49987793f,
                  0.0999755859f},
                 1.4996337890625},
        Expected{
            DType::q5_1,
            true,
            in_32,
            {2.23278809f, 1.53295898f, 2.43273926f, 3.33251953f, 2.23278809f, 3.33251953f, 2.93261719f, 0.833129883f},
            61.1517333984375},
        Expected{
            DType::q8_0,
            false,
            in_32,
            {8.4979248f, 1.3996582f, -5.6986084f, -12.796875f, -9.09777832f, 9.39770508f, 2.29943848f, -4.79882812f},
            -17.595703125},
        Expected{
            DType::q4_k,
            true,
            in_256,
            {17.0958252f, -7.59814453f, 32.9586182f, -8.53125f, 54.4866943f, 7.99804688f, -0.766479492f, -5.6652832f},
            3049.6552734375},
        Expected{
            DType::q5_k,
            true,
            in_256,
            {66.6837158f, -3.59912109f, 98.5426025f, 5.46533203f, 116.87146f, 163.959961f, -0.766479492f, 0.333251953f},
            9225.7470703125},
        Expected{DType::q6_k,
                 false,
                 in_256,
                 {-143.065063f, -25.1938477f, 218.446655f, -113.072388f, 74.3818359f, 78.3808594f, 184.754883f,
                  -23.4942627f},
                 461.08740234375},
    };
    for (const Expected& expected : expectations) {
        SCOPED_TRACE(dtype_name(expected.dtype));
        std::vector<std::byte> block(block_size(expected.dtype));
        for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>((i * 37 + 11) & 255);
        const std::uint16_t scale = 0x2e66, second = 0x3555;
        std::memcpy(block.data() + (expected.dtype == DType::q6_k ? 208 : 0), &scale, sizeof scale);
        if (expected.second) std::memcpy(block.data() + 2, &second, sizeof second);
        const std::vector<float> values = with(dequantise, expected.dtype, block);
        for (std::size_t i = 0; i < expected.places.size(); ++i)
            EXPECT_EQ(values[expected.places[i]], expected.values[i]) << i;
        EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0.0), expected.sum);
    }
}

TEST(HalfWidthNumbers, AreTheSameOnEveryTarget) {
    // Every pattern there is, at an odd address, and a few more than fill the last vector.
    constexpr std::size_t count = 65536 + 3;
    std::vector<std::byte> bytes(1 + 2 * count);
    std::vector<float> halves(count), brains(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits = static_cast<std::uint16_t>(i);
        std::memcpy(bytes.data() + 1 + 2 * i, &bits, sizeof bits);
        halves[i] = half_to_float(bits);
        brains[i] = bfloat16_to_float(bits);
    }
    test::on_every_target([&] {
        std::vector<float> got(count);
        halves_to_floats(bytes.data() + 1, count, got.data());
        expect_same(got, halves);
        bfloat16s_to_floats(bytes.data() + 1, count, got.data());
        expect_same(got, brains);
    });
}

} // namespace
} // namespace attnscope
