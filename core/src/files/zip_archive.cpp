// Layout and signatures: PKWARE's APPNOTE.TXT 6.3.
#include "files/zip_archive.h"

#include "base/checked.h"
#include "base/input_error.h"
#include "base/memory.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>
#include <zlib.h>

namespace attnscope {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50,
                        end64_signature = 0x06064b50, locator_signature = 0x07064b50;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator_size = 20;
constexpr std::uint32_t in_extra = 0xffffffff; // the number is in the ZIP64 extra field
constexpr std::size_t best_deflate_ratio = 1032;

/// Little-endian numbers at positions of a buffer; a position outside is an error of the file.
class Reader {
public:
    Reader(std::span<const std::byte> bytes, const std::string& subject) : bytes_(bytes), subject_(subject) {}

    template <class Number>
    Number number(std::size_t at) const {
        Number value;
        std::memcpy(&value, part(at, sizeof value).data(), sizeof value);
        return value;
    }
    std::span<const std::byte> part(std::size_t at, std::size_t size) const {
        const auto end = checked_add(at, size);
        if (!end || *end > bytes_.size()) fail("a whole zip archive", "one that is cut short", at);
        return bytes_.subspan(at, size);
    }
    std::string text(std::size_t at, std::size_t size) const {
        const auto bytes = part(at, size);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[noreturn]] void fail(std::string expected, std::string got, std::size_t at) const {
        input_error(subject_, std::move(expected), std::move(got), "byte " + std::to_string(at));
    }
    std::size_t size() const { return bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
    const std::string& subject_;
};

struct Directory {
    std::size_t offset = 0, size = 0, entries = 0;
};

std::size_t find_end_record(const Reader& reader) {
    if (reader.size() >= end_size) {
        // A comment of up to 65535 bytes may follow the record.
        const std::size_t last = reader.size() - end_size, first = last > 0xffff ? last - 0xffff : 0;
        for (std::size_t at = last + 1; at-- > first;)
            if (reader.number<std::uint32_t>(at) == end_signature &&
                at + end_size + reader.number<std::uint16_t>(at + 20) == reader.size())
                return at;
    }
    reader.fail("a zip archive with its directory", "none: the file is cut short or damaged", reader.size());
}

Directory find_directory(const Reader& reader) {
    const std::size_t end = find_end_record(reader);
    Directory directory{reader.number<std::uint32_t>(end + 16), reader.number<std::uint32_t>(end + 12),
                        reader.number<std::uint16_t>(end + 10)};
    bool one_volume = reader.number<std::uint16_t>(end + 4) == 0;
    std::size_t limit = end;
    if (end >= locator_size && reader.number<std::uint32_t>(end - locator_size) == locator_signature) {
        const auto record = reader.number<std::uint64_t>(end - locator_size + 8);
        if (record > end - locator_size || reader.number<std::uint32_t>(record) != end64_signature)
            reader.fail("a ZIP64 end record", "other content", record);
        reader.part(record, end64_size);
        directory = {reader.number<std::uint64_t>(record + 48), reader.number<std::uint64_t>(record + 40),
                     reader.number<std::uint64_t>(record + 32)};
        one_volume = reader.number<std::uint32_t>(record + 16) == 0;
        limit = record;
    }
    if (!one_volume) reader.fail("an archive in one piece", "a volume of several", end);
    const auto directory_end = checked_add(directory.offset, directory.size);
    if (!directory_end || *directory_end > limit) reader.fail("a directory inside the archive", "one outside", end);
    if (directory.entries > directory.size / central_size)
        reader.fail("as many members as fit the directory", std::to_string(directory.entries), end);
    return directory;
}

struct Sizes {
    std::size_t inflated = 0, stored = 0, offset = 0;
};

Sizes member_sizes(const Reader& reader, std::size_t entry, std::size_t extra, std::size_t extra_size) {
    Sizes sizes{reader.number<std::uint32_t>(entry + 24), reader.number<std::uint32_t>(entry + 20),
                reader.number<std::uint32_t>(entry + 42)};
    // ZIP64: eight bytes for each number the entry leaves out, in this order.
    for (std::size_t at = extra; at + 4 <= extra + extra_size;) {
        const auto kind = reader.number<std::uint16_t>(at);
        const std::size_t size = reader.number<std::uint16_t>(at + 2), field = at + 4;
        if (size > extra + extra_size - field) reader.fail("an extra field inside its member", "a longer one", at);
        std::size_t used = 0;
        for (std::size_t* value : {&sizes.inflated, &sizes.stored, &sizes.offset}) {
            if (kind != 1 || *value != in_extra || used + 8 > size) continue;
            *value = reader.number<std::uint64_t>(field + used);
            used += 8;
        }
        at = field + size;
    }
    return sizes;
}

void check_overlaps(std::vector<std::pair<std::size_t, std::size_t>> ranges, const Reader& reader) {
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i)
        if (ranges[i].first < ranges[i - 1].second)
            reader.fail("members one after another", "members that overlap", ranges[i].first);
}

} // namespace

bool looks_like_zip(std::span<const std::byte> bytes) noexcept {
    std::uint32_t signature = 0;
    if (bytes.size() < sizeof signature) return false;
    std::memcpy(&signature, bytes.data(), sizeof signature);
    return signature == local_signature || signature == end_signature;
}

