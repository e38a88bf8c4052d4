// SHA-256 (FIPS 180-4): the rounds as the standard writes them, and the same through the processor's SHA instructions.
#include "files/sha256.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace attnscope {
namespace {

alignas(16) constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t big_endian_word(const std::byte* at) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return __builtin_bswap32(word);
}

void compress_plain(Sha256::State& state, const std::byte* block, std::size_t blocks) {
    for (; blocks > 0; --blocks, block += Sha256::block_size) {
        std::uint32_t w[64];
        for (int t = 0; t < 16; ++t) w[t] = big_endian_word(block + 4 * t);
        for (int t = 16; t < 64; ++t) {
            const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
            const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
        auto [a, b, c, d, e, f, g, h] = state;
        for (int t = 0; t < 64; ++t) {
            const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
            const std::uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
            const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
            const std::uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

#if defined(__x86_64__)
bool has_sha_instructions() {
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 || (c & bit_SSSE3) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1u << 29)) != 0;
}

// The instructions want the state as two vectors (a b e f) and (c d g h), highest lane first, and do four rounds with
// two calls. Words of the schedule travel in a ring of four vectors.
__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha(Sha256::State& state, const std::byte* block,
                                                              std::size_t blocks) {
    const __m128i swap_bytes = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef = _mm_set_epi32(static_cast<int>(state[0]), static_cast<int>(state[1]), static_cast<int>(state[4]),
                                 static_cast<int>(state[5]));
    __m128i cdgh = _mm_set_epi32(static_cast<int>(state[2]), static_cast<int>(state[3]), static_cast<int>(state[6]),
                                 static_cast<int>(state[7]));
    for (; blocks > 0; --blocks, block += Sha256::block_size) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i ring[4];
#pragma GCC unroll 16
        for (int quad = 0; quad < 16; ++quad) {
            __m128i& words = ring[quad % 4];
            if (quad < 4) {
                const auto* source = reinterpret_cast<const __m128i*>(block + 16 * quad);
                words = _mm_shuffle_epi8(_mm_loadu_si128(source), swap_bytes);
            } else {
                const __m128i next = ring[(quad + 1) % 4], before = ring[(quad + 3) % 4];
                const __m128i middle = _mm_alignr_epi8(before, ring[(quad + 2) % 4], 4);
                words = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(words, next), middle), before);
            }
            const auto* constants = reinterpret_cast<const __m128i*>(round_constants.data() + 4 * quad);
            const __m128i input = _mm_add_epi32(words, _mm_load_si128(constants));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, input);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(input, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    alignas(16) std::uint32_t first[4], second[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(first), abef);
    _mm_store_si128(reinterpret_cast<__m128i*>(second), cdgh);
    state = {first[3], first[2], second[3], second[2], first[1], first[0], second[1], second[0]};
}
#endif

Sha256::Compress quickest() {
#if defined(__x86_64__)
    if (has_sha_instructions()) return compress_sha;
#endif
    return compress_plain;
}

} // namespace

Sha256::Sha256() : Sha256(quickest()) {}
Sha256 Sha256::plain() {
    return Sha256(compress_plain);
}

void Sha256::add(std::span<const std::byte> bytes) {
    length_ += bytes.size();
    if (pending_size_ > 0) {
        const std::size_t taken = std::min(bytes.size(), block_size - pending_size_);
        std::memcpy(pending_.data() + pending_size_, bytes.data(), taken);
        pending_size_ += taken;
        bytes = bytes.subspan(taken);
        if (pending_size_ < block_size) return;
        compress_(state_, pending_.data(), 1);
        pending_size_ = 0;
    }
    const std::size_t blocks = bytes.size() / block_size;
    compress_(state_, bytes.data(), blocks);
    bytes = bytes.subspan(blocks * block_size);
    if (!bytes.empty()) std::memcpy(pending_.data(), bytes.data(), bytes.size());
    pending_size_ = bytes.size();
}

void Sha256::add(std::span<const std::byte> bytes, const BytesDone& between) {
    constexpr std::size_t piece = std::size_t{4} << 20;
    for (std::size_t done = 0; done < bytes.size();) {
        const std::size_t size = std::min(piece, bytes.size() - done);
        add(bytes.subspan(done, size));
        done += size;
        if (between) between(done);
    }
}

std::string Sha256::hex() {
    // A one bit, zeros up to eight bytes before the end of a block, the length in bits.
    std::array<std::byte, 2 * block_size> tail = {};
    tail[0] = std::byte{0x80};
    const std::size_t padding = (pending_size_ < 56 ? 56 : 120) - pending_size_;
    const std::uint64_t bits = __builtin_bswap64(length_ * 8);
    std::memcpy(tail.data() + padding, &bits, sizeof bits);
    add({tail.data(), padding + sizeof bits});

    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (const std::uint32_t word : state_)
        for (int shift = 28; shift >= 0; shift -= 4) text += digits[(word >> shift) & 15];
    return text;
}

std::string sha256(std::string_view bytes) {
    return sha256(bytes, {});
}

std::string sha256(std::string_view bytes, const BytesDone& between) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes)), between);
    return hash.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
    return sha256_file(path, {});
}

std::string sha256_file(const std::filesystem::path& path, const BytesDone& between) {
    const auto file = MappedFile::open(path);
    Sha256 hash;
    hash.add(file->bytes(), between);
    file->check_intact();
    return hash.hex();
}

} // namespace attnscope
