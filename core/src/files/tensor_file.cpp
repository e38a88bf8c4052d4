#include <attnscope/tensor_file.h>

#include "base/input_error.h"
#include "base/memory.h"
#include "files/elements.h"
#include "files/gguf.h"
#include "files/npy.h"
#include "files/npz.h"
#include "files/pytorch_zip.h"
#include "files/safetensors.h"
#include "files/text_files.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace attnscope {
namespace {

TensorContents parse_zip(const SharedBytes& file, const std::string& subject) {
    const std::vector<ZipMember> members = read_zip_directory(file.bytes, subject);
    return looks_like_pytorch(members) ? parse_pytorch_zip(members, file, subject) : parse_npz(members, file, subject);
}

struct Format {
    bool (*recognises)(std::span<const std::byte> bytes) noexcept;
    TensorContents (*parse)(const SharedBytes& file, const std::string& subject);
};

/// Every format there is, a line each. Asked in this order: safetensors has no signature and comes last.
constexpr std::array formats{
    Format{looks_like_npy, parse_npy},
    Format{looks_like_zip, parse_zip},
    Format{looks_like_gguf, parse_gguf},
    Format{looks_like_safetensors, parse_safetensors},
};

/// What a file of another kind is, where that is easily said.
std::string describe(std::span<const std::byte> bytes) {
    const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 64));
    if (start.starts_with("version https://git-lfs")) return "a Git LFS pointer: the file itself was not downloaded";
    if (start.starts_with("\x80\x02") || start.starts_with("\x80\x04"))
        return "a bare pickle (torch.save of PyTorch 1.6 and later writes a zip file)";
    if (start.starts_with("\x89HDF")) return "an HDF5 file";
    if (start.starts_with("GGML") || start.starts_with("lmgg") || start.starts_with("tjgg"))
        return "a GGML file, older than GGUF";
    return bytes.size() < 16 ? "a file of " + bytes_text(bytes.size()) : "another kind of file";
}

class MappedTensorFile : public TensorFile {
public:
    explicit MappedTensorFile(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {
        path_ = file_->path();
        contents_ = parse_tensors({file_->bytes(), file_, true}, path_.string());
        for (const StoredTensor& stored : contents_.tensors) infos_.push_back(stored.info);
    }

    const std::vector<TensorInfo>& tensors() const override { return infos_; }
    std::string format() const override { return contents_.format; }
    const std::map<std::string, std::string>& metadata() const override { return contents_.metadata; }

    FloatTensor read(const TensorInfo& tensor, const BytesDone& between) const override {
        const SharedBytes storage = bytes_of(tensor);
        const std::size_t count = tensor.elements();
        FloatTensor result;
        result.shape = tensor.shape;
        const auto address = reinterpret_cast<std::uintptr_t>(storage.bytes.data());
        if (tensor.dtype == DType::f32 && is_contiguous(tensor) && address % alignof(float) == 0) {
            result.values = {reinterpret_cast<const float*>(storage.bytes.data()), count};
            result.mapped = storage.mapped;
            result.owner = storage.owner;
            return result;
        }
        const auto memory = allocate_bytes(count * sizeof(float), path_.string());
        auto* values = reinterpret_cast<float*>(memory.get());
        copy_as_float(tensor, storage.bytes, values, between);
        if (storage.mapped) file_->check_intact();
        result.values = {values, count};
        result.owner = memory;
        return result;
    }

    FloatTensor read_rows(const TensorInfo& matrix, std::span<const std::int64_t> rows) const override {
        ATTNSCOPE_ASSERT(matrix.shape.size() == 2);
        const SharedBytes storage = bytes_of(matrix);
        const std::size_t count = rows.size() * static_cast<std::size_t>(matrix.shape[1]);
        const auto memory = allocate_bytes(count * sizeof(float), path_.string());
        auto* const values = reinterpret_cast<float*>(memory.get());
        copy_rows_as_float(matrix, storage.bytes, rows, values);
        if (storage.mapped) file_->check_intact();
        return {.shape = {std::ssize(rows), matrix.shape[1]}, .values = {values, count}, .owner = memory};
    }

    std::vector<std::int64_t> read_integers(const TensorInfo& tensor) const override {
        if (!is_integer(tensor.dtype)) refuse(tensor, "whole numbers", dtype_name(tensor.dtype));
        const SharedBytes storage = bytes_of(tensor);
        std::vector<std::int64_t> values(tensor.elements());
        if (!copy_as_integers(tensor, storage.bytes, values.data()))
            refuse(tensor, "whole numbers below 2^63", "a larger one");
        return values;
    }

    std::string read_text(const TensorInfo& tensor) const override {
        if (tensor.dtype != DType::u8) refuse(tensor, "text as uint8", dtype_name(tensor.dtype));
        if (!is_contiguous(tensor)) refuse(tensor, "text as one run of bytes", "a strided view");
        const SharedBytes storage = bytes_of(tensor);
        std::string text(reinterpret_cast<const char*>(storage.bytes.data()), tensor.elements());
        if (const std::size_t at = invalid_utf8(text); at != std::string::npos)
            refuse(tensor, "UTF-8 text", "other bytes at " + std::to_string(at));
        return text;
    }

private:
    [[noreturn]] void refuse(const TensorInfo& tensor, std::string expected, std::string got) const {
        input_error(path_.string(), std::move(expected), std::move(got), tensor_place(tensor.name));
    }

    /// The elements `tensor` views; it may be another view (say, transposed) of the tensor of its name.
    SharedBytes bytes_of(const TensorInfo& tensor) const {
        const auto found = std::find_if(contents_.tensors.begin(), contents_.tensors.end(),
                                        [&](const auto& stored) { return stored.info.name == tensor.name; });
        if (found == contents_.tensors.end()) refuse(tensor, "a tensor of the file", "none of that name");
        ATTNSCOPE_ASSERT(found->info.dtype == tensor.dtype);
        SharedBytes storage = found->load ? found->load() : found->storage;
        check_extent(tensor, stored_elements(tensor.dtype, storage.bytes.size()), path_.string());
        return storage;
    }

    std::shared_ptr<const MappedFile> file_;
    TensorContents contents_;
    std::vector<TensorInfo> infos_;
};

} // namespace

const TensorInfo* TensorFile::find(std::string_view name) const {
    for (const TensorInfo& tensor : tensors())
        if (tensor.name == name) return &tensor;
    return nullptr;
}

TensorContents parse_tensors(const SharedBytes& file, const std::string& subject) {
    for (const Format& format : formats)
        if (format.recognises(file.bytes)) return format.parse(file, subject);
    input_error(subject, "safetensors, GGUF, npy, npz or a PyTorch zip file", describe(file.bytes));
}

std::unique_ptr<TensorFile> open_tensor_file(const std::shared_ptr<const MappedFile>& file) {
    return std::make_unique<MappedTensorFile>(file);
}

std::unique_ptr<TensorFile> open_tensor_file(const std::filesystem::path& path) {
    return open_tensor_file(MappedFile::open(path));
}

} // namespace attnscope