std::vector<ZipMember> read_zip_directory(std::span<const std::byte> archive, const std::string& subject) {
    const Reader reader(archive, subject);
    const Directory directory = find_directory(reader);
    std::vector<ZipMember> members;
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    std::unordered_set<std::string> names;
    std::size_t at = directory.offset;
    for (std::size_t i = 0; i < directory.entries; ++i) {
        if (reader.number<std::uint32_t>(at) != central_signature)
            reader.fail("a directory entry", "other content", at);
        const std::size_t name_size = reader.number<std::uint16_t>(at + 28);
        const std::size_t extra_size = reader.number<std::uint16_t>(at + 30);
        const std::size_t comment_size = reader.number<std::uint16_t>(at + 32);
        const auto flags = reader.number<std::uint16_t>(at + 8), method = reader.number<std::uint16_t>(at + 10);
        ZipMember member;
        member.name = reader.text(at + central_size, name_size);
        member.deflated = method == 8;
        member.crc = reader.number<std::uint32_t>(at + 16);
        const Sizes sizes = member_sizes(reader, at, at + central_size + name_size, extra_size);
        member.size = sizes.inflated;

        const auto fail = [&](std::string expected, std::string got) {
            input_error(subject, std::move(expected), std::move(got), "member " + excerpt(member.name));
        };
        if ((flags & 1) != 0) fail("a member without encryption", "an encrypted one");
        if (method != 0 && method != 8) fail("a stored or deflated member", "method " + std::to_string(method));
        if (!names.insert(member.name).second) fail("names once", "this one twice");
        if (!member.deflated && sizes.inflated != sizes.stored) fail("a stored member of one size", "two sizes");
        if (member.deflated && sizes.inflated / best_deflate_ratio > sizes.stored)
            fail("a size that deflated data can have", bytes_text(sizes.inflated));

        if (sizes.offset > directory.offset || reader.number<std::uint32_t>(sizes.offset) != local_signature)
            fail("a member inside the archive", "a header that is not there");
        const std::size_t local_name = reader.number<std::uint16_t>(sizes.offset + 26);
        const std::size_t begin =
            sizes.offset + local_size + local_name + reader.number<std::uint16_t>(sizes.offset + 28);
        const auto end = checked_add(begin, sizes.stored);
        if (!end || *end > directory.offset) fail("a member inside the archive", "one that leads outside");
        if (reader.text(sizes.offset + local_size, local_name) != member.name)
            fail("one name", "another one in front of the data");
        member.data = reader.part(begin, sizes.stored);
        ranges.emplace_back(sizes.offset, *end);
        if (!member.name.ends_with('/')) members.push_back(std::move(member));
        at += central_size + name_size + extra_size + comment_size;
        if (at > directory.offset + directory.size) reader.fail("a directory of its size", "a longer one", at);
    }
    check_overlaps(std::move(ranges), reader);
    return members;
}

namespace {

std::uint32_t checksum(std::span<const std::byte> bytes) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Inflates until `out` is full or the data ends; returns how many bytes came out. `whole`: the data has to end exactly
/// where `out` does.
std::size_t inflate_into(const ZipMember& member, std::span<std::byte> out, bool whole, const std::string& subject) {
    struct Stream : z_stream {
        Stream() : z_stream{} { ready = inflateInit2(this, -MAX_WBITS) == Z_OK; }
        ~Stream() { inflateEnd(this); }
        bool ready;
    } stream;
    if (!stream.ready) throw Error(ErrorKind::resource, subject, "memory to inflate", "none");

    constexpr std::size_t most = std::numeric_limits<uInt>::max(); // zlib counts in 32 bits
    std::span<const std::byte> in = member.data;
    std::byte nothing[1]; // lets zlib see the end of the data when nothing more is to come out
    std::size_t done = 0;
    int status = Z_OK;
    while (status == Z_OK) {
        const auto give = static_cast<uInt>(std::min(in.size(), most));
        const std::size_t room = out.size() - done;
        if (room == 0 && !whole) return done;
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream.avail_in = give;
        const auto take = static_cast<uInt>(room == 0 ? 1 : std::min(room, most));
        stream.next_out = reinterpret_cast<Bytef*>(room == 0 ? nothing : out.data() + done);
        stream.avail_out = take;
        status = inflate(&stream, Z_NO_FLUSH);
        const std::size_t came = take - stream.avail_out;
        if (room == 0 && came > 0) status = Z_DATA_ERROR; // more than the directory announced
        if (room > 0) done += came;
        in = in.subspan(give - stream.avail_in);
    }
    if (status != Z_STREAM_END || (whole && done != out.size()))
        input_error(subject, bytes_text(out.size()) + " of deflated data", "damaged or shorter data",
                    "member " + excerpt(member.name));
    return done;
}

void check_sum(const ZipMember& member, std::span<const std::byte> bytes, const std::string& subject) {
    if (checksum(bytes) != member.crc)
        input_error(subject, "data with the checksum of the directory", "damaged data",
                    "member " + excerpt(member.name));
}

} // namespace

std::vector<std::byte> read_prefix(const ZipMember& member, std::size_t limit, const std::string& subject) {
    std::vector<std::byte> bytes(std::min(member.size, limit));
    if (member.deflated) {
        bytes.resize(inflate_into(member, bytes, false, subject));
    } else {
        std::copy_n(member.data.begin(), bytes.size(), bytes.begin());
    }
    return bytes;
}

SharedBytes read_member(const ZipMember& member, const SharedBytes& archive, const std::string& subject) {
    if (!member.deflated) return {member.data, archive.owner, archive.mapped};
    const std::shared_ptr<std::byte> memory = allocate_bytes(member.size, subject);
    const std::span<std::byte> bytes(memory.get(), member.size);
    inflate_into(member, bytes, true, subject);
    check_sum(member, bytes, subject);
    return {bytes, memory, false};
}

SharedBytes read_checked_member(const ZipMember& member, const SharedBytes& archive, const std::string& subject) {
    SharedBytes bytes = read_member(member, archive, subject);
    if (!member.deflated) check_sum(member, bytes.bytes, subject);
    return bytes;
}

} // namespace attnscope
