#include "files/pytorch_zip.h"

#include "base/input_error.h"
#include "files/pickle.h"

#include <string_view>
#include <unordered_map>

namespace attnscope {
namespace {

constexpr std::string_view pickle_name = "data.pkl";

bool is_pickle(const ZipMember& member) noexcept {
    return member.name == pickle_name || member.name.ends_with("/data.pkl");
}

} // namespace

bool looks_like_pytorch(const std::vector<ZipMember>& members) noexcept {
    for (const ZipMember& member : members)
        if (is_pickle(member)) return true;
    return false;
}

TensorContents parse_pytorch_zip(const std::vector<ZipMember>& members, const SharedBytes& archive,
                                 const std::string& subject) {
    const ZipMember* pickle = nullptr;
    std::unordered_map<std::string_view, const ZipMember*> by_name;
    for (const ZipMember& member : members) {
        by_name.emplace(member.name, &member);
        if (!is_pickle(member)) continue;
        if (pickle != nullptr) input_error(subject, "one data.pkl", "two", "member " + excerpt(member.name));
        pickle = &member;
    }
    ATTNSCOPE_ASSERT(pickle != nullptr);
    const std::string folder = pickle->name.substr(0, pickle->name.size() - pickle_name.size());
    if (pickle->size > max_pickle) input_error(subject, "a data.pkl of at most 64 MiB", bytes_text(pickle->size));

    if (const auto order = by_name.find(folder + "byteorder"); order != by_name.end()) {
        const std::vector<std::byte> text = read_prefix(*order->second, 16, subject);
        if (std::string_view(reinterpret_cast<const char*>(text.data()), text.size()) != "little")
            input_error(subject, "little-endian storages", "another byte order", "member byteorder");
    }
    const StorageFinder find_storage = [&](std::string_view key) -> SharedBytes {
        const std::string name = folder + "data/" + std::string(key);
        const auto found = by_name.find(name);
        if (found == by_name.end()) input_error(subject, "member " + excerpt(name), "none of that name");
        if (found->second->deflated)
            input_error(subject, "stored members", "a compressed one", "member " + excerpt(name));
        return read_member(*found->second, archive, subject);
    };
    const SharedBytes bytes = read_checked_member(*pickle, archive, subject);
    TensorContents contents{"pytorch", read_pickled_tensors(bytes, find_storage, subject), {}};
    if (contents.tensors.empty()) input_error(subject, "tensors", "a PyTorch file without one");
    return contents;
}

} // namespace attnscope
