// Files of tensors, memory-mapped: safetensors, npy, npz, PyTorch zip archives, GGUF.
//
// Vocabulary: a *tensor file* lists named tensors; a tensor is *mapped* when its elements lie uncompressed,
// contiguous and aligned in the file, so that it is used in place. Files come from strangers: every reader checks
// sizes with checked arithmetic, caps headers, and never runs anything found in a file.
#pragma once

#include <attnscope/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// The last eight are GGUF's quantised types: a row is stored in *blocks* of 32 or 256 elements that share their scale.
enum class DType {
    f64,
    f32,
    f16,
    bf16,
    i64,
    i32,
    i16,
    i8,
    u8,
    u16,
    u32,
    u64,
    boolean,
    q4_0,
    q4_1,
    q5_0,
    q5_1,
    q8_0,
    q4_k,
    q5_k,
    q6_k
};
std::size_t block_elements(DType dtype) noexcept; ///< elements of a block; 1 for types that are not quantised
std::size_t block_size(DType dtype) noexcept;     ///< bytes of a block: of an element where that is a block
const char* dtype_name(DType dtype) noexcept;     ///< float32, bfloat16, Q4_K, …
inline bool is_quantised(DType dtype) noexcept {
    return dtype >= DType::q4_0;
}

/// A read-only mapping of a whole file; shared by every tensor in it. Survives the file's deletion. Should another
/// program shorten the file, what is gone reads as zeros and check_intact() says so.
class MappedFile {
public:
    /// Throws Error{input} when the file cannot be opened, is empty, or is no regular file.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    const std::filesystem::path& path() const noexcept { return path_; }
    /// Throws Error{input} when the file was shortened or rewritten since it was opened; costs one system call. Numbers
    /// computed from the mapping count once this has passed after the computation.
    void check_intact() const;

private:
    MappedFile() = default;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    int descriptor_ = -1, guard_ = -1;
    std::int64_t modified_ = 0; // nanoseconds
    std::filesystem::path path_;
};

/// Told after every few megabytes of a file or of a copy how many bytes are done; may throw to end the work.
using BytesDone = std::function<void(std::uint64_t)>;

struct TensorInfo {
    std::string name;
    DType dtype = DType::f32;
    std::vector<std::int64_t> shape;   ///< row-major logical shape
    std::vector<std::int64_t> strides; ///< in elements; row-major contiguous except for PyTorch views
    std::size_t elements() const noexcept;
    std::size_t bytes() const noexcept; ///< in the file, when contiguous
};

/// Elements of one tensor as float32, row-major contiguous: a view into the mapping where it can be, else owned.
struct FloatTensor {
    std::vector<std::int64_t> shape;
    std::span<const float> values;
    bool mapped = false;               ///< values lie in the file's mapping
    std::shared_ptr<const void> owner; ///< keeps `values` alive
};

/// An open file of tensors; opening reads the header only.
class TensorFile {
public:
    virtual ~TensorFile() = default;
    virtual const std::vector<TensorInfo>& tensors() const = 0;
    virtual std::string format() const = 0; ///< safetensors | npy | npz | pytorch | gguf
    /// Free text metadata of the file (safetensors __metadata__, the single values of a GGUF header), empty otherwise.
    virtual const std::map<std::string, std::string>& metadata() const = 0;
    /// Converts to float32 (integers too) unless it can be viewed; `between` is told of the conversion. Throws
    /// Error{input} naming file and tensor.
    virtual FloatTensor read(const TensorInfo& tensor, const BytesDone& between = {}) const = 0;
    /// Some rows of a matrix as read() gives them, (rows, width); a copy. `rows` lie within the matrix.
    virtual FloatTensor read_rows(const TensorInfo& matrix, std::span<const std::int64_t> rows) const = 0;
    /// As read, but integers; throws when the dtype is floating or quantised.
    virtual std::vector<std::int64_t> read_integers(const TensorInfo& tensor) const = 0;
    /// Text arrays stored as a uint8 tensor of UTF-8 lines; throws when the dtype is not uint8.
    virtual std::string read_text(const TensorInfo& tensor) const = 0;
    const TensorInfo* find(std::string_view name) const;
    const std::filesystem::path& path() const noexcept { return path_; }

protected:
    std::filesystem::path path_;
};

/// Opens by content, not by name: safetensors, npy, npz (stored or deflated, inflated size capped at 8 GiB), PyTorch
/// zip (.pt .pth .bin), GGUF. Throws Error{input}.
std::unique_ptr<TensorFile> open_tensor_file(const std::filesystem::path& path);

/// One tensor to write; `data` is row-major; quantised types are not written.
struct TensorToWrite {
    std::string name;
    DType dtype = DType::f32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
};
/// Writes beside `path`, flushes, renames; 64-byte aligned data. Throws Error{resource} (disk full, no permission) and
/// leaves no partial file.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata);
/// npz with stored members, fixed dates (equal input, equal bytes).
std::string npz_bytes(std::span<const TensorToWrite> tensors);

/// Writes a whole file through a temporary beside it. Throws Error{resource}.
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// Reads a whole file of at most `limit` bytes; `between` as in sha256_file(). Throws Error{input}.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30,
                      const BytesDone& between = {});
/// SHA-256 of a file, lower-case hex (64 digits).
std::string sha256_file(const std::filesystem::path& path);
std::string sha256_file(const std::filesystem::path& path, const BytesDone& between);
std::string sha256(std::string_view bytes);
std::string sha256(std::string_view bytes, const BytesDone& between);

} // namespace attnscope
