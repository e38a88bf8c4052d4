// What every reader of a tensor format delivers: named tensors, and where their elements lie.
//
// A reader is one function from bytes to TensorContents. It never touches the file system, so the same function serves
// a mapped file, a member of an archive and a fuzz target.
#pragma once

#include <attnscope/tensor_file.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace attnscope {

/// Bytes and what keeps them alive.
struct SharedBytes {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
    bool mapped = false; ///< part of a file's mapping

    SharedBytes part(std::size_t offset, std::size_t size) const {
        return {bytes.subspan(offset, size), owner, mapped};
    }
};

struct StoredTensor {
    TensorInfo info;
    SharedBytes storage;               ///< from the first element on
    std::function<SharedBytes()> load; ///< set instead of `storage` where the elements have to be inflated first
};

struct TensorContents {
    std::string format;
    std::vector<StoredTensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// More dimensions than this are taken for damage.
inline constexpr std::size_t max_dimensions = 16;

/// Recognises the format and reads the header. `subject` names the file in errors.
TensorContents parse_tensors(const SharedBytes& file, const std::string& subject);

/// As open_tensor_file, on a mapping that is already there.
std::unique_ptr<TensorFile> open_tensor_file(const std::shared_ptr<const MappedFile>& file);

/// «tensor NAME», as the place in an error.
std::string tensor_place(const std::string& name);

/// Sets row-major strides. Throws Error{input}: negative sizes, too many dimensions, a size in bytes beyond 2⁶³.
void set_row_major_strides(TensorInfo& tensor, const std::string& subject);
/// The same in Fortran order on request: the first dimension runs fastest.
void set_dense_strides(TensorInfo& tensor, bool fortran, const std::string& subject);
/// Throws Error{input} unless every element that shape and strides reach lies among the first `available` elements and
/// the tensor has no more elements than that.
void check_extent(const TensorInfo& tensor, std::size_t available, const std::string& subject);

/// `tensor`, two-dimensional, with its dimensions swapped: the same elements seen as columns.
TensorInfo transposed(TensorInfo tensor);

} // namespace attnscope
