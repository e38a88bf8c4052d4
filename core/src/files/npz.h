// npz: a zip archive with an npy array a member.
#pragma once

#include "files/zip_archive.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace attnscope {

/// All members together may inflate to this many bytes.
inline constexpr std::size_t max_inflated = std::size_t{8} << 30;

/// Tensors carry their member's name without ".npy"; other members are passed over. Reads headers only. Throws
/// Error{input}: no array at all, what parse_npy_header refuses, more than max_inflated.
TensorContents parse_npz(const std::vector<ZipMember>& members, const SharedBytes& archive, const std::string& subject);

/// An npz file written array by array: stored members, fixed dates (equal input, equal bytes).
class NpzWriter {
public:
    using Take = std::function<void(std::string_view bytes)>;
    explicit NpzWriter(Take take) : take_(std::move(take)) {}
    void add(const TensorToWrite& tensor);
    /// The directory; nothing can be added behind it.
    void finish();

private:
    void write(std::string_view bytes);

    Take take_;
    std::string directory_;
    std::uint64_t written_ = 0, entries_ = 0;
};

} // namespace attnscope
