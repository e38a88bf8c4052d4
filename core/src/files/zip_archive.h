// The directory of a zip archive in memory, ZIP64 included: where each member's bytes lie, so that stored members can
// be used in place.
#pragma once

#include "files/tensor_contents.h"

#include <string>
#include <vector>

namespace attnscope {

struct ZipMember {
    std::string name;
    bool deflated = false;
    std::size_t size = 0;            ///< inflated
    std::span<const std::byte> data; ///< as it lies in the archive
    std::uint32_t crc = 0;
};

bool looks_like_zip(std::span<const std::byte> bytes) noexcept;

/// Members in the order of the directory, folders left out. Throws Error{input}: no directory, several volumes,
/// encryption, methods other than stored and deflated, a name twice, members that overlap or lead outside, an inflated
/// size that cannot come out of the deflated one.
std::vector<ZipMember> read_zip_directory(std::span<const std::byte> archive, const std::string& subject);

/// The first bytes of a member, at most `limit`, without a checksum.
std::vector<std::byte> read_prefix(const ZipMember& member, std::size_t limit, const std::string& subject);
/// A whole member: in place when stored, inflated into memory of its own otherwise (checksum verified).
SharedBytes read_member(const ZipMember& member, const SharedBytes& archive, const std::string& subject);
/// As read_member, with the checksum of stored members verified too.
SharedBytes read_checked_member(const ZipMember& member, const SharedBytes& archive, const std::string& subject);

} // namespace attnscope
