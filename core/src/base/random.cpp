// Counter-based random numbers: Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
#include <attnscope/job.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <unordered_set>

namespace attnscope {
namespace {

using Block = std::array<std::uint64_t, 2>;

/// The block of 128 random bits at a counter; the stream is the upper half of the 128-bit counter, the seed the key.
Block philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept {
    constexpr std::uint64_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;
    std::array<std::uint32_t, 4> x{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                                   static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
    auto key_0 = static_cast<std::uint32_t>(seed), key_1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product_0 = multiplier_0 * x[0], product_1 = multiplier_1 * x[2];
        x = {static_cast<std::uint32_t>(product_1 >> 32) ^ x[1] ^ key_0, static_cast<std::uint32_t>(product_1),
             static_cast<std::uint32_t>(product_0 >> 32) ^ x[3] ^ key_1, static_cast<std::uint32_t>(product_0)};
        key_0 += weyl_0;
        key_1 += weyl_1;
    }
    return {x[0] | std::uint64_t{x[1]} << 32, x[2] | std::uint64_t{x[3]} << 32};
}

double unit_interval(std::uint64_t bits) noexcept {
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

} // namespace

std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept {
    return philox(seed, stream, counter)[0];
}

double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept {
    return unit_interval(random_bits(seed, stream, counter));
}

double random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept {
    const Block block = philox(seed, stream, counter);
    // 1 − u lies in (0, 1], so the logarithm is finite.
    const double radius = std::sqrt(-2 * std::log(1 - unit_interval(block[0])));
    return radius * std::cos(2 * std::numbers::pi * unit_interval(block[1]));
}

std::vector<std::size_t> random_subset(std::uint64_t seed, std::uint64_t stream, std::size_t n, std::size_t count) {
    std::vector<std::size_t> chosen;
    if (count >= n) {
        chosen.resize(n);
        for (std::size_t i = 0; i < n; ++i) chosen[i] = i;
        return chosen;
    }
    // Floyd's algorithm: each of the last `count` numbers either draws a smaller one not taken yet or takes itself.
    std::unordered_set<std::size_t> taken;
    taken.reserve(count);
    chosen.reserve(count);
    for (std::size_t last = n - count; last < n; ++last) {
        const auto scaled = static_cast<unsigned __int128>(random_bits(seed, stream, last)) * (last + 1);
        const auto drawn = static_cast<std::size_t>(scaled >> 64);
        const std::size_t pick = taken.contains(drawn) ? last : drawn;
        taken.insert(pick);
        chosen.push_back(pick);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

} // namespace attnscope
