#include "support/archives.h"

namespace attnscope::test {
namespace {

std::uint32_t checksum(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
}

// Blocks that deflate lets through as they are: a valid stream without a compressor.
std::string deflated(std::string_view bytes) {
    std::string out;
    do {
        const std::string_view block = bytes.substr(0, 0xffff);
        bytes.remove_prefix(block.size());
        const auto size = static_cast<std::uint16_t>(block.size());
        out += std::string(1, bytes.empty() ? '\1' : '\0') + raw(size) + raw(static_cast<std::uint16_t>(~size));
        out += block;
    } while (!bytes.empty());
    return out;
}

} // namespace

std::string safetensors(std::string_view header, std::string_view data) {
    return raw<std::uint64_t>(header.size()) + std::string(header) + std::string(data);
}

std::string npy_text(std::string_view descr, std::string_view shape, bool fortran) {
    return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + (fortran ? "True" : "False") +
           ", 'shape': " + std::string(shape) + ", }";
}

std::string npy(std::string_view header, std::string_view data, int version) {
    std::string text(header);
    const std::size_t fixed = version == 1 ? 10 : 12;
    text.append(63 - (fixed + text.size()) % 64, ' ');
    text += '\n';
    const std::string size =
        version == 1 ? raw(static_cast<std::uint16_t>(text.size())) : raw(static_cast<std::uint32_t>(text.size()));
    return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' + size + text + std::string(data);
}

std::string zip(std::span<const Member> members) {
    std::string archive, directory;
    for (const Member& member : members) {
        const std::string data = member.deflated ? deflated(member.content) : member.content;
        const auto crc =
            member.claimed_crc >= 0 ? static_cast<std::uint32_t>(member.claimed_crc) : checksum(member.content);
        const auto size = static_cast<std::uint32_t>(
            member.claimed_size >= 0 ? member.claimed_size : static_cast<std::int64_t>(member.content.size()));
        const auto stored = static_cast<std::uint32_t>(data.size());
        const auto offset = static_cast<std::uint32_t>(archive.size());
        const std::string common = raw<std::uint16_t>({20, static_cast<std::uint16_t>(member.encrypted ? 1 : 0),
                                                       static_cast<std::uint16_t>(member.deflated ? 8 : 0), 0, 0x21}) +
                                   raw(crc) + raw(stored) + raw(size) +
                                   raw(static_cast<std::uint16_t>(member.name.size()));
        archive += raw(0x04034b50u) + common + raw(static_cast<std::uint16_t>(member.padding)) + member.name +
                   std::string(member.padding, '\0') + data;
        directory += raw(0x02014b50u) + raw<std::uint16_t>(20) + common + raw<std::uint16_t>({0, 0, 0, 0}) + raw(0u) +
                     raw(offset) + member.name;
    }
    const auto count = static_cast<std::uint16_t>(members.size());
    return archive + directory + raw(0x06054b50u) + raw<std::uint16_t>({0, 0, count, count}) +
           raw(static_cast<std::uint32_t>(directory.size())) + raw(static_cast<std::uint32_t>(archive.size())) +
           raw<std::uint16_t>(0);
}

std::string pytorch(const std::string& pickle, std::initializer_list<std::string> storages) {
    std::vector<Member> members{{"bank/data.pkl", pickle}, {"bank/byteorder", "little"}};
    std::size_t key = 0;
    for (const std::string& storage : storages) members.push_back({"bank/data/" + std::to_string(key++), storage});
    return zip(members);
}

} // namespace attnscope::test
