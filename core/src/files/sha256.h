// SHA-256 over bytes that arrive in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace attnscope {

class Sha256 {
public:
    static constexpr std::size_t block_size = 64;
    using State = std::array<std::uint32_t, 8>;
    using Compress = void (*)(State&, const std::byte* block, std::size_t blocks);

    Sha256();              ///< through the processor's SHA instructions where it has them
    static Sha256 plain(); ///< the reference: portable code on any processor
    void add(std::span<const std::byte> bytes);
    /// The same in pieces of a few megabytes, `between` after each; it may be empty.
    void add(std::span<const std::byte> bytes, const std::function<void(std::uint64_t)>& between);
    std::string hex(); ///< 64 lower-case digits; ends the computation

private:
    explicit Sha256(Compress compress) : compress_(compress) {}

    Compress compress_;
    State state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, block_size> pending_;
    std::size_t pending_size_ = 0;
    std::uint64_t length_ = 0;
};

} // namespace attnscope
