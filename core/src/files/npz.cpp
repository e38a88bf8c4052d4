#include "files/npz.h"

#include "base/input_error.h"
#include "files/npy.h"

#include <cstring>
#include <zlib.h>

namespace attnscope {
namespace {

constexpr std::string_view suffix = ".npy";
constexpr std::uint16_t version = 45;

StoredTensor parse_member(const ZipMember& member, const SharedBytes& archive, const std::string& subject) {
    const std::string name = member.name.substr(0, member.name.size() - suffix.size());
    const std::string place = tensor_place(name);
    const std::vector<std::byte> prefix = read_prefix(member, max_npy_header, subject);
    NpyHeader header = parse_npy_header(prefix, subject, place);
    check_npy_size(header, member.size, subject, place);
    StoredTensor tensor;
    tensor.info = std::move(header.info);
    tensor.info.name = name;
    const std::size_t offset = header.data_offset, size = member.size - offset;
    if (member.deflated) {
        tensor.load = [member, archive, subject, offset, size] {
            return read_member(member, archive, subject).part(offset, size);
        };
    } else {
        tensor.storage = read_member(member, archive, subject).part(offset, size);
    }
    return tensor;
}

template <class Number>
void append(std::string& bytes, Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

} // namespace

TensorContents parse_npz(const std::vector<ZipMember>& members, const SharedBytes& archive,
                         const std::string& subject) {
    TensorContents contents{"npz", {}, {}};
    std::size_t inflated = 0;
    for (const ZipMember& member : members) {
        if (!member.name.ends_with(suffix) || member.name.size() == suffix.size()) continue;
        // Sizes of stored members are bounded by the file; the sum of deflated ones is bounded here before any is read.
        if (member.deflated && (member.size > max_inflated || (inflated += member.size) > max_inflated))
            input_error(subject, "at most 8 GiB of inflated arrays", "more", "member " + excerpt(member.name));
        contents.tensors.push_back(parse_member(member, archive, subject));
    }
    if (contents.tensors.empty()) input_error(subject, "npy arrays or a data.pkl in the zip archive", "neither");
    return contents;
}

void NpzWriter::add(const TensorToWrite& tensor) {
    // Dates are the earliest the format can say (1 January 1980), the only ones that are always the same.
    constexpr std::uint16_t no_flags = 0, stored = 0, midnight = 0, first_day = 0x21;
    constexpr std::uint16_t extra_kind = 0xd935; // the tag Android's zipalign uses for padding
    constexpr std::size_t local_size = 30, extra_header = 4;
    const std::string header = npy_header(tensor.dtype, tensor.shape), name = tensor.name + std::string(suffix);
    const auto* data = reinterpret_cast<const Bytef*>(tensor.data.data());
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(header.data()), header.size());
    if (!tensor.data.empty()) crc = crc32_z(crc, data, tensor.data.size()); // null would start it anew
    const std::uint64_t size = header.size() + tensor.data.size(), offset = written_;
    const bool large = size >= 0xffffffff, far = offset >= 0xffffffff;

    // Padding in the extra field puts the array at a multiple of 64, so that it can be used in place.
    const std::size_t sizes = large ? extra_header + 16 : 0;
    const std::size_t begin = offset + local_size + name.size() + sizes + extra_header;
    const std::size_t padding = (64 - begin % 64) % 64;
    const auto extra_size = static_cast<std::uint16_t>(sizes + extra_header + padding);
    const auto common = [&](std::string& out, std::uint16_t extra) {
        for (const std::uint16_t number : {version, no_flags, stored, midnight, first_day}) append(out, number);
        append(out, static_cast<std::uint32_t>(crc));
        for (int k = 0; k < 2; ++k) append(out, large ? 0xffffffffu : static_cast<std::uint32_t>(size));
        append(out, static_cast<std::uint16_t>(name.size()));
        append(out, extra);
    };
    std::string front;
    append(front, 0x04034b50u);
    common(front, extra_size);
    front += name;
    if (large) {
        append(front, std::uint16_t{1});
        append(front, std::uint16_t{16});
        append(front, size);
        append(front, size);
    }
    append(front, extra_kind);
    append(front, static_cast<std::uint16_t>(padding));
    front.append(padding, '\0');
    write(front + header);
    write({reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()});

    const auto numbers = static_cast<std::uint16_t>((large ? 16 : 0) + (far ? 8 : 0));
    append(directory_, 0x02014b50u);
    append(directory_, version);
    common(directory_, static_cast<std::uint16_t>(numbers > 0 ? extra_header + numbers : 0));
    for (int k = 0; k < 3; ++k) append(directory_, std::uint16_t{0}); // comment, volume, internal attributes
    append(directory_, std::uint32_t{0});                             // external attributes
    append(directory_, far ? 0xffffffffu : static_cast<std::uint32_t>(offset));
    directory_ += name;
    if (numbers > 0) {
        append(directory_, std::uint16_t{1});
        append(directory_, numbers);
        for (int k = 0; large && k < 2; ++k) append(directory_, size);
        if (far) append(directory_, offset);
    }
    ++entries_;
}

void NpzWriter::finish() {
    const std::uint64_t directory_offset = written_, directory_size = directory_.size();
    write(directory_);
    std::string end;
    const bool wide = entries_ >= 0xffff || directory_offset >= 0xffffffff || directory_size >= 0xffffffff;
    if (wide) {
        const std::uint64_t record = written_;
        append(end, 0x06064b50u);
        append(end, std::uint64_t{44}); // of the rest of this record
        append(end, version);
        append(end, version);
        append(end, std::uint64_t{0}); // volumes
        for (const std::uint64_t number : {entries_, entries_, directory_size, directory_offset}) append(end, number);
        append(end, 0x07064b50u);
        append(end, std::uint32_t{0});
        append(end, record);
        append(end, std::uint32_t{1});
    }
    append(end, 0x06054b50u);
    append(end, std::uint32_t{0});
    for (int k = 0; k < 2; ++k) append(end, wide ? std::uint16_t{0xffff} : static_cast<std::uint16_t>(entries_));
    append(end, wide ? 0xffffffffu : static_cast<std::uint32_t>(directory_size));
    append(end, wide ? 0xffffffffu : static_cast<std::uint32_t>(directory_offset));
    append(end, std::uint16_t{0});
    write(end);
}

void NpzWriter::write(std::string_view bytes) {
    take_(bytes);
    written_ += bytes.size();
}

std::string npz_bytes(std::span<const TensorToWrite> tensors) {
    std::string archive;
    NpzWriter writer([&](std::string_view bytes) { archive += bytes; });
    for (const TensorToWrite& tensor : tensors) writer.add(tensor);
    writer.finish();
    return archive;
}

} // namespace attnscope
